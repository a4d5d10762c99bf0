#include "server/connection_registry.h"

#include <cstdint>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace alcove::server {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class CountingRandom final : public Random {
 public:
  std::uint64_t u64() override { return next_++; }

 private:
  std::uint64_t next_ = 1000;
};

class ConnectionRegistryTest : public testing::Test {
 protected:
  ConnectionRegistry::Key open() {
    const auto key = registry_.add({.user = "me"});
    EXPECT_TRUE(key);
    registry_.connect(key->process_id,
                      [this](SessionSignal signal) { received_.push_back(signal); });
    return *key;
  }

  CountingRandom random_;
  ConnectionRegistry registry_{random_, 2};
  std::vector<SessionSignal> received_;
};

TEST_F(ConnectionRegistryTest, GivesOutNoMorePlacesThanThereAre) {
  const auto first = open();
  open();
  EXPECT_FALSE(registry_.add({.user = "me"}));
  registry_.remove(first.process_id);
  EXPECT_EQ(registry_.count(), 1U);
  EXPECT_TRUE(registry_.add({.user = "me"}));
}

TEST_F(ConnectionRegistryTest, NumbersSessionsApart) {
  const auto first = open();
  const auto second = open();
  EXPECT_GT(first.process_id, 0);
  EXPECT_NE(first.process_id, second.process_id);
  EXPECT_NE(first.secret_key, second.secret_key);
}

TEST_F(ConnectionRegistryTest, CancelsOnlyWithTheKey) {
  const auto key = open();
  registry_.cancel({key.process_id, key.secret_key + 1});
  registry_.cancel({key.process_id + 1, key.secret_key});
  EXPECT_THAT(received_, IsEmpty());
  registry_.cancel(key);
  EXPECT_THAT(received_, ElementsAre(SessionSignal::kCancel));
}

TEST_F(ConnectionRegistryTest, SignalsNobodyWhoIsNotConnected) {
  const auto key = open();
  registry_.disconnect(key.process_id);
  EXPECT_FALSE(registry_.signal(key.process_id, SessionSignal::kTerminate));
  registry_.cancel(key);
  registry_.signal_all(SessionSignal::kTerminate);
  EXPECT_THAT(received_, IsEmpty());
}

TEST_F(ConnectionRegistryTest, SignalsEverySession) {
  open();
  open();
  registry_.signal_all(SessionSignal::kTerminate);
  EXPECT_THAT(received_, ElementsAre(SessionSignal::kTerminate, SessionSignal::kTerminate));
}

TEST_F(ConnectionRegistryTest, SignalsOnlySessionsOfTheUserWhereOneIsGiven) {
  const auto key = open();
  EXPECT_FALSE(registry_.signal(key.process_id, SessionSignal::kCancel, "you"));
  EXPECT_THAT(received_, IsEmpty());
  EXPECT_TRUE(registry_.signal(key.process_id, SessionSignal::kCancel, "me"));
  EXPECT_THAT(received_, ElementsAre(SessionSignal::kCancel));
}

TEST_F(ConnectionRegistryTest, BoundsEachGroup) {
  const ConnectionRegistry::Owner tenant{.user = "t1", .group = "tenant", .group_max = 1};
  const auto first = registry_.add(tenant);
  ASSERT_TRUE(first);
  const auto second = registry_.add(tenant);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code(), ErrorCode::kTooManyConnections);
  EXPECT_EQ(second.error().message(), "too many connections for role \"t1\"");
  EXPECT_TRUE(registry_.add({.user = "t2", .group = "another", .group_max = 1}));
  registry_.remove(first->process_id);
  EXPECT_TRUE(registry_.add(tenant));
}

TEST_F(ConnectionRegistryTest, WaitsForTheLastSession) {
  const auto key = open();
  EXPECT_FALSE(registry_.wait_until_empty(std::chrono::milliseconds(1)));
  registry_.remove(key.process_id);
  EXPECT_TRUE(registry_.wait_until_empty(std::chrono::milliseconds(0)));
}

}  // namespace
}  // namespace alcove::server
