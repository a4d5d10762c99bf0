#include "executor/system_run.h"

#include <memory>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "base/waiting.h"
#include "executor/constant_run.h"
#include "executor/postgres_type.h"
#include "executor/system_database.h"
#include "executor/system_translation.h"

namespace alcove::executor {
namespace {

constexpr std::size_t kRowsPerStep = 256;

class SystemRun final : public Run {
 public:
  SystemRun(Session& session, const parser::SystemSelect& select, SystemTranslation translation)
      : session_(session), select_(select), translation_(std::move(translation)) {
    for (const SystemColumn& column : translation_.columns) {
      columns_.push_back({column.name, column_type(column.type)});
    }
  }

  const std::vector<Column>& columns() const override { return columns_; }
  std::string tag() const override { return fmt::format("SELECT {}", sent_); }

  Result<Progress> step(RowSink& sink) override {
    TRY(session_.check_interrupt());
    about_to_wait();  // a sort or a join of all there is may take its time
    if (database_ == nullptr) TRY(open());
    for (std::size_t i = 0; i < kRowsPerStep && !sink.full(); ++i) {
      const bool found = TRY(database_->step());
      if (!found) {
        database_.reset();
        return Progress::kDone;
      }
      database_->send(translation_.columns, sink);
      ++sent_;
    }
    return Progress::kMore;
  }

 private:
  Status open() {
    database_ = std::make_unique<SystemDatabase>(
        NativeContext{system_facts(session_), constant_context(session_), std::nullopt},
        [this] { return session_.check_interrupt(); });
    TRY(database_->open(translation_));
    int number = 0;
    for (const auto& parameter : select_.parameters) {
      const auto type = translation_.parameters.find(parameter.number);
      TRY(database_->bind(++number, parameter.value,
                          type == translation_.parameters.end() ? 0 : type->second));
    }
    return {};
  }

  Session& session_;
  const parser::SystemSelect& select_;
  SystemTranslation translation_;
  std::vector<Column> columns_;
  std::unique_ptr<SystemDatabase> database_;
  std::uint64_t sent_ = 0;
};

}  // namespace

Result<std::unique_ptr<Run>> start_system_select(Session& session,
                                                 const parser::SystemSelect& select) {
  for (const auto& parameter : select.parameters) {
    if (std::holds_alternative<parser::Parameter>(parameter.value.what)) {
      return fail(ErrorCode::kUndefinedParameter, "there is no parameter ${}", parameter.number)
          .at(parameter.value.offset);
    }
  }
  SystemTranslation translation = TRY(translate(select));
  return std::unique_ptr<Run>(
      std::make_unique<SystemRun>(session, select, std::move(translation)));
}

}  // namespace alcove::executor
