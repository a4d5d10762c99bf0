#pragma once

#include <atomic>
#include <cstdint>
#include <mutex>
#include <thread>
#include <vector>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>

#include "base/clock.h"
#include "base/waiting.h"

namespace alcove::server {

// An io_context and the threads that run its handlers. A server has several: a connection belongs to one of
// them for as long as it lives, so that cores share the connections out without a switch of threads.
//
// One of the threads has the seat: it waits for the next event and runs its handler itself, so that a
// short statement costs no switch of threads. A handler that says about_to_wait() (base/waiting.h),
// because it is or because it has computed for long, steps aside: the seat passes to an idle thread,
// the one that was busy last. Where handlers
// queue up behind the seat, idle threads help for as long as some are ready, one per core.
// (Letting every thread wait in the io_context wakes one more for each event: twice the time of a
// short statement.)
//
// To wake a thread costs a good part of what a small commit does. So whoever steps aside briefly leaves
// the seat empty and wakes nobody, provided that an idle thread keeps watch: one that looks up every
// millisecond and takes a seat that has stayed empty; and that no other client has been served since the
// last such wait, who would be kept waiting now. A watch ends when there have been no brief waits for a
// while.
//
// Thread-safe.
class WorkerPool {
 public:
  // `clock` must outlive the pool.
  WorkerPool(Clock& clock, unsigned thread_count);
  WorkerPool(const WorkerPool&) = delete;
  WorkerPool& operator=(const WorkerPool&) = delete;

  boost::asio::io_context& context() { return context_; }

  // Throws std::system_error where there is no thread to be had.
  void start();
  // The handler that runs on this thread serves that client. On other threads it does nothing.
  static void note_client(const void* client);
  // Returns when the context has run out of work, and with that every thread has ended. Idempotent.
  void join();

 private:
  struct Worker;
  static void step_aside(WaitLength length);
  void work();
  bool wait_for_part(Worker& self);  // false: it is over
  void keep_watch(Worker& self, std::unique_lock<std::mutex>& lock);
  void serve_seated(Worker& self);
  std::size_t run_ready_handler();
  std::size_t run_next_handler();
  void leave_seat(Worker& self, WaitLength length);
  bool take_back_seat(Worker& self);  // false: another has it
  Worker& take_idle();
  void call_helper();
  void stop();

  const unsigned thread_count_;
  boost::asio::io_context context_;
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_;
  Clock& clock_;
  // Asked once: the standard library reads a file for each answer.
  const unsigned cores_ = std::thread::hardware_concurrency();
  std::vector<std::thread> threads_;

  std::atomic<const void*> client_ = nullptr;  // served last; only compared
  std::atomic<bool> client_changed_ = false;   // since the last brief wait

  std::mutex mutex_;
  std::vector<Worker*> idle_;  // the one that was busy last at the back
  bool vacant_ = true;         // the seat
  Worker* watcher_ = nullptr;  // of the idle ones
  std::uint64_t brief_waits_ = 0;
  unsigned helpers_ = 0;
  bool stopped_ = false;
};

}  // namespace alcove::server
