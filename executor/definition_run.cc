#include "executor/definition_run.h"

#include <algorithm>
#include <utility>

#include "executor/action_run.h"
#include "executor/binder.h"
#include "executor/engine.h"
#include "executor/target.h"

namespace alcove::executor {
namespace {

Result<Metric> bind_metric(const std::optional<parser::Name>& name) {
  if (!name) return Metric::kCosine;
  std::string lower = name->text;
  std::transform(lower.begin(), lower.end(), lower.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  if (lower == "cosine") return Metric::kCosine;
  if (lower == "dotproduct") return Metric::kDotProduct;
  if (lower == "euclidean") return Metric::kEuclidean;
  return fail(ErrorCode::kInvalidValue,
              "no metric \"{}\": there are cosine, dotproduct and euclidean", name->text)
      .at(name->offset);
}

Status check_index_name(const parser::Name& name) {
  if (name.text.empty()) {
    return Error(ErrorCode::kInvalidValue, "an index's name must not be empty").at(name.offset);
  }
  if (name.text.size() > kIndexNameBytesMax) {
    return fail(ErrorCode::kTooLong,
                "an index's name of {} bytes is too long: at most {} are allowed",
                name.text.size(), kIndexNameBytesMax)
        .at(name.offset);
  }
  if (name.text.starts_with("pg_")) {
    return fail(ErrorCode::kReservedName,
                "the name \"{}\" is reserved: index names must not begin with pg_", name.text)
        .at(name.offset);
  }
  return {};
}

void skipping(Session& session, const char* sqlstate, std::string what) {
  session.add_notice({"NOTICE", sqlstate, std::move(what) + ", skipping"});
}

// An action that asks the transaction for something, then ends the statement. What it asks for it
// finds out again, should it have to begin again.
std::unique_ptr<Run> run_definition(Session& session, const char* tag,
                                    std::function<Status(const Snapshot&)> ask) {
  return run_action([&session, tag, ask = std::move(ask)]() -> Result<std::string> {
    TRY(session.check_interrupt());
    TRY(ask(*session.snapshot()));
    TRY(session.finish_statement());
    return std::string(tag);
  });
}

}  // namespace

Result<std::unique_ptr<Run>> start_create_index(Session& session,
                                                const parser::CreateIndex& create) {
  TRY(session.access().check_superuser("CREATE INDEX"));
  TRY(check_index_name(create.index));
  auto definition = std::make_shared<IndexDefinition>();
  definition->name = create.index.text;
  definition->dimension = static_cast<std::uint32_t>(
      TRY(bind_integer(create.dimension, "DIMENSION", 1, kDimensionMax)));
  definition->metric = TRY(bind_metric(create.metric));
  return run_definition(
      session, "CREATE INDEX",
      [&session, &create, definition](const Snapshot& snapshot) -> Status {
        Catalogue& catalogue = session.engine().catalogue;
        const std::string& name = create.index.text;
        if (session.transaction().find_index(catalogue, name, snapshot)) {
          if (!create.if_not_exists) {
            return fail(ErrorCode::kIndexExists, "index \"{}\" already exists", name)
                .at(create.index.offset);
          }
          skipping(session, "42P07", fmt::format("index \"{}\" already exists", name));
          return {};
        }
        session.transaction().create_index({definition, create.if_not_exists});
        return {};
      });
}

Result<std::unique_ptr<Run>> start_drop_index(Session& session, const parser::DropIndex& drop) {
  return run_definition(
      session, "DROP INDEX", [&session, &drop](const Snapshot& snapshot) -> Status {
        const std::string& name = drop.index.text;
        TRY(session.access().check_index(Privilege::kAdmin, name, drop.index.offset));
        if (!session.transaction().find_index(session.engine().catalogue, name, snapshot)) {
          if (!drop.if_exists) {
            return fail(ErrorCode::kUndefinedIndex, "index \"{}\" does not exist", name)
                .at(drop.index.offset);
          }
          skipping(session, "00000", fmt::format("index \"{}\" does not exist", name));
          return {};
        }
        session.transaction().drop_index({name, drop.if_exists});
        session.engine().ask_for_checkpoint();
        return {};
      });
}

Result<std::unique_ptr<Run>> start_create_namespace(Session& session,
                                                    const parser::CreateNamespace& create) {
  std::string name = TRY(bind_namespace(create.name));
  return run_definition(
      session, "CREATE NAMESPACE",
      [&session, &create, name](const Snapshot& snapshot) -> Status {
        const IndexHandle index =
            TRY(find_index(session, Privilege::kAdmin, create.index, name, snapshot));
        const auto sight = session.transaction().find_namespace(session.engine().catalogue, index,
                                                                name, snapshot);
        if (sight.exists) {
          if (!create.if_not_exists) {
            return fail(ErrorCode::kNamespaceExists, "namespace \"{}\" already exists", name)
                .at(create.name.offset);
          }
          skipping(session, "42P06", fmt::format("namespace \"{}\" already exists", name));
          return {};
        }
        session.transaction().create_namespace({index, name, create.if_not_exists});
        return {};
      });
}

Result<std::unique_ptr<Run>> start_drop_namespace(Session& session,
                                                  const parser::DropNamespace& drop) {
  std::string name = TRY(bind_namespace(drop.name));
  return run_definition(
      session, "DROP NAMESPACE", [&session, &drop, name](const Snapshot& snapshot) -> Status {
        TRY(session.access().check_namespace(Privilege::kAdmin, drop.index.text, name,
                                             drop.index.offset));
        const auto found = session.transaction().find_index(session.engine().catalogue,
                                                            drop.index.text, snapshot);
        if (!found && drop.if_exists) {
          skipping(session, "00000",
                   fmt::format("index \"{}\" does not exist", drop.index.text));
          return {};
        }
        const IndexHandle index =
            TRY(find_index(session, Privilege::kAdmin, drop.index, name, snapshot));
        const auto sight = session.transaction().find_namespace(session.engine().catalogue, index,
                                                                name, snapshot);
        if (!sight.exists) {
          if (!drop.if_exists) {
            return fail(ErrorCode::kUndefinedNamespace, "namespace \"{}\" does not exist", name)
                .at(drop.name.offset);
          }
          skipping(session, "00000", fmt::format("namespace \"{}\" does not exist", name));
          return {};
        }
        session.transaction().drop_namespace({index, name, drop.if_exists});
        session.engine().ask_for_checkpoint();
        return {};
      });
}

// ---- outside transactions -----------------------------------------------------------------------

Result<std::unique_ptr<Run>> start_checkpoint(Session& session) {
  TRY(session.access().check_superuser("CHECKPOINT"));
  return run_action([&session]() -> Result<std::string> {
    TRY(session.engine().checkpoint(Engine::FreshLog::kNo));
    return std::string("CHECKPOINT");
  });
}

Result<std::unique_ptr<Run>> start_compact(Session& session, const parser::Compact& compact) {
  std::string name = TRY(bind_namespace(compact.name));
  const auto snapshot = session.snapshot();
  const IndexHandle index =
      TRY(find_index(session, Privilege::kAdmin, compact.index, name, *snapshot));
  const auto sight = session.transaction().find_namespace(session.engine().catalogue, index, name,
                                                          *snapshot);
  if (!sight.exists) {
    return fail(ErrorCode::kUndefinedNamespace, "namespace \"{}\" does not exist", name)
        .at(compact.name.offset);
  }
  return run_action(
      [&session, number = sight.base->name_space]() -> Result<std::string> {
        Engine& engine = session.engine();
        TRY(engine.watch(engine.flusher.flush(number)));
        TRY(engine.watch(engine.compactor.merge(number, Compactor::Scope::kEverything)));
        return std::string("COMPACT");
      });
}

}  // namespace alcove::executor
