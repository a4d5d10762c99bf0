// Work in two parts on two threads: that both are done, and what becomes of errors.

#include "segments/two_hands.h"

#include <array>
#include <functional>
#include <stdexcept>
#include <thread>

#include <gtest/gtest.h>

namespace alcove::segments {
namespace {

using Pause = std::function<Status()>;

const Pause kNoPause = [] { return Status(); };

// Calls `pause` until it fails.
Status wait_to_be_stopped(const Pause& pause) {
  while (true) {
    const Status stopped = pause();
    if (!stopped) return stopped;
    std::this_thread::yield();
  }
}

TEST(TwoHands, DoBothParts) {
  std::array<int, 2> done{};
  const auto work = [&](std::size_t hand, const Pause& pause) -> Status {
    TRY(pause());
    ++done[hand];
    return {};
  };
  EXPECT_TRUE(with_two_hands(kNoPause, work));
  EXPECT_EQ(done, (std::array<int, 2>{1, 1}));
}

TEST(TwoHands, AskForAPauseOnTheCallersThreadOnly) {
  const auto caller = std::this_thread::get_id();
  int pauses = 0;
  const Pause pause = [&]() -> Status {
    EXPECT_EQ(std::this_thread::get_id(), caller);
    ++pauses;
    return {};
  };
  EXPECT_TRUE(with_two_hands(pause, [](std::size_t, const Pause& own) { return own(); }));
  EXPECT_EQ(pauses, 1);
}

TEST(TwoHands, StopBothWhereThePauseFails) {
  const Pause pause = [] { return Status(fail(ErrorCode::kCancelled, "enough")); };
  const Status done = with_two_hands(pause, [](std::size_t, const Pause& own) { return wait_to_be_stopped(own); });
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().message(), "enough");
}

TEST(TwoHands, TellTheErrorOfThePartBeside) {
  const auto work = [](std::size_t hand, const Pause&) {
    return hand == 0 ? Status() : Status(fail(ErrorCode::kCorruption, "damaged"));
  };
  const Status done = with_two_hands(kNoPause, work);
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().message(), "damaged");
}

TEST(TwoHands, ThrowWhatEitherPartThrows) {
  for (const std::size_t thrower : {0U, 1U}) {
    const auto work = [&](std::size_t hand, const Pause& pause) -> Status {
      if (hand == thrower) throw std::length_error("too long");
      return thrower == 0 ? wait_to_be_stopped(pause) : Status();
    };
    EXPECT_THROW((void)with_two_hands(kNoPause, work), std::length_error);
  }
}

}  // namespace
}  // namespace alcove::segments
