#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "executor/run.h"
#include "executor/database.h"
#include "executor/settings.h"
#include "executor/snapshot.h"
#include "parser/statement.h"

namespace alcove::executor {

class Access;
class Transaction;
struct WriteRequest;
enum class Durability : unsigned char;

// What BEGIN has begun, as ReadyForQuery tells it.
enum class TransactionStatus : char { kIdle = 'I', kOpen = 'T', kFailed = 'E' };

struct Notice {
  const char* severity;  // NOTICE, WARNING
  const char* sqlstate;
  std::string message;
};

struct SessionIdentity {
  std::string user;
  std::string database;
  std::int32_t process_id = 0;  // unique among the open connections: pg_backend_pid()
  // Let in without a password: may do everything, whatever is granted to a role of its name.
  bool trusted = false;
};

// One client's conversation with the engine: its settings, its transaction, the statement under
// way. Externally synchronised but for cancel().
//
// The server's duty for one simple-query text:
//   begin_script(n); for each of n statements { start(); step until done }; end_script()
// and on any error fail_script() instead of the rest, also when the text did not even parse. Several
// statements outside BEGIN are one transaction, which end_script() commits.
class Session {
 public:
  Session(Database& database, SessionIdentity identity);
  ~Session();  // an open transaction is rolled back
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  // A start-up option, before the first statement; becomes the session's default for RESET.
  // Errors: kUndefinedObject for a name that no setting has, kInvalidValue.
  Status set_startup_option(const std::string& name, const std::string& value);

  // All settings that clients are told of (ParameterStatus), in a fixed order.
  std::vector<std::pair<std::string, std::string>> reported_settings() const;
  // Those that changed since the last call.
  std::vector<std::pair<std::string, std::string>> take_changed_settings();
  std::vector<Notice> take_notices();

  TransactionStatus status() const;

  void begin_script(std::size_t statement_count);
  // Binds and plans one statement. Errors carry offsets into the text it was parsed from. The run
  // borrows `statement`.
  Result<std::unique_ptr<Run>> start(const parser::Statement& statement);
  // The part of start() that every statement has: for one that the caller runs by itself, because it
  // is about what the session's client holds and not about the database.
  Status begin_statement(const parser::Statement& statement);
  // Savepoints of the open transaction: what was made before one of them outlives ROLLBACK TO it.
  std::size_t savepoint_count() const;
  // What start() would say for a statement that may not run in a failed transaction.
  Status check_not_failed(const parser::Statement& statement) const;
  // The columns that the statement will have, empty for one that returns no rows. It does not run;
  // its index need not be there yet. Errors: as start().
  Result<std::vector<Column>> describe(const parser::Statement& statement);
  Status end_script();
  void fail_script();

  // From any thread: makes the statement under way, if any, fail with kCancelled at its next step.
  void cancel();

  const SessionIdentity& identity() const { return identity_; }

  // ---- for the statements' runs ----
  Database& database() { return database_; }
  Database::Engine& engine();
  Settings& settings() { return settings_; }
  // When statement_timeout ends the statement under way, by Clock::monotonic_us(), if it does.
  std::optional<std::uint64_t> deadline_us() const;
  // kCancelled when cancelled or past statement_timeout; asked between morsels.
  Status check_interrupt();
  void add_notice(Notice notice) { notices_.push_back(std::move(notice)); }
  // What the session's role may do now.
  Access access();
  // Through which the statement looks: fresh, or the transaction's own (REPEATABLE READ).
  std::shared_ptr<const Snapshot> snapshot();
  // What the statement writes to and sees its own writes in.
  Transaction& transaction();
  // Asks the transaction for it, and moves rows to staged segments when they have become many.
  // Errors: those of writing them.
  Status write(WriteRequest request);
  // With so many bytes of rows of one namespace write() moves them to a staged segment.
  std::uint64_t staged_segment_bytes();
  // The statement has looked all it will: what it keeps others from letting go of is let go.
  void forget_snapshot();
  // As MemoryBudget::has_room() and when_room(). The statement has looked all it will: who may wait for
  // memory keeps none.
  Result<bool> has_room();
  void when_room(std::function<void()> ready);
  // kLimitExceeded where the transaction writes more than transaction_bytes_max.
  Status check_transaction_bytes();
  // To be called when the statement has asked for all it writes: checks the transaction's limit and,
  // outside a transaction block, commits. Then kConflict means: again(), and from the start.
  Status finish_statement();
  // As finish_statement(), but where others commit it may only stand in line: false, and to be asked
  // again once when_committed() has called. The statement cannot be cancelled from then on.
  Result<bool> try_finish_statement();
  bool is_committing() const;
  // Requires: is_committing(). `ready` is called once, from any thread.
  void when_committed(std::function<void()> ready);
  bool in_block() const;
  void again();

 private:
  struct State;
  Status check_block(const parser::Statement& statement) const;
  void open_block(bool explicit_block);
  void close_block();
  Status commit_transaction(Transaction& transaction);
  Durability durability() const;
  Result<std::string> begin(const parser::Begin& statement);
  Result<std::string> commit();
  Result<std::string> rollback();
  Result<std::string> savepoint(const std::string& name);
  Result<std::size_t> find_savepoint(const std::string& name, const char* statement) const;
  Result<std::string> release(const std::string& name);
  Result<std::string> rollback_to(const std::string& name);
  Status set_transaction_modes(const parser::TransactionModes& modes);
  Result<std::unique_ptr<Run>> start_control(const parser::Statement& statement);

  Database& database_;
  SessionIdentity identity_;
  Settings settings_;
  std::vector<Notice> notices_;
  std::atomic<bool> cancelled_{false};
  std::unique_ptr<State> state_;
};

}  // namespace alcove::executor
