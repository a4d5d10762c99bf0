#include "executor/commit_pipeline.h"

#include <algorithm>

#include "base/waiting.h"

namespace alcove::executor {
namespace {

// So many waiters are looked at for one group; more would only make the line's copy longer.
constexpr std::size_t kGroupWaiters = 1024;
// To log and to sync so much takes no longer, as a rule, than to sync a block.
constexpr std::uint64_t kBriefBytes = 64 * 1024;

}  // namespace

Status CommitPipeline::commit(const Transaction& transaction, Durability durability) {
  if (transaction.empty()) return {};
  Waiter waiter;
  waiter.transaction = &transaction;
  waiter.durability = durability;
  wait_in_line(waiter);
  return waiter.result;
}

Status CommitPipeline::exclusive(const std::function<Status(wal::Log&)>& action) {
  Waiter waiter;
  waiter.action = &action;
  wait_in_line(waiter);
  return waiter.result;
}

Status CommitPipeline::sync() {
  if (log_->durable_lsn() + 1 == log_->next_lsn()) return {};
  return exclusive([](wal::Log& log) { return log.sync(); });
}

void CommitPipeline::wait_in_line(Waiter& waiter) {
  const bool brief = waiter.transaction != nullptr && waiter.transaction->bytes() <= kBriefBytes;
  about_to_wait(brief ? WaitLength::kBrief : WaitLength::kLong);
  Lock lock(mutex_);
  line_.push_back(&waiter);
  while (!waiter.done) {
    if (leading_) {
      waiter.turn.wait(lock);
    } else {
      lead(lock, waiter);
    }
  }
}

std::shared_ptr<CommitPipeline::Ticket> CommitPipeline::submit(
    std::unique_ptr<const Transaction> transaction, Durability durability) {
  auto ticket = std::make_shared<Ticket>();
  ticket->transaction_ = std::move(transaction);
  Waiter& waiter = ticket->waiter_;
  waiter.transaction = ticket->transaction_.get();
  waiter.durability = durability;
  if (waiter.transaction->empty()) {
    waiter.done = true;
    return ticket;
  }
  {
    Lock lock(mutex_);
    if (has_commit_thread_ && !stopping_ && leading_) {
      waiter.self = ticket;
      line_.push_back(&waiter);
      return ticket;
    }
  }
  wait_in_line(waiter);
  return ticket;
}

std::optional<Status> CommitPipeline::result(const Ticket& ticket) const {
  Lock lock(mutex_);
  if (!ticket.waiter_.done) return std::nullopt;
  return ticket.waiter_.result;
}

void CommitPipeline::when_done(Ticket& ticket, std::function<void()> done) {
  {
    Lock lock(mutex_);
    if (!ticket.waiter_.done) {
      ticket.waiter_.when_done = std::move(done);
      return;
    }
  }
  done();
}

void CommitPipeline::lead_lines() {
  Lock lock(mutex_);
  has_commit_thread_ = true;
  // Whoever stands in line by itself when it is stopped is served still.
  while (!stopping_ || leading_ || !line_.empty()) {
    if (leading_ || line_.empty()) {
      line_waits_.wait(lock);
      continue;
    }
    leading_ = true;
    while (!line_.empty()) serve_front(lock);
    leading_ = false;
  }
  has_commit_thread_ = false;
}

void CommitPipeline::stop_leading() {
  Lock lock(mutex_);
  stopping_ = true;
  line_waits_.notify_one();
}

void CommitPipeline::lead(Lock& lock, const Waiter& until_done) {
  leading_ = true;
  while (!until_done.done) serve_front(lock);
  leading_ = false;
  pass_lead();
}

void CommitPipeline::pass_lead() {
  if (has_commit_thread_) {
    if (stopping_ || !line_.empty()) line_waits_.notify_one();
  } else if (!line_.empty()) {
    line_.front()->turn.notify_one();
  }
}

void CommitPipeline::serve_front(Lock& lock) {
  const std::size_t count = std::min(line_.size(), kGroupWaiters);
  const std::vector<Waiter*> front(line_.begin(),
                                   line_.begin() + static_cast<std::ptrdiff_t>(count));
  lock.unlock();
  const std::size_t served = serve(front);
  lock.lock();
  std::vector<std::function<void()>> calls;
  std::vector<std::shared_ptr<Ticket>> tickets;
  for (std::size_t i = 0; i < served; ++i) {
    Waiter& waiter = *front[i];
    line_.pop_front();
    waiter.done = true;
    if (waiter.when_done) calls.push_back(std::move(waiter.when_done));
    if (waiter.self) tickets.push_back(std::move(waiter.self));
    // Under the lock: a waiter that is done may be gone as soon as it is released.
    waiter.turn.notify_one();
  }
  if (tickets.empty()) return;
  lock.unlock();
  for (const auto& call : calls) call();
  tickets.clear();
  lock.lock();
}

std::size_t CommitPipeline::serve(const std::vector<Waiter*>& front) {
  if (front.front()->action != nullptr) {
    front.front()->result = (*front.front()->action)(*log_);
    return 1;
  }
  CommitGroup group(catalogue_, roles_, numbers_);
  std::vector<Waiter*> members;
  Durability durability = Durability::kLater;
  std::size_t served = 0;
  for (Waiter* waiter : front) {
    if (waiter->action != nullptr || group.bytes() >= group_bytes_max_) break;
    const Result<bool> added = group.add(*waiter->transaction);
    if (added && !*added) break;
    ++served;
    if (!added) {
      waiter->result = added.error();
      continue;
    }
    if (group.members().size() > members.size()) members.push_back(waiter);
    if (waiter->durability == Durability::kSync) durability = Durability::kSync;
  }
  if (members.empty()) return served;
  const Status result = log_and_apply(group, durability);
  for (Waiter* waiter : members) waiter->result = result;
  return served;
}

Status CommitPipeline::log_and_apply(const CommitGroup& group, Durability durability) {
  const Lsn first_lsn = TRY(log_->append(
      group.records(),
      group.frees_space() ? wal::LogSpace::kReserved : wal::LogSpace::kOrdinary));
  if (durability == Durability::kSync) TRY(log_->sync());
  Lsn lsn = first_lsn;
  {
    std::lock_guard lock(ledger_.apply_mutex());
    for (const CommitGroup::Member& member : group.members()) {
      TRY(applier_.apply(lsn, member.changes));
      ledger_.note_applied(lsn++);
    }
  }
  snapshots_.publish(lsn - 1);
  return {};
}

}  // namespace alcove::executor
