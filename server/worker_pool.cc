#include "server/worker_pool.h"

#include <condition_variable>
#include <exception>

#include "base/log.h"
#include "base/waiting.h"

namespace alcove::server {
namespace {

// The seat has been busy for so long without a pause: handlers queue up behind it. To wake a helper
// costs as much as a short statement or two.
constexpr std::uint64_t kCrowdedUs = 1000;

}  // namespace

struct WorkerPool::Worker {
  explicit Worker(WorkerPool& of) : pool(of) {}
  WorkerPool& pool;
  std::condition_variable called;
  bool seated = false;   // written under the lock, or by the worker itself while it is true
  bool helping = false;
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

void WorkerPool::step_aside() {
  Worker* const self = Worker::current;
  if (self != nullptr && self->seated) self->pool.pass_seat(*self);
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
  self.called.wait(lock, [&] { return self.seated || self.helping || stopped_; });
  return !stopped_;
}

void WorkerPool::serve_seated(Worker& self) {
  std::uint64_t busy_since_us = clock_.monotonic_us();
  while (self.seated) {
    if (run_ready_handler() > 0) {
      const std::uint64_t now_us = clock_.monotonic_us();
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

void WorkerPool::pass_seat(Worker& self) {
  std::lock_guard lock(mutex_);
  self.seated = false;
  if (idle_.empty()) {
    vacant_ = true;
    return;
  }
  Worker& next = *idle_.back();
  idle_.pop_back();
  next.seated = true;
  next.called.notify_one();
}

void WorkerPool::call_helper() {
  std::lock_guard lock(mutex_);
  if (idle_.empty() || helpers_ + 1 >= cores_) return;
  Worker& helper = *idle_.back();
  idle_.pop_back();
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
