#include "executor/constant_run.h"

#include <optional>
#include <utility>

#include "executor/access.h"
#include "executor/constant_select.h"
#include "executor/engine.h"

namespace alcove::executor {
namespace {

constexpr std::size_t kRowsPerStep = 256;

Result<bool> signal(Session& session, std::int32_t process_id, bool terminate) {
  const auto& call = session.engine().signal_session;
  std::optional<std::string> user;  // whose sessions may be signalled; none: everybody's
  if (!session.access().is_superuser()) user = session.identity().user;
  return call && call(process_id, terminate, user);
}

class ConstantRun final : public Run {
 public:
  ConstantRun(Session& session, ConstantSelect select)
      : session_(session),
        select_(std::move(select)),
        context_(constant_context(session)) {}

  const std::vector<Column>& columns() const override { return select_.columns(); }
  std::string tag() const override { return fmt::format("SELECT {}", sent_); }
  std::optional<std::uint64_t> wake_at_us() const override { return wake_at_us_; }
  // Nothing but time, or a cancel, gets it further.
  void when_ready(std::function<void()>) override {}

  Result<Progress> step(RowSink& sink) override {
    TRY(session_.check_interrupt());
    for (std::size_t i = 0; i < kRowsPerStep; ++i) {
      if (!waiting_) {
        if (!TRY(select_.next(context_, row_))) return Progress::kDone;
        if (row_.delay_us > 0) {
          waiting_ = true;
          ready_us_ = session_.engine().env.clock.monotonic_us() + row_.delay_us;
        }
      }
      if (waiting_) {
        if (session_.engine().env.clock.monotonic_us() < ready_us_) {
          wake_at_us_ = ready_us_;
          if (const auto deadline_us = session_.deadline_us(); deadline_us && *deadline_us < ready_us_) {
            wake_at_us_ = deadline_us;
          }
          return Progress::kWait;
        }
        waiting_ = false;
        wake_at_us_.reset();
      }
      row_.send(sink);
      ++sent_;
      if (sink.full()) break;
    }
    return Progress::kMore;
  }

 private:
  Session& session_;
  ConstantSelect select_;
  ConstantContext context_;
  ConstantRow row_;
  bool waiting_ = false;
  std::uint64_t ready_us_ = 0;
  std::optional<std::uint64_t> wake_at_us_;
  std::uint64_t sent_ = 0;
};

}  // namespace

ConstantContext constant_context(Session& session) {
  return {session.identity().user,
          session.identity().database,
          session.identity().process_id,
          session.settings(),
          session.engine().env.clock.wall_us(),
          [&session](std::int32_t process_id) { return signal(session, process_id, false); },
          [&session](std::int32_t process_id) { return signal(session, process_id, true); }};
}

Result<std::unique_ptr<Run>> start_constants(Session& session,
                                             const parser::SelectConstants& select) {
  ConstantSelect planned = TRY(ConstantSelect::plan(select));
  return std::unique_ptr<Run>(std::make_unique<ConstantRun>(session, std::move(planned)));
}

}  // namespace alcove::executor
