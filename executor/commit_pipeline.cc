#include "executor/commit_pipeline.h"

#include <algorithm>

#include "base/waiting.h"

namespace alcove::executor {
namespace {

// So many waiters are looked at for one group; more would only make the line's copy longer.
constexpr std::size_t kGroupWaiters = 1024;

}  // namespace

Status CommitPipeline::commit(const Transaction& transaction, Durability durability) {
  if (transaction.empty()) return {};
  Waiter waiter;
  waiter.transaction = &transaction;
  waiter.durability = durability;
  return wait_in_line(waiter);
}

Status CommitPipeline::exclusive(const std::function<Status(wal::Log&)>& action) {
  Waiter waiter;
  waiter.action = &action;
  return wait_in_line(waiter);
}

Status CommitPipeline::sync() {
  if (log_->durable_lsn() + 1 == log_->next_lsn()) return {};
  return exclusive([](wal::Log& log) { return log.sync(); });
}

Status CommitPipeline::wait_in_line(Waiter& waiter) {
  about_to_wait();
  std::unique_lock lock(mutex_);
  line_.push_back(&waiter);
  while (!waiter.done) {
    if (leading_) {
      waiter.turn.wait(lock);
      continue;
    }
    leading_ = true;
    while (!waiter.done) {
      const std::size_t count = std::min(line_.size(), kGroupWaiters);
      const std::vector<Waiter*> front(line_.begin(),
                                       line_.begin() + static_cast<std::ptrdiff_t>(count));
      lock.unlock();
      const std::size_t served = serve(front);
      lock.lock();
      for (std::size_t i = 0; i < served; ++i) {
        line_.pop_front();
        front[i]->done = true;
        // Under the lock: a waiter that is done may be gone as soon as it is released.
        if (front[i] != &waiter) front[i]->turn.notify_one();
      }
    }
    leading_ = false;
    if (!line_.empty()) line_.front()->turn.notify_one();
  }
  return waiter.result;
}

std::size_t CommitPipeline::serve(const std::vector<Waiter*>& front) {
  if (front.front()->action != nullptr) {
    front.front()->result = (*front.front()->action)(*log_);
    return 1;
  }
  CommitGroup group(catalogue_, numbers_);
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
