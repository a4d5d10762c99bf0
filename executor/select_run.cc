#include "executor/select_run.h"

#include <limits>
#include <optional>
#include <utility>

#include "executor/binder.h"
#include "executor/namespace_reader.h"
#include "executor/record_scan.h"
#include "executor/stepped_run.h"
#include "executor/target.h"

namespace alcove::executor {
namespace {

using parser::RecordColumn;

constexpr std::size_t kRecordsPerMorsel = 512;
// What a bigint can say, as far as a double holds it exactly.
constexpr std::uint64_t kCountMax = std::uint64_t{1} << 53;

struct SelectPlan {
  std::shared_ptr<const Snapshot> snapshot;
  Transaction::NamespaceSight sight;
  std::uint32_t dimension = 0;
  std::vector<RecordColumn> parts;
  std::vector<Column> columns;
  bool counts = false;
  segments::Filter filter;
  RecordCursor::Direction direction = RecordCursor::Direction::kUp;
  std::uint64_t limit = kCountMax;
  std::uint64_t offset = 0;
};

Type type_of(RecordColumn column, Type vectors) {
  switch (column) {
    case RecordColumn::kId: return Type::kText;
    case RecordColumn::kValues: return vectors;
    case RecordColumn::kMetadata: return Type::kJsonb;
    case RecordColumn::kCount: return Type::kInt8;
  }
  return Type::kText;
}

Result<SelectPlan> plan_select(Session& session, const parser::SelectRecords& select) {
  SelectPlan plan;
  plan.snapshot = session.snapshot();
  const std::string name = TRY(namespace_or_default(session, select.name, select.index.offset));
  const IndexHandle index =
      TRY(find_index(session, Privilege::kRead, select.index, name, *plan.snapshot));
  plan.sight = session.transaction().find_namespace(session.engine().catalogue, index, name,
                                                    *plan.snapshot);
  plan.dimension = index.definition->dimension;
  for (const auto& [column, label] : select.columns) {
    plan.parts.push_back(column);
    if (column == RecordColumn::kCount) plan.counts = true;
  }
  plan.columns = columns_of(select, session.settings().vector_type());
  if (select.filter) plan.filter = TRY(bind_filter(*select.filter));
  if (select.order == parser::SelectRecords::Order::kDescending) {
    plan.direction = RecordCursor::Direction::kDown;
  }
  if (select.limit) plan.limit = TRY(bind_integer(*select.limit, "LIMIT", 0, kCountMax));
  if (select.offset) plan.offset = TRY(bind_integer(*select.offset, "OFFSET", 0, kCountMax));
  return plan;
}

Want want_of(const SelectPlan& plan) {
  unsigned want = 0;
  for (const RecordColumn part : plan.parts) {
    if (part == RecordColumn::kValues) want |= static_cast<unsigned>(Want::kValues);
    if (part == RecordColumn::kMetadata) want |= static_cast<unsigned>(Want::kMetadata);
  }
  return static_cast<Want>(want);
}

class SelectRun final : public SteppedRun {
 public:
  SelectRun(Session& session, SelectPlan plan) : SteppedRun(session), plan_(std::move(plan)) {}

  const std::vector<Column>& columns() const override { return plan_.columns; }
  std::string tag() const override { return fmt::format("SELECT {}", sent_); }

 protected:
  std::uint64_t tenant() const override { return reader_ ? reader_->number() : 0; }

  Result<bool> morsel(RowSink& sink) override {
    if (!reader_) {
      auto opened = TRY(NamespaceReader::open(std::move(plan_.sight), plan_.snapshot->lsn()));
      reader_.emplace(std::move(opened));
      scan_.emplace(*reader_, plan_.filter, plan_.direction,
                    plan_.counts ? Want::kIdOnly : want_of(plan_));
    }
    const bool more = plan_.counts ? TRY(count()) : TRY(read(sink));
    TRY(reader_->check_mappings());
    if (!more && plan_.counts) send_count(sink);
    return more;
  }

 private:
  Result<bool> count() {
    if (plan_.filter.empty()) {
      count_ = TRY(reader_->count());
      return false;
    }
    for (std::size_t i = 0; i < kRecordsPerMorsel; ++i) {
      const auto record = TRY(scan_->next(kRecordsPerMorsel));
      if (record) ++count_;
      if (scan_->done()) return false;
    }
    return true;
  }

  void send_count(RowSink& sink) {
    // The one row of an aggregate is subject to LIMIT and OFFSET like any other.
    if (plan_.limit == 0 || plan_.offset > 0) return;
    const Cell cell = static_cast<std::int64_t>(count_);
    sink.row(std::span(&cell, 1));
    sent_ = 1;
  }

  Result<bool> read(RowSink& sink) {
    for (std::size_t i = 0; i < kRecordsPerMorsel; ++i) {
      if (sent_ >= plan_.limit) return false;
      const auto record = TRY(scan_->next(kRecordsPerMorsel));
      if (!record) return !scan_->done();
      if (skipped_ < plan_.offset) {
        ++skipped_;
        continue;
      }
      send(*record, sink);
      if (sink.full()) return true;
    }
    return true;
  }

  void send(const RecordView& record, RowSink& sink) {
    std::string json;
    cells_.clear();
    for (const RecordColumn part : plan_.parts) {
      switch (part) {
        case RecordColumn::kId:
          cells_.emplace_back(record.id);
          break;
        case RecordColumn::kValues:
          cells_.emplace_back(std::span<const float>(record.values, plan_.dimension));
          break;
        case RecordColumn::kMetadata:
          if (json.empty() && !record.metadata.empty()) json = record.metadata.to_json();
          cells_.emplace_back();
          if (!json.empty()) cells_.back() = std::string_view(json);
          break;
        case RecordColumn::kCount:
          break;
      }
    }
    sink.row(cells_);
    ++sent_;
  }

  SelectPlan plan_;
  std::optional<NamespaceReader> reader_;
  std::optional<RecordScan> scan_;
  std::uint64_t count_ = 0;
  std::uint64_t skipped_ = 0;
  std::uint64_t sent_ = 0;
  std::vector<Cell> cells_;
};

}  // namespace

std::vector<Column> columns_of(const parser::SelectRecords& select, Type vectors) {
  std::vector<Column> columns;
  for (const auto& [column, label] : select.columns) {
    columns.push_back({label, type_of(column, vectors)});
  }
  return columns;
}

Result<std::unique_ptr<Run>> start_select(Session& session,
                                          const parser::SelectRecords& select) {
  SelectPlan plan = TRY(plan_select(session, select));
  return std::unique_ptr<Run>(std::make_unique<SelectRun>(session, std::move(plan)));
}

}  // namespace alcove::executor
