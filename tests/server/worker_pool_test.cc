#include "server/worker_pool.h"

#include <chrono>
#include <future>
#include <initializer_list>
#include <memory>
#include <optional>
#include <set>
#include <thread>

#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <gtest/gtest.h>

#include "base/clock.h"
#include "base/waiting.h"

namespace alcove::server {
namespace {

namespace asio = boost::asio;

class WorkerPoolTest : public testing::Test {
 protected:
  void start(unsigned threads) {
    pool_.emplace(clock_, threads);
    pool_->start();
  }
  template <class Handler>
  void post(Handler handler) {
    asio::post(pool_->context(), std::move(handler));
  }
  asio::io_context& context() { return pool_->context(); }
  void finish() { pool_->join(); }

  // Serves a client that waits briefly, one statement at a time. Returns how often the thread changed.
  int serve_brief_waits(int count) {
    const int client = 0;
    std::thread::id last;
    int changes = 0;
    for (int i = 0; i < count; ++i) {
      std::promise<std::thread::id> served;
      post([&] {
        WorkerPool::note_client(&client);
        about_to_wait(WaitLength::kBrief);
        served.set_value(std::this_thread::get_id());
      });
      const std::thread::id now = served.get_future().get();
      if (i > 0 && now != last) ++changes;
      last = now;
    }
    return changes;
  }

  // A handler says that it waits, in these ways one after the other, and then does, until another was served.
  void serve_another_while_one_waits(std::initializer_list<WaitLength> lengths) {
    std::promise<void> released;
    std::promise<void> went_on;
    post([&] {
      for (const WaitLength length : lengths) about_to_wait(length);
      released.get_future().wait();
      went_on.set_value();
    });
    post([&] { released.set_value(); });
    went_on.get_future().wait();
  }

 private:
  SystemClock clock_;
  std::optional<WorkerPool> pool_;
};

TEST_F(WorkerPoolTest, ServesOthersWhileAHandlerWaits) {
  start(2);
  serve_another_while_one_waits({WaitLength::kLong});
  finish();
}

TEST_F(WorkerPoolTest, ABriefWaitOfTheOnlyActiveClientCallsNoOtherThread) {
  start(4);
  // The watcher takes over where the machine stops the waiting thread for long, but not every time.
  bool stays = false;
  for (int round = 0; round < 50 && !stays; ++round) stays = serve_brief_waits(40) < 10;
  EXPECT_TRUE(stays);
  finish();
}

TEST_F(WorkerPoolTest, ServesOthersWhileABriefWaitTurnsOutToBeLong) {
  start(2);
  for (int round = 0; round < 20; ++round) {
    serve_brief_waits(4);
    serve_another_while_one_waits({WaitLength::kBrief});
  }
  finish();
}

TEST_F(WorkerPoolTest, ServesOthersAtOnceWhereALongWaitFollowsABriefOne) {
  start(3);
  for (int round = 0; round < 100; ++round) {
    serve_brief_waits(3);
    serve_another_while_one_waits({WaitLength::kBrief, WaitLength::kLong, WaitLength::kLong});
  }
  finish();
}

TEST_F(WorkerPoolTest, ABriefWaitOfTheOnlyThreadEndsByItself) {
  start(1);
  EXPECT_EQ(serve_brief_waits(20), 0);
  finish();
}

TEST_F(WorkerPoolTest, PassesTheSeatOnWhenAWatchHasEnded) {
  start(2);
  serve_brief_waits(4);
  // A timer of the pool's own context: nothing waits briefly meanwhile.
  asio::steady_timer timer(context());
  std::promise<void> quiet;
  timer.expires_after(std::chrono::milliseconds(500));
  timer.async_wait([&](const boost::system::error_code&) { quiet.set_value(); });
  quiet.get_future().wait();
  serve_another_while_one_waits({WaitLength::kBrief});
  finish();
}

TEST_F(WorkerPoolTest, GoesOnWithASingleThread) {
  start(1);
  std::promise<void> second;
  post([] {
    about_to_wait();
    about_to_wait();
  });
  post([&] { second.set_value(); });
  second.get_future().wait();
  finish();
}

TEST_F(WorkerPoolTest, RunsWhatAHandlerQueuedAfterItStepsAside) {
  start(4);
  for (int round = 0; round < 200; ++round) {
    std::promise<void> done;
    post([&] {
      about_to_wait();
      post([&] { done.set_value(); });
    });
    done.get_future().wait();
  }
  finish();
}

TEST_F(WorkerPoolTest, AWaitingHandlerPerThreadHoldsUpNobodyForGood) {
  constexpr int kThreads = 4;
  start(kThreads);
  std::promise<void> released;
  const std::shared_future<void> release = released.get_future().share();
  std::promise<void> served;
  for (int i = 0; i < kThreads; ++i) {
    post([release] {
      about_to_wait();
      release.wait();
    });
  }
  post([&] { served.set_value(); });
  released.set_value();
  served.get_future().wait();
  finish();
}

TEST_F(WorkerPoolTest, ShortHandlersKeepToFewThreads) {
  start(8);
  std::set<std::thread::id> threads;
  for (int i = 0; i < 100; ++i) {
    std::promise<std::thread::id> ran;
    post([&] { ran.set_value(std::this_thread::get_id()); });
    threads.insert(ran.get_future().get());
  }
  // One, and a helper where the machine was so busy that they queued up.
  EXPECT_LE(threads.size(), 3U);
  finish();
}

TEST_F(WorkerPoolTest, SurvivesAHandlerThatThrows) {
  start(2);
  std::promise<void> after;
  post([] { throw std::bad_alloc(); });
  post([&] { after.set_value(); });
  after.get_future().wait();
  finish();
}

}  // namespace
}  // namespace alcove::server
