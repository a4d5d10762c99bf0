#pragma once

#include <cstdint>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <unordered_map>

namespace alcove::executor {

// Shares the processors out among tenants. A query's work is cut into morsels; before each one the
// query enters, after it leaves and tells what it cost. Up to `slots` are inside at once. When more
// want in, the next to enter is of the tenant that has used least: each tenant has a virtual time
// that advances by what its morsels cost, and the smallest goes first. A tenant that was away starts
// at the virtual time of now, so that it neither pays for the past nor lives on savings.
// Thread-safe.
class Scheduler {
 public:
  explicit Scheduler(std::uint32_t slots) : free_slots_(slots) {}

  // A query's place. Owned by the query; leaves by itself when destroyed.
  class Turn {
   public:
    explicit Turn(Scheduler& scheduler) : scheduler_(scheduler) {}
    ~Turn();
    Turn(const Turn&) = delete;
    Turn& operator=(const Turn&) = delete;

    // Takes a slot for `tenant` if its turn has come; else waits in line, and false. Asking again
    // while waiting keeps the place. True while inside already.
    bool enter(std::uint64_t tenant);
    // After enter() said false: calls `ready` once when it will say true, from any thread, maybe
    // at once.
    void when_ready(std::function<void()> ready);
    // Gives the slot back. `cost_us` is what the morsel took.
    void leave(std::uint64_t cost_us);
    // Whether a slot must be given up soon because others wait.
    bool contended() const;

   private:
    friend class Scheduler;
    enum class State : unsigned char { kOutside, kWaiting, kInside };
    Scheduler& scheduler_;
    std::uint64_t tenant_ = 0;
    State state_ = State::kOutside;
    std::function<void()> ready_;
    std::list<Turn*>::iterator place_;
  };

 private:
  struct Tenant {
    std::uint64_t virtual_us = 0;
    std::uint32_t inside = 0;
    std::list<Turn*> waiting;  // first come first
  };
  // All require mutex_.
  Tenant& tenant(std::uint64_t number);
  void forget_if_idle(std::uint64_t number);
  void take_slot(Turn& turn, Tenant& tenant);
  // Lets waiting turns in while slots are free; the callbacks to call afterwards without the lock.
  std::list<std::function<void()>> let_in();

  mutable std::mutex mutex_;
  std::uint32_t free_slots_;
  std::uint32_t waiting_count_ = 0;
  std::uint64_t now_us_ = 0;                           // virtual time of the last to enter
  std::unordered_map<std::uint64_t, Tenant> tenants_;  // those inside or waiting
};

}  // namespace alcove::executor
