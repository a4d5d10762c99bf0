#pragma once

#include <atomic>
#include <exception>
#include <functional>
#include <system_error>
#include <thread>

#include "base/result.h"

namespace alcove::segments {

// Does work in two parts at the same time: work(0, pause) on this thread, and work(1, another) on one beside it. Both have
// returned when this does. So many processors a merge may take. Where no thread is to be had, work(1, pause) comes after.
//
// `pause` is called on this thread alone; what the part beside calls in its place fails when the first part has. Returns
// the error of work(0), else that of work(1); throws likewise.
// Requires: neither part writes to what the other looks at.
template <class Work>
Status with_two_hands(const std::function<Status()>& pause, const Work& work) {
  std::atomic<bool> failed = false;
  Status done_beside;
  std::exception_ptr thrown_beside;
  const std::function<Status()> pause_beside = [&failed]() -> Status {
    if (failed) return fail(ErrorCode::kCancelled, "the other part has failed");
    return {};
  };
  const auto do_beside = [&](const std::function<Status()>& own_pause) {
    try {
      done_beside = work(1, own_pause);
    } catch (...) {
      thrown_beside = std::current_exception();
    }
  };
  Status done;
  {
    std::jthread thread;
    try {
      thread = std::jthread([&] { do_beside(pause_beside); });
    } catch (const std::system_error&) {
    }
    try {
      done = work(0, pause);
    } catch (...) {
      failed = true;
      throw;
    }
    if (!done) failed = true;
    if (!thread.joinable() && done) do_beside(pause);
  }
  TRY(done);
  if (thrown_beside) std::rethrow_exception(thrown_beside);
  return done_beside;
}

}  // namespace alcove::segments
