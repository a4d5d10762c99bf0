#include "executor/show_run.h"

#include <algorithm>
#include <limits>
#include <optional>
#include <utility>

#include "executor/binder.h"
#include "executor/engine.h"
#include "executor/namespace_reader.h"
#include "executor/table_run.h"
#include "executor/target.h"

namespace alcove::executor {
namespace {

constexpr std::size_t kNamesPerBatch = 1000;
constexpr std::uint64_t kLimitMax = std::uint64_t{1} << 53;

std::int64_t int8(std::uint64_t value) { return static_cast<std::int64_t>(value); }

std::string metric_name(Metric metric) {
  switch (metric) {
    case Metric::kCosine: return "cosine";
    case Metric::kDotProduct: return "dotproduct";
    case Metric::kEuclidean: return "euclidean";
  }
  return {};
}

std::vector<Column> property_columns() {
  return {{"property", Type::kText}, {"value", Type::kText}};
}

// What a transaction's own writes add to a namespace that it sees.
NamespaceFacts facts_in(Session& session, const IndexHandle& index, const Snapshot& snapshot,
                        const std::string& name) {
  NamespaceFacts facts;
  facts.name = name;
  const auto sight = session.transaction().find_namespace(session.engine().catalogue, index, name,
                                                          snapshot);
  if (sight.base) {
    const auto known =
        session.engine().catalogue.namespace_facts(*index.definition, snapshot, {name});
    if (!known.empty()) facts = known.front();
  }
  if (sight.overlay) {
    const std::int64_t records =
        static_cast<std::int64_t>(facts.records) + sight.overlay->record_delta();
    facts.records = static_cast<std::uint64_t>(std::max<std::int64_t>(records, 0));
    facts.memory_bytes += sight.overlay->bytes();
  }
  return facts;
}

std::vector<NamespaceFacts> all_facts_in(Session& session, const IndexHandle& index,
                                         const Snapshot& snapshot,
                                         const std::vector<std::string>& names) {
  if (!session.in_block()) {
    return session.engine().catalogue.namespace_facts(*index.definition, snapshot, names);
  }
  std::vector<NamespaceFacts> all;
  for (const std::string& name : names) all.push_back(facts_in(session, index, snapshot, name));
  return all;
}

// Walks the names of an index's namespaces, batch by batch.
class NamespaceWalk {
 public:
  NamespaceWalk(Session& session, IndexHandle index, std::shared_ptr<const Snapshot> snapshot)
      : session_(session), index_(std::move(index)), snapshot_(std::move(snapshot)) {}

  // The next batch that has a match; empty at the end.
  Result<TableRun::Rows> next() {
    TableRun::Rows rows;
    while (rows.empty() && !done_ && sent_ < limit_) {
      TRY(session_.check_interrupt());
      const auto names =
          readable_namespaces(session_, index_, *snapshot_, after_, kNamesPerBatch);
      done_ = names.size() < kNamesPerBatch;
      if (!names.empty()) after_ = names.back();
      std::vector<std::string> matching;
      for (const std::string& name : names) {
        if (like_.matches(name, {})) matching.push_back(name);
      }
      for (const auto& facts : all_facts_in(session_, index_, *snapshot_, matching)) {
        if (sent_ == limit_) break;
        ++sent_;
        rows.push_back({facts.name, int8(facts.records), int8(facts.bytes + facts.memory_bytes)});
      }
    }
    return rows;
  }

  segments::Filter like_;
  std::optional<std::string> after_;
  std::uint64_t limit_ = kLimitMax;

 private:
  Session& session_;
  IndexHandle index_;
  std::shared_ptr<const Snapshot> snapshot_;
  std::uint64_t sent_ = 0;
  bool done_ = false;
};

// Totals over the namespaces of an index that the role may read, with a transaction's own.
IndexFacts totals(Session& session, const IndexHandle& index, const Snapshot& snapshot) {
  IndexFacts facts{index.definition, 0, 0, 0};
  std::optional<std::string> after;
  while (true) {
    const auto names = readable_namespaces(session, index, snapshot, after, kNamesPerBatch);
    for (const auto& each : all_facts_in(session, index, snapshot, names)) {
      ++facts.namespaces;
      facts.records += each.records;
      facts.bytes += each.bytes + each.memory_bytes;
    }
    if (names.size() < kNamesPerBatch) return facts;
    after = names.back();
  }
}

}  // namespace

Result<std::unique_ptr<Run>> start_show_indexes(Session& session) {
  const auto snapshot = session.snapshot();
  return run_table(
      {{"name", Type::kText},
       {"dimension", Type::kInt4},
       {"metric", Type::kText},
       {"namespaces", Type::kInt8},
       {"records", Type::kInt8},
       {"bytes", Type::kInt8}},
      "SHOW", [&session, snapshot]() -> Result<TableRun::Rows> {
        TableRun::Rows rows;
        for (const IndexHandle& index : known_indexes(session, *snapshot)) {
          TRY(session.check_interrupt());
          const IndexFacts facts = totals(session, index, *snapshot);
          rows.push_back({facts.definition->name, int8(facts.definition->dimension),
                          metric_name(facts.definition->metric), int8(facts.namespaces),
                          int8(facts.records), int8(facts.bytes)});
        }
        return rows;
      });
}

Result<std::unique_ptr<Run>> start_show_namespaces(Session& session,
                                                   const parser::ShowNamespaces& show) {
  const auto snapshot = session.snapshot();
  const IndexHandle index = TRY(find_known_index(session, show.index, *snapshot));
  auto walk = std::make_shared<NamespaceWalk>(session, index, snapshot);
  if (show.like) walk->like_.id_like(TRY(bind_like_pattern(*show.like)), false);
  if (show.after) {
    // AFTER '' is where a program that turns pages begins.
    const auto* text = std::get_if<std::string>(&show.after->what);
    walk->after_ = text && text->empty() ? std::string() : TRY(bind_namespace(*show.after));
  }
  if (show.limit) walk->limit_ = TRY(bind_integer(*show.limit, "LIMIT", 0, kLimitMax));
  std::vector<Column> columns = {
      {"namespace", Type::kText}, {"records", Type::kInt8}, {"bytes", Type::kInt8}};
  return std::unique_ptr<Run>(std::make_unique<TableRun>(std::move(columns), "SHOW",
                                                         [walk] { return walk->next(); }));
}

Result<std::unique_ptr<Run>> start_describe_index(Session& session,
                                                  const parser::DescribeIndex& describe) {
  const auto snapshot = session.snapshot();
  const IndexHandle index = TRY(find_known_index(session, describe.index, *snapshot));
  return run_table(property_columns(), "DESCRIBE",
                   [&session, index, snapshot]() -> Result<TableRun::Rows> {
                     const IndexFacts facts = totals(session, index, *snapshot);
                     return TableRun::Rows{
                         {"name", index.definition->name},
                         {"dimension", std::to_string(index.definition->dimension)},
                         {"metric", metric_name(index.definition->metric)},
                         {"namespaces", std::to_string(facts.namespaces)},
                         {"records", std::to_string(facts.records)},
                         {"bytes", std::to_string(facts.bytes)}};
                   });
}

Result<std::unique_ptr<Run>> start_describe_namespace(Session& session,
                                                      const parser::DescribeNamespace& describe) {
  const auto snapshot = session.snapshot();
  std::string name = TRY(bind_namespace(describe.name));
  const IndexHandle index =
      TRY(find_index(session, Privilege::kRead, describe.index, name, *snapshot));
  const auto sight = session.transaction().find_namespace(session.engine().catalogue, index, name,
                                                          *snapshot);
  if (!sight.exists) {
    return fail(ErrorCode::kUndefinedNamespace, "namespace \"{}\" does not exist", name)
        .at(describe.name.offset);
  }
  return run_table(property_columns(), "DESCRIBE",
                   [&session, index, name, snapshot]() -> Result<TableRun::Rows> {
                     const NamespaceFacts facts = facts_in(session, index, *snapshot, name);
                     return TableRun::Rows{
                         {"name", name},
                         {"index", index.definition->name},
                         {"records", std::to_string(facts.records)},
                         {"bytes", std::to_string(facts.bytes + facts.memory_bytes)},
                         {"segments", std::to_string(facts.segment_count)},
                         {"memory_bytes", std::to_string(facts.memory_bytes)}};
                   });
}

Result<std::unique_ptr<Run>> start_show_setting(Session& session,
                                                const parser::ShowSetting& show) {
  std::string name = TRY(session.settings().canonical_name(show.name));
  std::string value = TRY(session.settings().show(show.name));
  return run_table({{std::move(name), Type::kText}}, "SHOW",
                   [value = std::move(value)]() -> Result<TableRun::Rows> {
                     return TableRun::Rows{{value}};
                   });
}

Result<std::unique_ptr<Run>> start_show_all(Session& session) {
  return run_table({{"name", Type::kText}, {"setting", Type::kText}, {"description", Type::kText}},
                   "SHOW", [&session]() -> Result<TableRun::Rows> {
                     TableRun::Rows rows;
                     for (auto& [name, value, description] : session.settings().show_all()) {
                       rows.push_back({std::move(name), std::move(value), std::move(description)});
                     }
                     return rows;
                   });
}

}  // namespace alcove::executor
