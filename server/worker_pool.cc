#include "server/worker_pool.h"

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <exception>
#include <utility>

#include "base/log.h"
#include "base/waiting.h"

namespace alcove::server {
namespace {

// The seat has been busy for so long without a pause: handlers queue up behind it. To wake a helper
// costs as much as a short statement or two.
constexpr std::uint64_t kCrowdedUs = 1000;
// Behind a brief wait that turns out to be long others wait for two such periods at most.
constexpr std::chrono::milliseconds kWatchPeriod(1);
// So many looks with no brief wait between them end a watch.
constexpr unsigned kQuietLooksMax = 100;

}  // namespace

struct WorkerPool::Worker {
  explicit Worker(WorkerPool& of) : pool(of) {}
  WorkerPool& pool;
  std::condition_variable called;
  bool seated = false;   // written under the lock, or by the worker itself while it is true
  bool helping = false;
  bool left_seat_empty = false;
  bool waited_briefly = false;  // since it was idle
  bool is_called() const { return seated || helping || pool.stopped_; }
  static thread_local Worker* current;
};

thread_local WorkerPool::Worker* WorkerPool::Worker::current = nullptr;

WorkerPool::WorkerPool(Clock& clock, unsigned thread_count)
    : thread_count_(thread_count),
      context_(static_cast<int>(thread_count)),
      work_(boost::asio::make_work_guard(context_)),
      clock_(clock) {}

void WorkerPool::start() {
  for (unsigned i = 0; i < thread_count_; ++i) threads_.emplace_back([this] { work(); });
}

void WorkerPool::join() {
  work_.reset();
  for (std::thread& thread : threads_) thread.join();
  threads_.clear();
}

void WorkerPool::step_aside(WaitLength length) {
  Worker* const self = Worker::current;
  if (self == nullptr) return;
  const bool takes_longer = self->left_seat_empty && length == WaitLength::kLong;
  if (self->seated || takes_longer) self->pool.leave_seat(*self, length);
}

void WorkerPool::note_client(const void* client) {
  Worker* const self = Worker::current;
  if (self == nullptr) return;
  WorkerPool& pool = self->pool;
  if (pool.client_.load(std::memory_order_relaxed) == client) return;
  pool.client_.store(client, std::memory_order_relaxed);
  pool.client_changed_.store(true, std::memory_order_relaxed);
}

void WorkerPool::work() {
  Worker self(*this);
  Worker::current = &self;
  tell_before_waiting(&step_aside);
  while (wait_for_part(self)) {
    if (self.seated) serve_seated(self);
    // For helpers; and whoever stepped aside may have queued something that the new holder of the
    // seat, asleep until the next event, has not been told of.
    while (run_ready_handler() > 0) {
    }
  }
}

bool WorkerPool::wait_for_part(Worker& self) {
  std::unique_lock lock(mutex_);
  if (self.helping) {
    self.helping = false;
    --helpers_;
  }
  if (stopped_) return false;
  if (vacant_) {
    vacant_ = false;
    self.seated = true;
    return true;
  }
  idle_.push_back(&self);
  if (self.waited_briefly && watcher_ == nullptr) keep_watch(self, lock);
  self.waited_briefly = false;
  self.called.wait(lock, [&] { return self.is_called(); });
  return !stopped_;
}

// Until the worker is called, takes the seat, or nobody waits briefly any more.
void WorkerPool::keep_watch(Worker& self, std::unique_lock<std::mutex>& lock) {
  watcher_ = &self;
  std::uint64_t seen = brief_waits_;
  for (unsigned quiet_looks = 0; quiet_looks < kQuietLooksMax;) {
    self.called.wait_for(lock, kWatchPeriod);
    if (self.is_called()) break;
    if (seen != brief_waits_) {
      seen = brief_waits_;
      quiet_looks = 0;
      continue;
    }
    ++quiet_looks;
    if (!vacant_) continue;
    std::erase(idle_, &self);
    vacant_ = false;
    self.seated = true;
    break;
  }
  if (watcher_ == &self) watcher_ = nullptr;
}

void WorkerPool::serve_seated(Worker& self) {
  std::uint64_t busy_since_us = clock_.monotonic_us();
  while (self.seated || take_back_seat(self)) {
    if (run_ready_handler() > 0) {
      const std::uint64_t now_us = clock_.monotonic_us();
      if (!self.seated) {
        if (!take_back_seat(self)) return;
        busy_since_us = now_us;
      }
      if (now_us - busy_since_us >= kCrowdedUs) {
        call_helper();
        busy_since_us = now_us;
      }
      continue;
    }
    if (run_next_handler() == 0) return stop();
    busy_since_us = clock_.monotonic_us();
  }
}

// One that need not be waited for; 0 if there is none.
std::size_t WorkerPool::run_ready_handler() {
  try {
    return context_.poll_one();
  } catch (const std::exception& exception) {
    // Memory was short where a handler was to be queued: its connection ends, not its thread.
    log_error("a handler failed: {}", exception.what());
    return 1;
  }
}

// 0 once the context is out of work.
std::size_t WorkerPool::run_next_handler() {
  try {
    return context_.run_one();
  } catch (const std::exception& exception) {
    log_error("a handler failed: {}", exception.what());
    return 1;
  }
}

void WorkerPool::leave_seat(Worker& self, WaitLength length) {
  std::lock_guard lock(mutex_);
  // Left empty before: it may have been taken since.
  if (!self.seated && !vacant_) return;
  vacant_ = false;
  self.seated = false;
  self.left_seat_empty = false;
  if (length == WaitLength::kBrief) {
    ++brief_waits_;
    self.waited_briefly = true;
    const bool others_served = client_changed_.exchange(false, std::memory_order_relaxed);
    self.left_seat_empty = watcher_ != nullptr && !others_served;
  }
  if (self.left_seat_empty || idle_.empty()) {
    vacant_ = true;
    return;
  }
  Worker& next = take_idle();
  next.seated = true;
  next.called.notify_one();
}

bool WorkerPool::take_back_seat(Worker& self) {
  std::lock_guard lock(mutex_);
  if (!std::exchange(self.left_seat_empty, false) || !vacant_) return false;
  vacant_ = false;
  self.seated = true;
  return true;
}

WorkerPool::Worker& WorkerPool::take_idle() {
  Worker& worker = *idle_.back();
  idle_.pop_back();
  if (watcher_ == &worker) watcher_ = nullptr;
  return worker;
}

void WorkerPool::call_helper() {
  std::lock_guard lock(mutex_);
  if (idle_.empty() || helpers_ + 1 >= cores_) return;
  Worker& helper = take_idle();
  helper.helping = true;
  ++helpers_;
  helper.called.notify_one();
}

void WorkerPool::stop() {
  std::lock_guard lock(mutex_);
  stopped_ = true;
  for (Worker* const worker : idle_) worker->called.notify_one();
  idle_.clear();
}

}  // namespace alcove::server
