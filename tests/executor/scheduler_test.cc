#include "executor/scheduler.h"

#include <map>
#include <memory>
#include <vector>

#include <gtest/gtest.h>

namespace alcove::executor {
namespace {

using Turn = Scheduler::Turn;

TEST(Scheduler, LetsInAsManyAsThereAreSlots) {
  Scheduler scheduler(2);
  Turn first(scheduler), second(scheduler), third(scheduler);
  EXPECT_TRUE(first.enter(1));
  EXPECT_TRUE(second.enter(1));
  EXPECT_FALSE(third.enter(2));
  bool called = false;
  third.when_ready([&] { called = true; });
  EXPECT_FALSE(called);
  first.leave(10);
  EXPECT_TRUE(called);
  EXPECT_TRUE(third.enter(2));
}

TEST(Scheduler, ATurnThatIsDestroyedGivesItsPlaceBack) {
  Scheduler scheduler(1);
  Turn waiting(scheduler);
  {
    Turn inside(scheduler);
    EXPECT_TRUE(inside.enter(1));
    EXPECT_FALSE(waiting.enter(2));
  }
  EXPECT_TRUE(waiting.enter(2));
}

// Runs turns of several tenants that always want more, and returns what each used.
std::map<std::uint64_t, std::uint64_t> compete(const std::map<std::uint64_t, int>& queries,
                                               std::uint64_t cost_us, int rounds) {
  Scheduler scheduler(1);
  struct Query {
    std::uint64_t tenant;
    std::unique_ptr<Turn> turn;
  };
  std::vector<Query> all;
  for (const auto& [tenant, count] : queries) {
    for (int i = 0; i < count; ++i) all.push_back({tenant, std::make_unique<Turn>(scheduler)});
  }
  std::map<std::uint64_t, std::uint64_t> used;
  for (Query& query : all) query.turn->enter(query.tenant);
  for (int round = 0; round < rounds; ++round) {
    for (Query& query : all) {
      if (!query.turn->enter(query.tenant)) continue;
      used[query.tenant] += cost_us;
      query.turn->leave(cost_us);
      query.turn->enter(query.tenant);
      break;
    }
  }
  return used;
}

TEST(Scheduler, ManyQueriesOfOneTenantDoNotCrowdOutAnother) {
  const auto used = compete({{1, 50}, {2, 1}}, 1000, 2000);
  const double share =
      static_cast<double>(used.at(2)) / static_cast<double>(used.at(1) + used.at(2));
  EXPECT_GT(share, 0.45);
  EXPECT_LT(share, 0.55);
}

TEST(Scheduler, ANewcomerNeitherStarvesOthersNorStarves) {
  Scheduler scheduler(1);
  Turn old_turn(scheduler), new_turn(scheduler), blocker(scheduler);
  for (int i = 0; i < 100; ++i) {
    ASSERT_TRUE(old_turn.enter(1));
    old_turn.leave(1000);
  }
  std::uint64_t old_used = 0;
  std::uint64_t new_used = 0;
  old_turn.enter(1);
  new_turn.enter(2);
  for (int i = 0; i < 200; ++i) {
    Turn& inside = old_turn.enter(1) ? old_turn : new_turn;
    (&inside == &old_turn ? old_used : new_used) += 100;
    inside.leave(100);
    inside.enter(&inside == &old_turn ? 1 : 2);
  }
  EXPECT_NEAR(static_cast<double>(old_used), static_cast<double>(new_used), 1000);
}

}  // namespace
}  // namespace alcove::executor
