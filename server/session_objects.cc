#include "server/session_objects.h"

#include <string>
#include <utility>
#include <variant>

#include "executor/action_run.h"
#include "server/hold_run.h"
#include "server/inner_run.h"

namespace alcove::server {
namespace {

using executor::Run;
using Kind = parser::FetchDirection::Kind;

std::unique_ptr<Run> run_nothing(std::string tag) {
  return executor::run_action([tag = std::move(tag)]() -> Result<std::string> { return tag; });
}

// What FETCH may read. None of our own statements is among it, nor among what EXECUTE may run: so
// nothing recurses.
bool is_query(const std::optional<parser::Statement>& statement) {
  return statement && (std::holds_alternative<parser::Query>(*statement) ||
                       std::holds_alternative<parser::SelectRecords>(*statement) ||
                       std::holds_alternative<parser::SelectConstants>(*statement) ||
                       std::holds_alternative<parser::SystemSelect>(*statement));
}

// What EXECUTE may run: what may stand in PREPARE.
bool is_preparable(const std::optional<parser::Statement>& statement) {
  return is_query(statement) ||
         (statement && (std::holds_alternative<parser::Upsert>(*statement) ||
                        std::holds_alternative<parser::Update>(*statement) ||
                        std::holds_alternative<parser::Delete>(*statement) ||
                        std::holds_alternative<parser::SelectUnsupported>(*statement)));
}

Error no_cursor(const parser::Name& name) {
  return fail(ErrorCode::kUndefinedPortal, "cursor \"{}\" does not exist", name.text);
}

Error cannot_go_back() {
  return Error(ErrorCode::kPortalFinished, "cursor can only scan forward");
}

// What a direction comes to from where the portal stands. Errors: kPortalFinished for the way back.
Result<FetchRun::Part> part_of(parser::FetchDirection direction, const Portal& portal) {
  using Part = FetchRun::Part;
  std::int64_t count = direction.count;
  if (direction.kind == Kind::kBackward) {
    if (count > 0) return cannot_go_back();
    count = -count;
  }
  if (count < 0) return cannot_go_back();
  const auto to = static_cast<std::uint64_t>(count);
  if (direction.kind == Kind::kAbsolute) {
    if (to == 0 && portal.position == 0) return Part{0, 0};
    if (to <= portal.position) return cannot_go_back();
    return Part{to - 1 - portal.position, 1};
  }
  // The row on which the cursor stands, once more.
  if (to == 0 && portal.position > 0 && !portal.at_end) return cannot_go_back();
  if (direction.kind == Kind::kRelative && to > 0) return Part{to - 1, 1};
  if (count == parser::FetchDirection::kAll) return Part{};
  return Part{0, to};
}

}  // namespace

// ---- Statements ---------------------------------------------------------------------------------

Result<std::unique_ptr<Run>> SessionObjects::start(const parser::Statement& statement) {
  using namespace parser;  // NOLINT: the statements' names
  if (const auto* s = std::get_if<Execute>(&statement)) return start_execute(*s, statement);
  if (const auto* s = std::get_if<DeclareCursor>(&statement)) return start_declare(*s, statement);
  if (std::holds_alternative<Discard>(statement)) return start_discard(statement);
  const auto* prepare = std::get_if<Prepare>(&statement);
  const auto* deallocate = std::get_if<Deallocate>(&statement);
  const auto* fetch = std::get_if<FetchCursor>(&statement);
  const auto* close = std::get_if<CloseCursor>(&statement);
  const bool is_ours = prepare != nullptr || deallocate != nullptr || fetch != nullptr ||
                       close != nullptr;
  if (!is_ours) return session_.start(statement);
  TRY(session_.begin_statement(statement));
  if (prepare != nullptr) return start_prepare(*prepare);
  if (deallocate != nullptr) return start_deallocate(*deallocate);
  if (fetch != nullptr) return start_fetch(*fetch);
  return start_close(*close);
}

SessionObjects::Started SessionObjects::start_prepare(const parser::Prepare& prepare) {
  auto prepared = TRY(prepared_.prepare(prepare));
  prepared_.insert(prepare.name.text, std::move(prepared));
  return run_nothing("PREPARE");
}

SessionObjects::Started SessionObjects::start_execute(const parser::Execute& execute,
                                                      const parser::Statement& statement) {
  TRY(session_.check_not_failed(statement));
  const auto prepared = TRY(prepared_.find(execute.name.text));
  if (!is_preparable(prepared->statement)) {
    return fail(ErrorCode::kNotSupported, "EXECUTE of prepared statement \"{}\" is not supported",
                execute.name.text)
        .with_hint("It runs UPSERT, UPDATE, DELETE, QUERY and SELECT.");
  }
  auto bound = std::make_unique<const parser::Statement>(TRY(prepared->bind(execute)));
  auto run = session_.start(*bound);
  if (!run) return InnerRun::without_position(run.error());
  return std::unique_ptr<Run>(std::make_unique<InnerRun>(std::move(bound), *std::move(run)));
}

SessionObjects::Started SessionObjects::start_deallocate(const parser::Deallocate& deallocate) {
  if (!deallocate.name) {
    prepared_.clear();
    return run_nothing("DEALLOCATE ALL");
  }
  TRY(prepared_.find(deallocate.name->text));
  prepared_.erase(deallocate.name->text);
  return run_nothing("DEALLOCATE");
}

SessionObjects::Started SessionObjects::start_declare(const parser::DeclareCursor& declare,
                                                      const parser::Statement& statement) {
  TRY(session_.check_not_failed(statement));
  if (declare.scroll) {
    return Error(ErrorCode::kNotSupported, "SCROLL cursors are not supported")
        .with_hint("Without SCROLL a cursor goes forward.");
  }
  TRY(portals_.check_room(declare.name.text, declare.bytes));
  auto portal = std::make_shared<Portal>();
  portal->bytes = declare.bytes;
  portal->savepoints = session_.savepoint_count();
  if (declare.binary) portal->formats = {Format::kBinary};
  portal->statement =
      std::visit([](const auto& query) -> parser::Statement { return query; }, declare.query);
  portal->run = TRY(session_.start(*portal->statement));
  if (!declare.hold && !session_.in_block()) {
    return Error(ErrorCode::kNoActiveTransaction,
                 "DECLARE CURSOR can only be used in transaction blocks");
  }
  portals_.insert(declare.name.text, portal);
  if (!declare.hold) return run_nothing("DECLARE CURSOR");
  return std::unique_ptr<Run>(std::make_unique<HoldRun>(std::move(portal), portals_));
}

SessionObjects::Started SessionObjects::start_fetch(const parser::FetchCursor& fetch) {
  auto portal = portals_.find(fetch.name.text);
  if (portal == nullptr) return no_cursor(fetch.name);
  if (!is_query(portal->statement)) {
    return fail(ErrorCode::kNotSupported, "portal \"{}\" is not of a QUERY or SELECT",
                fetch.name.text);
  }
  const Status begun = begin(*portal, fetch.name.text);
  if (!begun) return InnerRun::without_position(begun.error());
  const parser::FetchDirection direction = fetch.direction;
  if (fetch.move && direction.count == 0 && direction.kind != Kind::kAbsolute) {
    return run_nothing(portal->position > 0 && !portal->at_end ? "MOVE 1" : "MOVE 0");
  }
  const FetchRun::Part part = TRY(part_of(direction, *portal));
  const auto verb = fetch.move ? FetchRun::Verb::kMove : FetchRun::Verb::kFetch;
  return std::unique_ptr<Run>(std::make_unique<InnerRun>(
      nullptr, std::make_unique<FetchRun>(std::move(portal), part, verb)));
}

SessionObjects::Started SessionObjects::start_close(const parser::CloseCursor& close) {
  if (!close.name) {
    portals_.clear();
    return run_nothing("CLOSE CURSOR ALL");
  }
  if (!portals_.erase(close.name->text)) return no_cursor(*close.name);
  return run_nothing("CLOSE CURSOR");
}

SessionObjects::Started SessionObjects::start_discard(const parser::Statement& statement) {
  auto run = TRY(session_.start(statement));
  const std::string& what = std::get<parser::Discard>(statement).what;
  if (what == "all") portals_.clear();
  if (what == "all" || what == "plans") prepared_.clear();
  return run;
}

Status SessionObjects::begin(Portal& portal, std::string_view name) {
  if (portal.failed) {
    return fail(ErrorCode::kPortalFinished, "portal \"{}\" cannot be run", name);
  }
  if (!portal.run && !portal.holds) portal.run = TRY(start(*portal.statement));
  return {};
}

// ---- Columns ------------------------------------------------------------------------------------

Result<std::vector<executor::Column>> SessionObjects::describe(
    const parser::Statement& statement) {
  using namespace parser;  // NOLINT: the statements' names
  const std::vector<executor::Column> none;
  if (const auto* execute = std::get_if<Execute>(&statement)) {
    TRY(session_.check_not_failed(statement));
    const auto prepared = prepared_.find(execute->name.text);
    if (!prepared || !is_preparable((*prepared)->statement)) return none;
    const Statement sample = TRY((*prepared)->sample());
    auto columns = session_.describe(sample);
    if (!columns) return InnerRun::without_position(columns.error());
    return columns;
  }
  if (const auto* fetch = std::get_if<FetchCursor>(&statement)) {
    TRY(session_.check_not_failed(statement));
    const auto portal = portals_.find(fetch->name.text);
    if (fetch->move || portal == nullptr || !is_query(portal->statement)) return none;
    return describe(*portal);
  }
  if (std::holds_alternative<Prepare>(statement) || std::holds_alternative<Deallocate>(statement) ||
      std::holds_alternative<DeclareCursor>(statement) ||
      std::holds_alternative<CloseCursor>(statement)) {
    TRY(session_.check_not_failed(statement));
    return none;
  }
  return session_.describe(statement);
}

Result<std::vector<executor::Column>> SessionObjects::describe(const Portal& portal) {
  if (portal.run || portal.holds || !portal.statement) return portal.columns();
  return describe(*portal.statement);
}

Formats SessionObjects::formats_of(const parser::Statement& statement) const {
  const auto* fetch = std::get_if<parser::FetchCursor>(&statement);
  const auto portal = fetch == nullptr ? nullptr : portals_.find(fetch->name.text);
  return portal == nullptr || portal->prepared ? Formats() : portal->formats;
}

// ---- Transactions -------------------------------------------------------------------------------

void SessionObjects::on_success(const parser::Statement& statement, std::string_view tag) {
  if (std::holds_alternative<parser::Commit>(statement) ||
      std::holds_alternative<parser::Rollback>(statement)) {
    portals_.end_transaction(tag == "COMMIT");
  } else if (std::holds_alternative<parser::RollbackTo>(statement)) {
    portals_.roll_back_to(session_.savepoint_count());
  } else if (std::holds_alternative<parser::ReleaseSavepoint>(statement)) {
    portals_.release_to(session_.savepoint_count());
  }
}

void SessionObjects::on_end() {
  if (session_.status() == executor::TransactionStatus::kIdle) portals_.end_transaction(true);
}

void SessionObjects::on_failure() {
  if (session_.status() == executor::TransactionStatus::kIdle) {
    portals_.end_transaction(false);
  } else {
    portals_.roll_back_to(session_.savepoint_count());
  }
}

}  // namespace alcove::server
