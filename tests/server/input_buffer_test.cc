#include "server/input_buffer.h"

#include <algorithm>
#include <random>
#include <string>

#include <gtest/gtest.h>

namespace alcove::server {
namespace {

TEST(InputBuffer, HoldsNothingUntilBytesCome) {
  InputBuffer buffer;
  EXPECT_EQ(buffer.capacity(), 0U);
  EXPECT_EQ(buffer.unread(), "");
  buffer.prepare(1);
  buffer.release();
  EXPECT_EQ(buffer.capacity(), 0U);
}

TEST(InputBuffer, KeepsWhatIsUnreadOverARelease) {
  InputBuffer buffer;
  buffer.prepare(4)[0] = 'x';
  buffer.commit(1);
  buffer.release();
  EXPECT_EQ(buffer.unread(), "x");
}

// A peer that announces a gigabyte and sends a little gets a little.
TEST(InputBuffer, GrowsWithWhatCameNotWithWhatWasAnnounced) {
  InputBuffer buffer;
  std::size_t received = 0;
  while (received < 1'000'000) {
    const std::size_t room = buffer.prepare(1U << 30).size();
    buffer.commit(room);
    received += room;
    EXPECT_LE(buffer.capacity(), std::max<std::size_t>(8192, 2 * received));
  }
}

TEST(InputBuffer, GrowsNoFurtherThanTheMessage) {
  InputBuffer buffer;
  while (buffer.unread().size() < 20'000) {
    const std::size_t room = buffer.prepare(20'000).size();
    buffer.commit(room);
  }
  EXPECT_EQ(buffer.capacity(), 20'000U);
}

TEST(InputBuffer, WidensUpToALimit) {
  InputBuffer buffer;
  for (const std::size_t capacity : {8192U, 16384U, 30'000U, 30'000U}) {
    buffer.widen(30'000);
    EXPECT_EQ(buffer.capacity(), capacity);
    EXPECT_EQ(buffer.prepare(1).size(), capacity);
  }
}

TEST(InputBuffer, IsAQueueOfBytes) {
  std::mt19937 random(7);
  InputBuffer buffer;
  std::string model;
  char next = 0;
  for (int step = 0; step < 4'000; ++step) {
    const auto room = buffer.prepare(model.size() + 1 + random() % 30'000);
    ASSERT_FALSE(room.empty());
    const std::size_t bytes = std::min<std::size_t>(room.size(), random() % 3000);
    for (std::size_t i = 0; i < bytes; ++i) model.push_back(room[i] = ++next);
    buffer.commit(bytes);
    ASSERT_EQ(buffer.unread(), model);
    const std::size_t used = std::min<std::size_t>(model.size(), random() % 6000);
    buffer.consume(used);
    model.erase(0, used);
    if (random() % 4 == 0) buffer.release();
    if (random() % 8 == 0) buffer.widen(60'000);
    ASSERT_EQ(buffer.unread(), model);
  }
}

}  // namespace
}  // namespace alcove::server
