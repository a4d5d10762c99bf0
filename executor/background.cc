#include "executor/background.h"

#include <algorithm>
#include <chrono>
#include <mutex>
#include <shared_mutex>

#include "base/log.h"

namespace alcove::executor {
namespace {

constexpr std::uint64_t kLogPeriodMs = 25;  // twice: the 50 ms after which an idle log is marked
constexpr std::uint64_t kStoragePeriodMs = 20;
constexpr std::uint64_t kUsPerMs = 1000;
constexpr std::uint64_t kDropCheckpointUs = 2'000'000;  // between two that drops have asked for
constexpr std::uint64_t kClosePeriodUs = 10'000'000;
constexpr std::uint64_t kCloseSoonUs = 100'000;  // where too many namespaces are open, or files mapped
constexpr std::uint64_t kIdleUs = 60'000'000;
constexpr std::size_t kUnlinkBatch = 64;

// Damage is its tenant's alone: it is kept in `damage`, and everything else goes on.
Status unless_damage(const Status& status, Status& damage) {
  if (status || status.error().code() != ErrorCode::kCorruption) return status;
  damage = status;
  return {};
}

}  // namespace

Background::Background(Engine& engine) : engine_(engine) {
  checkpoint_us_ = closed_us_ = engine_.env.clock.monotonic_us();
  engine_.compactor.set_pause([this] { return while_merging(); });
  engine_.flusher.set_flushed(
      [this](NamespaceNumber number) { engine_.compactor.note_changed(number); });
}

void Background::start() {
  log_thread_ = std::thread([this] { log_loop(); });
  storage_thread_ = std::thread([this] { storage_loop(); });
  commit_thread_ = std::thread([this] { engine_.pipeline.lead_lines(); });
}

void Background::stop() {
  {
    std::lock_guard lock(mutex_);
    stop_ = true;
  }
  stopping_.notify_all();
  if (log_thread_.joinable()) log_thread_.join();
  if (storage_thread_.joinable()) storage_thread_.join();
  engine_.pipeline.stop_leading();
  if (commit_thread_.joinable()) commit_thread_.join();
}

bool Background::wait(std::uint64_t period_ms) {
  std::unique_lock lock(mutex_);
  return !stopping_.wait_for(lock, std::chrono::milliseconds(period_ms), [this] { return stop_; });
}

void Background::log_loop() {
  while (wait(kLogPeriodMs)) {
    if (const auto done = log_round(); !done) tell(done.error());
  }
}

void Background::storage_loop() {
  bool busy = false;
  while (wait(busy ? 0 : kStoragePeriodMs)) {
    const auto done = storage_round();
    busy = done && *done;
    if (!done) tell(done.error());
  }
}

void Background::tell(const Status& status) {
  (void)engine_.watch(status);
  // A full disk says the same fifty times a second.
  std::lock_guard lock(mutex_);
  if (status || status.error().message() == last_complaint_) return;
  last_complaint_ = status.error().message();
  if (status.error().code() != ErrorCode::kShutdown) {
    log_error("background: {}", last_complaint_);
  }
}

Result<bool> Background::round() {
  const bool logged = TRY(log_round());
  const bool stored = TRY(storage_round());
  return logged || stored;
}

Result<bool> Background::log_round() {
  wal::Log& log = engine_.pipeline.log();
  bool done = false;
  if (log.wants_spare()) {
    TRY(log.prepare_spare());
    done = true;
  }
  const Lsn next_lsn = log.next_lsn();
  if (next_lsn == seen_next_lsn_ && log.wants_mark()) {
    TRY(engine_.pipeline.exclusive([](wal::Log& own) { return own.mark(); }));
    done = true;
  } else if (log.durable_lsn() + 1 < next_lsn) {
    TRY(engine_.pipeline.sync());
    done = true;
  }
  seen_next_lsn_ = next_lsn;
  return done;
}

bool Background::checkpoint_due() {
  const std::uint64_t since_us = engine_.env.clock.monotonic_us() - checkpoint_us_;
  if (engine_.checkpoint_wanted.load() && since_us >= kDropCheckpointUs) return true;
  const Lsn since_lsn = std::max(engine_.ledger.redo_lsn(), checkpoint_lsn_);
  if (engine_.pipeline.log().next_lsn() == since_lsn) return false;
  return engine_.pipeline.log().bytes_since(since_lsn) > engine_.options.checkpoint_log_bytes ||
         since_us >= engine_.options.checkpoint_interval_ms * kUsPerMs;
}

Status Background::while_merging() {
  {
    std::lock_guard lock(mutex_);
    if (stop_) return Error(ErrorCode::kShutdown, "the database is closing");
  }
  const std::unique_lock urgent(urgent_mutex_, std::try_to_lock);
  if (!urgent) return {};
  const Status done = do_urgent();
  // Damage of one tenant does not end another's merge; the storage thread tells of it.
  return !done && done.error().code() == ErrorCode::kCorruption ? Status() : done;
}

Status Background::do_urgent() {
  // First: where too many files are mapped, to flush may fail.
  TRY(close_idle());
  // What frees memory or the disk does not depend on whether there is room to flush to.
  const Result<bool> flushed = engine_.flusher.flush_to_budget();
  memory_is_stuck_ = flushed && !*flushed;
  if (engine_.env.clock.monotonic_us() - pruned_us_ >= kStoragePeriodMs * kUsPerMs) prune();
  Status damage;
  TRY(unless_damage(flushed ? Status() : flushed.error(), damage));
  TRY(unless_damage(engine_.flusher.flush_queried(), damage));
  if (checkpoint_due()) {
    const bool fresh = engine_.checkpoint_wanted.exchange(false);
    const Lsn next_lsn = engine_.pipeline.log().next_lsn();
    TRY(engine_.checkpoint(fresh ? Engine::FreshLog::kYes : Engine::FreshLog::kNo));
    checkpoint_us_ = engine_.env.clock.monotonic_us();
    checkpoint_lsn_ = next_lsn;
  }
  return damage;
}

void Background::prune() {
  // Destroyed when the locks are released.
  Catalogue::Pruned pruned;
  {
    std::lock_guard apply_lock(engine_.ledger.apply_mutex());
    std::unique_lock lock(engine_.catalogue.mutex());
    pruned = engine_.catalogue.prune();
    open_count_ = engine_.catalogue.open_count();
  }
  pruned = {};
  engine_.budget.let_in();
  tell_of_kept_memory();
  pruned_us_ = engine_.env.clock.monotonic_us();
}

Status Background::close_idle() {
  const std::uint64_t now_us = engine_.env.clock.monotonic_us();
  const std::uint64_t since_us = now_us - closed_us_;
  const std::size_t open_max = engine_.options.open_namespaces_max;
  const std::size_t mapped_files_max = engine_.options.mapped_files_max;
  if (since_us < kCloseSoonUs) return {};
  const bool too_many = open_count_ > 2 * open_max || engine_.env.file_system.mapping_count() > mapped_files_max;
  if (since_us < kClosePeriodUs && !too_many) return {};
  closed_us_ = now_us;
  Catalogue::Pruned closed;
  return engine_.pipeline.exclusive([&](wal::Log&) {
    std::lock_guard apply_lock(engine_.ledger.apply_mutex());
    std::unique_lock lock(engine_.catalogue.mutex());
    closed = engine_.catalogue.close_idle(now_us > kIdleUs ? now_us - kIdleUs : 0, open_max, mapped_files_max);
    return Status();
  });
}

void Background::tell_of_kept_memory() {
  const bool keeps_too_much = engine_.budget.keeps_too_much();
  if (keeps_too_much && !told_of_kept_memory_) {
    log_warning("writers wait: statements or transactions that began long ago keep {} bytes of records in "
                "memory; end them with pg_terminate_backend() or idle_in_transaction_session_timeout",
                engine_.budget.kept_bytes());
  }
  told_of_kept_memory_ = keeps_too_much;
}

Result<bool> Background::storage_round() {
  bool due = false;
  Status urgent;
  {
    const std::lock_guard lock(urgent_mutex_);
    due = engine_.budget.over_budget() || checkpoint_due();
    urgent = do_urgent();
    prune();
    due = due && !memory_is_stuck_;  // then there is nothing to be done at once
  }
  const std::size_t unlinked = TRY(engine_.ledger.unlink_garbage(kUnlinkBatch));
  if (!urgent && urgent.error().code() != ErrorCode::kCorruption) return urgent.error();
  const Result<bool> merge = engine_.compactor.run_one();
  if (!merge && merge.error().code() != ErrorCode::kCorruption) return merge.error();
  const bool merged = merge && *merge;
  TRY(engine_.ledger.rewrite(false));
  if (!urgent) return urgent.error();
  if (!merge) return merge.error();
  return due || merged || unlinked > 0;
}

}  // namespace alcove::executor
