#include "executor/query_run.h"

#include <algorithm>
#include <optional>
#include <unordered_map>
#include <utility>

#include "base/check.h"
#include "executor/binder.h"
#include "executor/namespace_reader.h"
#include "executor/nearest_scan.h"
#include "executor/stepped_run.h"
#include "executor/table_run.h"
#include "executor/target.h"
#include "segments/distance.h"

namespace alcove::executor {
namespace {

constexpr std::uint64_t kTopMax = 10'000;
constexpr std::size_t kRowsPerMorsel = 256;
constexpr std::uint64_t kNoTenant = 0;

// A query whose names and values are bound.
struct QueryPlan {
  IndexHandle index;
  std::shared_ptr<const Snapshot> snapshot;
  std::vector<std::string> namespaces;  // bytewise, each once
  // Those that the transaction has changed, by their place above: later changes are not seen.
  std::unordered_map<std::uint32_t, Transaction::NamespaceSight> changed;
  bool several = false;                 // whether the reply has a namespace column
  std::vector<float> query;
  std::optional<std::string> nearest_id;
  std::size_t nearest_id_offset = 0;
  segments::Filter filter;
  std::uint64_t top = 0;
  double recall = 1;
  bool include_values = false;
  bool include_metadata = false;
};

// Finds the index and the namespaces of it that the query means.
Status bind_target(Session& session, const parser::Query& query, QueryPlan& plan) {
  const parser::Name index = TRY(index_or_default(session, query.index, query.offset));
  if (std::holds_alternative<parser::AllNamespaces>(query.namespaces)) {
    plan.several = true;
    plan.index = TRY(find_known_index(session, index, *plan.snapshot));
    plan.namespaces =
        readable_namespaces(session, plan.index, *plan.snapshot, std::nullopt, SIZE_MAX);
    return {};
  }
  std::vector<std::string>& names = plan.namespaces;
  if (const auto* listed = std::get_if<std::vector<parser::NamespaceName>>(&query.namespaces)) {
    for (const auto& each : *listed) names.push_back(TRY(bind_namespace(each)));
    plan.several = listed->size() > 1;
  } else {
    names.push_back(TRY(namespace_or_default(session, std::nullopt, index.offset)));
  }
  std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());
  for (const std::string& name : names) {
    TRY(session.access().check_namespace(Privilege::kRead, index.text, name, index.offset));
  }
  plan.index = TRY(find_index(session, Privilege::kRead, index, names.front(), *plan.snapshot));
  return {};
}

void look_at_changes(Session& session, QueryPlan& plan) {
  for (std::uint32_t i = 0; i < plan.namespaces.size(); ++i) {
    auto changed = session.transaction().find_changed(session.engine().catalogue, plan.index,
                                                      plan.namespaces[i], *plan.snapshot);
    if (changed) plan.changed.emplace(i, *std::move(changed));
  }
}

Result<QueryPlan> plan_query(Session& session, const parser::Query& query) {
  QueryPlan plan;
  plan.snapshot = session.snapshot();
  TRY(bind_target(session, query, plan));
  look_at_changes(session, plan);
  if (const auto* nearest = std::get_if<parser::NearestId>(&query.nearest)) {
    plan.nearest_id = TRY(bind_id(nearest->id));
    plan.nearest_id_offset = nearest->id.offset;
    if (plan.several) {
      return Error(ErrorCode::kNotSupported, "NEAREST ID over several namespaces is not supported")
          .at(plan.nearest_id_offset);
    }
  } else {
    plan.query = TRY(bind_vector(std::get<parser::Value>(query.nearest), *plan.index.definition));
  }
  if (query.filter) plan.filter = TRY(bind_filter(*query.filter));
  plan.top = TRY(bind_integer(query.top, "TOP", 1, kTopMax));
  const double recall = query.recall ? TRY(bind_real(*query.recall, "recall", 0.0, 1.0))
                                     : session.settings().recall_target();
  plan.recall = query.exact ? 1 : recall;
  plan.include_values = query.include_values;
  plan.include_metadata = query.include_metadata;
  return plan;
}

std::vector<Column> make_columns(bool several, bool include_values, bool include_metadata,
                                 Type vectors) {
  std::vector<Column> columns;
  if (several) columns.push_back({"namespace", Type::kText});
  columns.push_back({"id", Type::kText});
  columns.push_back({"score", Type::kFloat4});
  if (include_values) columns.push_back({"values", vectors});
  if (include_metadata) columns.push_back({"metadata", Type::kJsonb});
  return columns;
}

std::vector<Column> columns_of(const QueryPlan& plan, Type vectors) {
  return make_columns(plan.several, plan.include_values, plan.include_metadata, vectors);
}

// The scan that QUERY and EXPLAIN ANALYZE share.
class QueryScan {
 public:
  QueryScan(Session& session, QueryPlan plan)
      : session_(session),
        plan_(std::move(plan)),
        hits_(plan_.index.definition->metric, plan_.top) {}

  const QueryPlan& plan() const { return plan_; }
  const ScanCounts& counts() const { return counts_; }
  std::uint64_t tenant() const { return reader_ ? reader_->number() : kNoTenant; }
  std::vector<segments::Hit> take_hits() { return hits_.take_sorted(); }

  // Scans the next block. False when all namespaces are done.
  Result<bool> step() {
    if (!scan_) {
      if (source_ == plan_.namespaces.size()) return false;
      TRY(begin_namespace());
    }
    if (TRY(scan_->step())) return true;
    TRY(reader_->check_mappings());
    if (plan_.recall < 1) session_.engine().flusher.note_query(*reader_);
    scan_.reset();
    ++source_;
    return source_ < plan_.namespaces.size();
  }

  // The reader of a hit's namespace.
  Result<const NamespaceReader*> reader(std::uint32_t source) {
    if (!reader_ || open_source_ != source) {
      const auto changed = plan_.changed.find(source);
      auto sight = changed != plan_.changed.end()
                       ? changed->second
                       : Transaction::find_committed(session_.engine().catalogue, plan_.index,
                                                     plan_.namespaces[source], *plan_.snapshot);
      auto opened = TRY(NamespaceReader::open(std::move(sight), plan_.snapshot->lsn()));
      reader_.emplace(std::move(opened));
      open_source_ = source;
    }
    return &*reader_;
  }

 private:
  Status begin_namespace() {
    const auto* reader_of_source = TRY(reader(static_cast<std::uint32_t>(source_)));
    if (plan_.nearest_id) TRY(look_up_query(*reader_of_source));
    const Metric metric = plan_.index.definition->metric;
    if (source_ == 0) {
      query_squared_norm_ = segments::squared_norm(plan_.query.data(), plan_.query.size());
    }
    scan_.emplace(*reader_of_source,
                  NearestScan::Target{metric, &plan_.query, query_squared_norm_, &plan_.filter,
                                      &hits_, static_cast<std::uint32_t>(source_),
                                      plan_.recall},
                  counts_);
    return {};
  }

  Status look_up_query(const NamespaceReader& reader) {
    const auto place = TRY(reader.find(*plan_.nearest_id));
    if (!place) {
      return fail(ErrorCode::kInvalidValue, "no record \"{}\" in namespace \"{}\"",
                  *plan_.nearest_id, plan_.namespaces.front())
          .at(plan_.nearest_id_offset);
    }
    const RecordView record = TRY(reader.load(*place, Want::kValues));
    plan_.query.assign(record.values, record.values + plan_.index.definition->dimension);
    return {};
  }

  Session& session_;
  QueryPlan plan_;
  segments::TopK hits_;
  ScanCounts counts_;
  std::size_t source_ = 0;
  float query_squared_norm_ = 0;
  std::uint32_t open_source_ = 0;
  std::optional<NamespaceReader> reader_;
  std::optional<NearestScan> scan_;
};

class QueryRun final : public SteppedRun {
 public:
  QueryRun(Session& session, QueryPlan plan)
      : SteppedRun(session),
        columns_(columns_of(plan, session.settings().vector_type())),
        scan_(session, std::move(plan)) {}

  const std::vector<Column>& columns() const override { return columns_; }
  std::string tag() const override { return fmt::format("SELECT {}", hits_.size()); }

 protected:
  std::uint64_t tenant() const override { return scan_.tenant(); }

  Result<bool> morsel(RowSink& sink) override {
    if (scanning_) {
      scanning_ = TRY(scan_.step());
      if (scanning_) return true;
      hits_ = scan_.take_hits();
    }
    const std::size_t end = std::min(hits_.size(), sent_ + kRowsPerMorsel);
    while (sent_ < end && !sink.full()) TRY(send(hits_[sent_++], sink));
    return sent_ < hits_.size();
  }

 private:
  Status send(const segments::Hit& hit, RowSink& sink) {
    const QueryPlan& plan = scan_.plan();
    RecordView record;
    std::string json;
    cells_.clear();
    if (plan.several) cells_.emplace_back(std::string_view(plan.namespaces[hit.source]));
    cells_.emplace_back(std::string_view(hit.id));
    cells_.emplace_back(hit.score);
    if (plan.include_values || plan.include_metadata) {
      const NamespaceReader* reader = TRY(scan_.reader(hit.source));
      const auto place = TRY(reader->find(hit.id));
      CHECK(place.has_value(), "a hit has gone from its own snapshot");
      record = TRY(reader->load(*place, Want::kAll));
      TRY(reader->check_mappings());
    }
    if (plan.include_values) {
      cells_.emplace_back(
          std::span<const float>(record.values, plan.index.definition->dimension));
    }
    if (plan.include_metadata) {
      json = record.metadata.empty() ? std::string() : record.metadata.to_json();
      cells_.emplace_back();
      if (!json.empty()) cells_.back() = std::string_view(json);
    }
    sink.row(cells_);
    return {};
  }

  std::vector<Column> columns_;
  QueryScan scan_;
  bool scanning_ = true;
  std::vector<segments::Hit> hits_;
  std::size_t sent_ = 0;
  std::vector<Cell> cells_;
};

const char* metric_name(Metric metric) {
  switch (metric) {
    case Metric::kCosine: return "cosine";
    case Metric::kDotProduct: return "dotproduct";
    case Metric::kEuclidean: return "euclidean";
  }
  return "";
}

std::vector<std::string> explain_plan(Session& session, const QueryPlan& plan) {
  Engine& engine = session.engine();
  std::uint64_t records = 0;
  std::uint64_t segment_count = 0;
  if (!plan.index.created_here()) {
    for (const auto& facts : engine.catalogue.namespace_facts(*plan.index.definition,
                                                              *plan.snapshot, plan.namespaces)) {
      records += facts.records;
      segment_count += facts.segment_count + (facts.memory_bytes > 0 ? 1 : 0);
    }
  }
  const bool exact = plan.recall >= 1;
  return {fmt::format("{} of index \"{}\" ({}, dimension {}) for the nearest {}",
                      exact ? "Exact search" : "Search", plan.index.definition->name,
                      metric_name(plan.index.definition->metric),
                      plan.index.definition->dimension, plan.top),
          fmt::format("  Namespaces: {}", plan.namespaces.size()),
          fmt::format("  Filter: {}", plan.filter.empty() ? "none" : "by terms, or on every record where there are none"),
          fmt::format("  Segments: {}", segment_count), fmt::format("  Records: {}", records)};
}

// EXPLAIN ANALYZE: runs the scan and tells what it did instead of what it found.
class ExplainRun final : public SteppedRun {
 public:
  ExplainRun(Session& session, QueryPlan plan)
      : SteppedRun(session), scan_(session, std::move(plan)) {
    begin_us_ = session.engine().env.clock.monotonic_us();
  }
  const std::vector<Column>& columns() const override { return columns_; }
  std::string tag() const override { return "EXPLAIN"; }

 protected:
  std::uint64_t tenant() const override { return scan_.tenant(); }
  Result<bool> morsel(RowSink&) override { return scan_.step(); }
  Result<Progress> finish(RowSink& sink) override {
    const std::uint64_t took_us = session_.engine().env.clock.monotonic_us() - begin_us_;
    const ScanCounts& counts = scan_.counts();
    const std::size_t found = scan_.take_hits().size();
    std::vector<std::string> lines = explain_plan(session_, scan_.plan());
    lines.push_back(fmt::format("  Segments read: {}", counts.segments));
    if (counts.clusters > 0) lines.push_back(fmt::format("  Clusters read: {}", counts.clusters));
    lines.push_back(fmt::format("  Records scanned: {}", counts.scanned));
    lines.push_back(fmt::format("  Removed by filter: {}", counts.filtered));
    lines.push_back(fmt::format("  Reranked: {}", counts.reranked));
    lines.push_back(fmt::format("  Bytes read: {}", counts.bytes));
    lines.push_back(fmt::format("  Found: {}", found));
    lines.push_back(fmt::format("  Time: {:.3f} ms", static_cast<double>(took_us) / 1000.0));
    for (const std::string& line : lines) {
      const Cell cell = std::string_view(line);
      sink.row(std::span(&cell, 1));
    }
    return Progress::kDone;
  }

 private:
  std::vector<Column> columns_{{"QUERY PLAN", Type::kText}};
  QueryScan scan_;
  std::uint64_t begin_us_;
};

}  // namespace

std::vector<Column> columns_of(const parser::Query& query, Type vectors) {
  const auto* listed = std::get_if<std::vector<parser::NamespaceName>>(&query.namespaces);
  const bool several = std::holds_alternative<parser::AllNamespaces>(query.namespaces) ||
                       (listed != nullptr && listed->size() > 1);
  return make_columns(several, query.include_values, query.include_metadata, vectors);
}

Result<std::unique_ptr<Run>> start_query(Session& session, const parser::Query& query) {
  QueryPlan plan = TRY(plan_query(session, query));
  return std::unique_ptr<Run>(std::make_unique<QueryRun>(session, std::move(plan)));
}

Result<std::unique_ptr<Run>> start_explain(Session& session, const parser::Explain& explain) {
  QueryPlan plan = TRY(plan_query(session, explain.query));
  if (explain.analyze) {
    return std::unique_ptr<Run>(std::make_unique<ExplainRun>(session, std::move(plan)));
  }
  return run_table({{"QUERY PLAN", Type::kText}}, "EXPLAIN",
                   [lines = explain_plan(session, plan)]() -> Result<TableRun::Rows> {
                     TableRun::Rows rows;
                     for (const std::string& line : lines) rows.push_back({line});
                     return rows;
                   });
}

}  // namespace alcove::executor
