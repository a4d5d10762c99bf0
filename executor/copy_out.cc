#include "executor/copy_out.h"

#include <deque>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "executor/copy_column.h"
#include "executor/namespace_reader.h"
#include "executor/record_scan.h"
#include "executor/stepped_run.h"
#include "executor/target.h"

namespace alcove::executor {
namespace {

constexpr std::size_t kRecordsPerMorsel = 512;
constexpr std::size_t kNamesPerBatch = 1'000;

struct CopyOutPlan {
  std::shared_ptr<const Snapshot> snapshot;
  IndexHandle index;
  std::vector<CopyColumn> parts;
  bool by_namespace = false;
  std::deque<std::string> names;  // of namespaces still to be read
};

Want want_of(const std::vector<CopyColumn>& parts) {
  unsigned want = 0;
  for (const CopyColumn part : parts) {
    if (part == CopyColumn::kValues) want |= static_cast<unsigned>(Want::kValues);
    if (part == CopyColumn::kMetadata) want |= static_cast<unsigned>(Want::kMetadata);
  }
  return static_cast<Want>(want);
}

class CopyOutRun final : public SteppedRun {
 public:
  CopyOutRun(Session& session, CopyOutPlan plan) : SteppedRun(session), plan_(std::move(plan)) {}

  const std::vector<Column>& columns() const override { return columns_; }
  std::string tag() const override { return fmt::format("COPY {}", sent_); }

 protected:
  std::uint64_t tenant() const override { return reader_ ? reader_->number() : 0; }

  Result<bool> morsel(RowSink& sink) override {
    if (!scan_ && !TRY(open_next())) return false;
    for (std::size_t i = 0; i < kRecordsPerMorsel && !sink.full(); ++i) {
      const auto record = TRY(scan_->next(kRecordsPerMorsel));
      if (record) {
        send(*record, sink);
      } else if (scan_->done()) {
        TRY(reader_->check_mappings());
        scan_.reset();
        return true;
      }
    }
    TRY(reader_->check_mappings());
    return true;
  }

 private:
  // False: no namespace is left.
  Result<bool> open_next() {
    reader_.reset();
    if (plan_.names.empty() && plan_.by_namespace) list_more();
    if (plan_.names.empty()) return false;
    name_ = std::move(plan_.names.front());
    plan_.names.pop_front();
    auto sight = session_.transaction().find_namespace(session_.engine().catalogue, plan_.index,
                                                       name_, *plan_.snapshot);
    auto opened = TRY(NamespaceReader::open(std::move(sight), plan_.snapshot->lsn()));
    reader_.emplace(std::move(opened));
    scan_.emplace(*reader_, everything_, RecordCursor::Direction::kUp, want_of(plan_.parts));
    return true;
  }

  void list_more() {
    const std::optional<std::string> after = name_.empty() ? std::nullopt : std::optional(name_);
    for (std::string& name :
         readable_namespaces(session_, plan_.index, *plan_.snapshot, after, kNamesPerBatch)) {
      plan_.names.push_back(std::move(name));
    }
  }

  void send(const RecordView& record, RowSink& sink) {
    cells_.clear();
    for (const CopyColumn part : plan_.parts) cells_.push_back(cell_of(part, record));
    sink.row(cells_);
    ++sent_;
  }

  Cell cell_of(CopyColumn part, const RecordView& record) {
    switch (part) {
      case CopyColumn::kNamespace: return std::string_view(name_);
      case CopyColumn::kId: return record.id;
      case CopyColumn::kValues:
        return std::span<const float>(record.values, plan_.index.definition->dimension);
      case CopyColumn::kMetadata: break;
    }
    if (record.metadata.empty()) return {};
    json_ = record.metadata.to_json();
    return std::string_view(json_);
  }

  CopyOutPlan plan_;
  const segments::Filter everything_;
  std::string name_;  // of the namespace being read
  std::optional<NamespaceReader> reader_;
  std::optional<RecordScan> scan_;
  std::uint64_t sent_ = 0;
  std::vector<Cell> cells_;
  std::string json_;
  std::vector<Column> columns_;
};

}  // namespace

Result<std::unique_ptr<Run>> start_copy_out(Session& session, const parser::Copy& copy) {
  CopyOutPlan plan;
  plan.snapshot = session.snapshot();
  plan.parts = TRY(copy_columns(copy));
  plan.by_namespace = copy.by_namespace;
  if (copy.by_namespace) {
    plan.index = TRY(find_known_index(session, copy.index, *plan.snapshot));
  } else {
    std::string name = TRY(namespace_or_default(session, copy.name, copy.index.offset));
    plan.index = TRY(find_index(session, Privilege::kRead, copy.index, name, *plan.snapshot));
    plan.names.push_back(std::move(name));
  }
  return std::unique_ptr<Run>(std::make_unique<CopyOutRun>(session, std::move(plan)));
}

}  // namespace alcove::executor
