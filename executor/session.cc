#include "executor/session.h"

#include <utility>

#include "executor/access.h"
#include "executor/action_run.h"
#include "executor/constant_run.h"
#include "executor/copy_in.h"
#include "executor/copy_out.h"
#include "executor/definition_run.h"
#include "executor/engine.h"
#include "executor/query_run.h"
#include "executor/recall_run.h"
#include "executor/role_run.h"
#include "executor/select_run.h"
#include "executor/show_run.h"
#include "executor/system_run.h"
#include "executor/transaction.h"
#include "executor/write_run.h"

namespace alcove::executor {
namespace {

constexpr std::uint64_t kUsPerMs = 1000;
// A staged segment takes the rows of so many commits that would be large: fewer files to merge.
constexpr std::uint64_t kStagedSegmentCommits = 4;
constexpr std::size_t kSavepointsMax = 1'000;  // setting savepoints_max

Notice no_transaction() {
  return {"WARNING", "25P01", "there is no transaction in progress"};
}

Error not_supported(const char* what) {
  return fail(ErrorCode::kNotSupported, "{} is not supported yet", what);
}

struct WritingWords {
  const char* operator()(const parser::Upsert&) const { return "UPSERT"; }
  const char* operator()(const parser::Update&) const { return "UPDATE"; }
  const char* operator()(const parser::Delete&) const { return "DELETE"; }
  const char* operator()(const parser::Copy& copy) const {
    return copy.direction == parser::Copy::Direction::kFromStdin ? "COPY FROM" : nullptr;
  }
  const char* operator()(const parser::CreateIndex&) const { return "CREATE INDEX"; }
  const char* operator()(const parser::DropIndex&) const { return "DROP INDEX"; }
  const char* operator()(const parser::CreateNamespace&) const { return "CREATE NAMESPACE"; }
  const char* operator()(const parser::DropNamespace&) const { return "DROP NAMESPACE"; }
  const char* operator()(const parser::CreateRole&) const { return "CREATE ROLE"; }
  const char* operator()(const parser::AlterRole&) const { return "ALTER ROLE"; }
  const char* operator()(const parser::DropRole&) const { return "DROP ROLE"; }
  const char* operator()(const parser::Grant& grant) const {
    return grant.revoke ? "REVOKE" : "GRANT";
  }
  template <class Other>
  const char* operator()(const Other&) const {
    return nullptr;
  }
};

// What a READ ONLY transaction refuses; null: the statement writes nothing.
const char* writing_statement(const parser::Statement& statement) {
  return std::visit(WritingWords(), statement);
}

}  // namespace

struct Session::State {
  struct Savepoint {
    std::string name;
    std::size_t mark = 0;
    Settings::Mark settings;
  };

  // The transaction of BEGIN or of a script of several statements; else none.
  std::unique_ptr<Transaction> block;
  bool explicit_block = false;
  bool failed = false;
  bool repeatable_read = false;
  std::vector<Savepoint> savepoints;     // of `block`, oldest first
  std::shared_ptr<const Snapshot> held;  // REPEATABLE READ's, once its first statement ran
  // Of the statement under way.
  std::unique_ptr<Transaction> single;
  std::shared_ptr<const Snapshot> fresh;
  std::shared_ptr<CommitPipeline::Ticket> ticket;  // of `single`, once it stands in line
  std::optional<std::uint64_t> deadline_us;
  std::size_t script_statements = 1;
  // The session's role as the table had it at `role_version`.
  std::shared_ptr<const Role> role;
  std::uint64_t role_version = 0;

  // In a block a snapshot is kept by REPEATABLE READ, or by a cursor.
  MemoryBudget::Writer writer() const {
    return block ? MemoryBudget::Writer::kKeepsSnapshot : MemoryBudget::Writer::kWithoutSnapshot;
  }
};

Session::Session(Database& database, SessionIdentity identity)
    : database_(database), identity_(std::move(identity)), state_(std::make_unique<State>()) {
  settings_.fix("session_authorization", identity_.user);
  const Access at_first = access();
  settings_.fix("is_superuser", at_first.is_superuser() ? "on" : "off");
  if (const auto* home = at_first.binding()) {
    settings_.pin("index", home->index);
    settings_.pin("namespace", home->name_space);
  }
}

Session::~Session() = default;

Engine& Session::engine() { return database_.engine(); }

Status Session::set_startup_option(const std::string& name, const std::string& value) {
  return settings_.set_startup(name, value);
}

std::vector<std::pair<std::string, std::string>> Session::reported_settings() const {
  return settings_.reported();
}

std::vector<std::pair<std::string, std::string>> Session::take_changed_settings() {
  return settings_.take_changed();
}

std::vector<Notice> Session::take_notices() { return std::exchange(notices_, {}); }

TransactionStatus Session::status() const {
  if (!state_->block || !state_->explicit_block) return TransactionStatus::kIdle;
  return state_->failed ? TransactionStatus::kFailed : TransactionStatus::kOpen;
}

// ---- for runs -----------------------------------------------------------------------------------

void Session::cancel() { cancelled_.store(true, std::memory_order_relaxed); }

std::optional<std::uint64_t> Session::deadline_us() const { return state_->deadline_us; }

Status Session::check_interrupt() {
  if (cancelled_.exchange(false, std::memory_order_relaxed)) {
    return Error(ErrorCode::kCancelled, "canceling statement due to user request");
  }
  if (state_->deadline_us && engine().env.clock.monotonic_us() >= *state_->deadline_us) {
    return Error(ErrorCode::kCancelled, "canceling statement due to statement timeout");
  }
  return {};
}

std::shared_ptr<const Snapshot> Session::snapshot() {
  State& state = *state_;
  if (state.block && state.repeatable_read) {
    if (!state.held) {
      state.held = std::make_shared<const Snapshot>(engine().snapshots.acquire());
    }
    return state.held;
  }
  if (!state.fresh) state.fresh = std::make_shared<const Snapshot>(engine().snapshots.acquire());
  return state.fresh;
}

Transaction& Session::transaction() {
  return state_->block ? *state_->block : *state_->single;
}

Status Session::write(WriteRequest request) {
  transaction().write(std::move(request));
  return transaction().stage(engine().stager, staged_segment_bytes(), Transaction::Rest::kStays);
}

std::uint64_t Session::staged_segment_bytes() {
  return kStagedSegmentCommits * engine().options.large_commit_bytes;
}

Access Session::access() {
  if (identity_.trusted) return {};
  State& state = *state_;
  const RoleTable& roles = engine().roles;
  const std::uint64_t version = roles.version();
  if (state.role_version != version) {
    // A role that was dropped has no rights, nor has its session those of a later one of its name.
    Role role = roles.find(identity_.user).value_or(Role());
    if (state.role != nullptr && state.role->incarnation != role.incarnation) role = Role();
    state.role = std::make_shared<const Role>(std::move(role));
    state.role_version = version;
  }
  return Access(state.role);
}

bool Session::in_block() const { return state_->block != nullptr; }

void Session::forget_snapshot() { state_->fresh.reset(); }

Result<bool> Session::has_room() {
  forget_snapshot();
  return engine().budget.has_room(state_->writer());
}

void Session::when_room(std::function<void()> ready) {
  engine().budget.when_room(state_->writer(), std::move(ready));
}

void Session::again() {
  state_->single = std::make_unique<Transaction>(false);
  state_->fresh.reset();
}

Status Session::check_transaction_bytes() {
  const std::uint64_t bytes_max = engine().options.transaction_bytes_max;
  if (transaction().bytes() <= bytes_max) return {};
  return fail(ErrorCode::kLimitExceeded,
              "the transaction writes more than transaction_bytes_max = {} bytes", bytes_max)
      .with_hint("Commit more often, or raise the limit.");
}

Durability Session::durability() const {
  return settings_.synchronous_commit() ? Durability::kSync : Durability::kLater;
}

Status Session::finish_statement() {
  TRY(check_transaction_bytes());
  if (in_block()) return {};
  return commit_transaction(*state_->single);
}

Status Session::commit_transaction(Transaction& transaction) {
  return engine().watch(engine().committer.commit(transaction, durability()));
}

Result<bool> Session::try_finish_statement() {
  State& state = *state_;
  if (!state.ticket) {
    TRY(check_transaction_bytes());
    if (in_block()) return true;
    if (engine().committer.is_large(*state.single)) {
      TRY(commit_transaction(*state.single));
      return true;
    }
    state.ticket = engine().pipeline.submit(std::move(state.single), durability());
  }
  const std::optional<Status> result = engine().pipeline.result(*state.ticket);
  if (!result) return false;
  state.ticket.reset();
  TRY(engine().watch(*result));
  return true;
}

bool Session::is_committing() const { return state_->ticket != nullptr; }

void Session::when_committed(std::function<void()> ready) {
  engine().pipeline.when_done(*state_->ticket, std::move(ready));
}

// ---- transaction blocks -------------------------------------------------------------------------

void Session::open_block(bool explicit_block) {
  State& state = *state_;
  if (!state.block) {
    state.block = std::make_unique<Transaction>(true);
    state.failed = false;
    settings_.begin_transaction();
    state.repeatable_read = settings_.repeatable_read_by_default();
  }
  state.explicit_block = state.explicit_block || explicit_block;
}

void Session::close_block() {
  State& state = *state_;
  state.block.reset();
  state.savepoints.clear();
  state.held.reset();
  state.explicit_block = false;
  state.failed = false;
  state.repeatable_read = false;
}

Status Session::set_transaction_modes(const parser::TransactionModes& modes) {
  if (modes.read_only) {
    TRY(settings_.set("transaction_read_only",
                      std::vector<std::string>{*modes.read_only ? "on" : "off"}, true));
  }
  if (!modes.isolation) return {};
  if (*modes.isolation == parser::Isolation::kSerializable) {
    return Error(ErrorCode::kNotSupported, "isolation level SERIALIZABLE is not supported")
        .with_hint("READ COMMITTED and REPEATABLE READ are.");
  }
  const bool repeatable = *modes.isolation == parser::Isolation::kRepeatableRead;
  state_->repeatable_read = repeatable;
  return settings_.set(
      "transaction_isolation",
      std::vector<std::string>{repeatable ? "repeatable read" : "read committed"}, true);
}

Result<std::string> Session::begin(const parser::Begin& statement) {
  if (statement.modes.isolation == parser::Isolation::kSerializable) {
    return Error(ErrorCode::kNotSupported, "isolation level SERIALIZABLE is not supported")
        .with_hint("READ COMMITTED and REPEATABLE READ are.");
  }
  if (status() != TransactionStatus::kIdle) {
    add_notice({"WARNING", "25001", "there is already a transaction in progress"});
  }
  open_block(true);
  TRY(set_transaction_modes(statement.modes));
  return std::string(statement.start_transaction ? "START TRANSACTION" : "BEGIN");
}

Result<std::string> Session::commit() {
  if (status() == TransactionStatus::kIdle) add_notice(no_transaction());
  if (state_->failed) return rollback();
  if (!state_->block) return std::string("COMMIT");
  const Status committed = commit_transaction(*state_->block);
  close_block();
  if (!committed) {
    settings_.rollback_transaction();
    return committed.error();
  }
  settings_.commit_transaction();
  return std::string("COMMIT");
}

Result<std::string> Session::rollback() {
  if (status() == TransactionStatus::kIdle) add_notice(no_transaction());
  settings_.rollback_transaction();
  close_block();
  return std::string("ROLLBACK");
}

// ---- savepoints ---------------------------------------------------------------------------------

Result<std::string> Session::savepoint(const std::string& name) {
  State& state = *state_;
  if (status() == TransactionStatus::kIdle) {
    return Error(ErrorCode::kNoActiveTransaction, "SAVEPOINT can only be used in transaction blocks");
  }
  if (state.savepoints.size() >= kSavepointsMax) {
    return fail(ErrorCode::kLimitExceeded, "a transaction has at most savepoints_max = {} savepoints",
                kSavepointsMax)
        .with_hint("RELEASE those that are not needed any more.");
  }
  state.savepoints.push_back({name, state.block->mark(), settings_.mark()});
  return std::string("SAVEPOINT");
}

Result<std::size_t> Session::find_savepoint(const std::string& name, const char* statement) const {
  const State& state = *state_;
  if (status() == TransactionStatus::kIdle) {
    return fail(ErrorCode::kNoActiveTransaction, "{} can only be used in transaction blocks",
                statement);
  }
  for (std::size_t i = state.savepoints.size(); i > 0; --i) {
    if (state.savepoints[i - 1].name == name) return i - 1;
  }
  return fail(ErrorCode::kUndefinedSavepoint, "savepoint \"{}\" does not exist", name);
}

std::size_t Session::savepoint_count() const { return state_->savepoints.size(); }

Result<std::string> Session::release(const std::string& name) {
  const std::size_t at = TRY(find_savepoint(name, "RELEASE SAVEPOINT"));
  state_->savepoints.resize(at);
  return std::string("RELEASE");
}

Result<std::string> Session::rollback_to(const std::string& name) {
  const std::size_t at = TRY(find_savepoint(name, "ROLLBACK TO SAVEPOINT"));
  State& state = *state_;
  state.savepoints.resize(at + 1);  // it stays, for another time
  TRY(state.block->return_to(state.savepoints[at].mark, engine().roles));
  settings_.return_to(state.savepoints[at].settings);
  state.failed = false;
  return std::string("ROLLBACK");
}

// ---- scripts ------------------------------------------------------------------------------------

void Session::begin_script(std::size_t statement_count) {
  cancelled_.store(false, std::memory_order_relaxed);
  state_->script_statements = statement_count;
}

Status Session::end_script() {
  state_->single.reset();
  state_->fresh.reset();
  state_->deadline_us.reset();
  if (!state_->block || state_->explicit_block) return {};
  const Status committed = commit_transaction(*state_->block);
  close_block();
  if (!committed) {
    settings_.rollback_transaction();
  } else {
    settings_.commit_transaction();
  }
  return committed;
}

void Session::fail_script() {
  state_->ticket.reset();
  state_->single.reset();
  state_->fresh.reset();
  state_->deadline_us.reset();
  if (!state_->block) return;
  if (state_->explicit_block) {
    state_->failed = true;
    if (state_->savepoints.empty()) state_->held.reset();
    return;
  }
  settings_.rollback_transaction();
  close_block();
}

Status Session::check_not_failed(const parser::Statement& statement) const {
  if (!state_->failed || std::holds_alternative<parser::Commit>(statement) ||
      std::holds_alternative<parser::Rollback>(statement) ||
      std::holds_alternative<parser::RollbackTo>(statement)) {
    return {};
  }
  return Error(ErrorCode::kFailedTransaction,
               "current transaction is aborted, commands ignored until end of transaction block");
}

Result<std::vector<Column>> Session::describe(const parser::Statement& statement) {
  TRY(check_not_failed(statement));
  const Type vectors = settings_.vector_type();
  if (const auto* query = std::get_if<parser::Query>(&statement)) return columns_of(*query, vectors);
  if (const auto* select = std::get_if<parser::SelectRecords>(&statement)) {
    return columns_of(*select, vectors);
  }
  if (writing_statement(statement) != nullptr ||
      std::holds_alternative<parser::Copy>(statement)) {
    return std::vector<Column>();
  }
  // The others look at nothing but names when they start.
  const std::size_t script_statements = std::exchange(state_->script_statements, 1);
  const auto run = start(statement);
  state_->script_statements = script_statements;
  if (!run) return run.error();
  return (*run)->columns();
}

Status Session::check_block(const parser::Statement& statement) const {
  TRY(check_not_failed(statement));
  const char* alone = nullptr;
  if (std::holds_alternative<parser::Checkpoint>(statement)) alone = "CHECKPOINT";
  if (std::holds_alternative<parser::Compact>(statement)) alone = "COMPACT";
  if (const auto* discard = std::get_if<parser::Discard>(&statement)) {
    if (discard->what == "all") alone = "DISCARD ALL";
  }
  if (alone != nullptr && (in_block() || state_->script_statements > 1)) {
    return fail(ErrorCode::kActiveTransaction, "{} cannot run inside a transaction block", alone);
  }
  return {};
}

// ---- statements ---------------------------------------------------------------------------------

namespace {

struct LaterWords {
  const char* operator()(const parser::ShowUsage&) const { return "SHOW USAGE"; }
  const char* operator()(const parser::NotYet& other) const { return other.what.c_str(); }
  const char* operator()(const parser::SelectUnsupported& other) const {
    return other.what.empty() ? "this form of SELECT" : other.what.c_str();
  }
  template <class Other>
  const char* operator()(const Other&) const {
    return nullptr;
  }
};

// Statements that a later version gives a meaning to; null: none of them.
const char* later_statement(const parser::Statement& statement) {
  return std::visit(LaterWords(), statement);
}

std::unique_ptr<Run> run_nothing(const char* tag) {
  return run_action([tag]() -> Result<std::string> { return std::string(tag); });
}

}  // namespace

Result<std::unique_ptr<Run>> Session::start_control(const parser::Statement& statement) {
  if (const auto* begin_statement = std::get_if<parser::Begin>(&statement)) {
    return run_action([this, begin_statement] { return begin(*begin_statement); });
  }
  if (std::holds_alternative<parser::Commit>(statement)) {
    return run_action([this] { return commit(); });
  }
  if (std::holds_alternative<parser::Rollback>(statement)) {
    return run_action([this] { return rollback(); });
  }
  if (const auto* set = std::get_if<parser::Savepoint>(&statement)) {
    return run_action([this, set] { return savepoint(set->name.text); });
  }
  if (const auto* back = std::get_if<parser::RollbackTo>(&statement)) {
    return run_action([this, back] { return rollback_to(back->name.text); });
  }
  if (const auto* forget = std::get_if<parser::ReleaseSavepoint>(&statement)) {
    return run_action([this, forget] { return release(forget->name.text); });
  }
  if (const auto* modes = std::get_if<parser::SetTransaction>(&statement)) {
    return run_action([this, modes]() -> Result<std::string> {
      if (modes->session) {
        if (modes->modes.isolation == parser::Isolation::kSerializable) {
          return Error(ErrorCode::kNotSupported, "isolation level SERIALIZABLE is not supported");
        }
        if (modes->modes.isolation) {
          const bool repeatable =
              *modes->modes.isolation == parser::Isolation::kRepeatableRead;
          TRY(settings_.set(
              "default_transaction_isolation",
              std::vector<std::string>{repeatable ? "repeatable read" : "read committed"},
              false));
        }
        return std::string("SET");
      }
      if (!in_block()) {
        add_notice({"WARNING", "25P01", "SET TRANSACTION can only be used in transaction blocks"});
        return std::string("SET");
      }
      TRY(set_transaction_modes(modes->modes));
      return std::string("SET");
    });
  }
  if (const auto* set = std::get_if<parser::SetSetting>(&statement)) {
    return run_action([this, set]() -> Result<std::string> {
      if (set->local && !in_block()) {
        add_notice({"WARNING", "25P01", "SET LOCAL can only be used in transaction blocks"});
      }
      TRY(settings_.set(set->name, set->values, set->local));
      if (set->name == "transaction_isolation" && in_block()) {
        state_->repeatable_read =
            TRY(settings_.show("transaction_isolation")) == "repeatable read";
      }
      return std::string("SET");
    });
  }
  if (const auto* reset = std::get_if<parser::ResetSetting>(&statement)) {
    return run_action([this, reset]() -> Result<std::string> {
      TRY(settings_.reset(reset->name));
      return std::string("RESET");
    });
  }
  if (std::holds_alternative<parser::ResetAll>(statement)) {
    return run_action([this]() -> Result<std::string> {
      settings_.reset_all();
      return std::string("RESET");
    });
  }
  if (const auto* discard = std::get_if<parser::Discard>(&statement)) {
    return run_action([this, discard]() -> Result<std::string> {
      if (discard->what == "all") {
        settings_.reset_all();
        return std::string("DISCARD ALL");
      }
      if (discard->what == "plans") return std::string("DISCARD PLANS");
      if (discard->what == "sequences") return std::string("DISCARD SEQUENCES");
      return std::string("DISCARD TEMP");
    });
  }
  if (std::holds_alternative<parser::Listen>(statement)) return run_nothing("LISTEN");
  if (std::holds_alternative<parser::Unlisten>(statement)) return run_nothing("UNLISTEN");
  return std::unique_ptr<Run>();
}

Status Session::begin_statement(const parser::Statement& statement) {
  TRY(check_block(statement));
  const bool begins = std::holds_alternative<parser::Begin>(statement);
  if (!in_block() && !begins && state_->script_statements > 1) open_block(false);
  state_->single = in_block() ? nullptr : std::make_unique<Transaction>(false);
  state_->fresh.reset();
  state_->deadline_us.reset();
  if (const std::uint64_t timeout_ms = settings_.statement_timeout_ms()) {
    state_->deadline_us = engine().env.clock.monotonic_us() + timeout_ms * kUsPerMs;
  }
  return {};
}

Result<std::unique_ptr<Run>> Session::start(const parser::Statement& statement) {
  TRY(begin_statement(statement));
  if (const char* later = later_statement(statement)) return not_supported(later);
  auto control = TRY(start_control(statement));
  if (control) return control;
  if (const char* writing = writing_statement(statement); writing && settings_.read_only()) {
    return fail(ErrorCode::kReadOnlyTransaction, "cannot execute {} in a read-only transaction",
                writing);
  }

  using namespace parser;  // NOLINT: the statements' names
  if (const auto* s = std::get_if<Query>(&statement)) return start_query(*this, *s);
  if (const auto* s = std::get_if<Upsert>(&statement)) return start_upsert(*this, *s);
  if (const auto* s = std::get_if<Update>(&statement)) return start_update(*this, *s);
  if (const auto* s = std::get_if<Delete>(&statement)) return start_delete(*this, *s);
  if (const auto* s = std::get_if<Copy>(&statement)) {
    return s->direction == Copy::Direction::kFromStdin ? start_copy_in(*this, *s)
                                                       : start_copy_out(*this, *s);
  }
  if (const auto* s = std::get_if<SelectRecords>(&statement)) return start_select(*this, *s);
  if (const auto* s = std::get_if<SystemSelect>(&statement)) return start_system_select(*this, *s);
  if (const auto* s = std::get_if<SelectConstants>(&statement)) return start_constants(*this, *s);
  if (const auto* s = std::get_if<CreateIndex>(&statement)) return start_create_index(*this, *s);
  if (const auto* s = std::get_if<DropIndex>(&statement)) return start_drop_index(*this, *s);
  if (const auto* s = std::get_if<CreateNamespace>(&statement)) {
    return start_create_namespace(*this, *s);
  }
  if (const auto* s = std::get_if<DropNamespace>(&statement)) {
    return start_drop_namespace(*this, *s);
  }
  if (std::holds_alternative<ShowIndexes>(statement)) return start_show_indexes(*this);
  if (const auto* s = std::get_if<ShowNamespaces>(&statement)) {
    return start_show_namespaces(*this, *s);
  }
  if (const auto* s = std::get_if<DescribeIndex>(&statement)) {
    return start_describe_index(*this, *s);
  }
  if (const auto* s = std::get_if<DescribeNamespace>(&statement)) {
    return start_describe_namespace(*this, *s);
  }
  if (const auto* s = std::get_if<Explain>(&statement)) return start_explain(*this, *s);
  if (const auto* s = std::get_if<ShowRecall>(&statement)) return start_show_recall(*this, *s);
  if (const auto* s = std::get_if<ShowSetting>(&statement)) return start_show_setting(*this, *s);
  if (std::holds_alternative<ShowAll>(statement)) return start_show_all(*this);
  if (const auto* s = std::get_if<CreateRole>(&statement)) return start_create_role(*this, *s);
  if (const auto* s = std::get_if<AlterRole>(&statement)) return start_alter_role(*this, *s);
  if (const auto* s = std::get_if<DropRole>(&statement)) return start_drop_role(*this, *s);
  if (const auto* s = std::get_if<Grant>(&statement)) return start_grant(*this, *s);
  if (const auto* s = std::get_if<ShowGrants>(&statement)) return start_show_grants(*this, *s);
  if (std::holds_alternative<Checkpoint>(statement)) return start_checkpoint(*this);
  if (const auto* s = std::get_if<Compact>(&statement)) return start_compact(*this, *s);
  return not_supported("this statement");
}

}  // namespace alcove::executor
