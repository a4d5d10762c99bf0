#include "executor/scheduler.h"

#include <algorithm>
#include <utility>

namespace alcove::executor {

Scheduler::Turn::~Turn() {
  std::list<std::function<void()>> ready;
  {
    std::lock_guard lock(scheduler_.mutex_);
    if (state_ == State::kOutside) return;
    Tenant& own = scheduler_.tenant(tenant_);
    if (state_ == State::kWaiting) {
      own.waiting.erase(place_);
      --scheduler_.waiting_count_;
    } else {
      --own.inside;
      ++scheduler_.free_slots_;
    }
    scheduler_.forget_if_idle(tenant_);
    ready = scheduler_.let_in();
  }
  for (auto& call : ready) call();
}

bool Scheduler::Turn::enter(std::uint64_t tenant) {
  std::lock_guard lock(scheduler_.mutex_);
  if (state_ == State::kInside) return true;
  if (state_ == State::kWaiting) return false;
  tenant_ = tenant;
  Tenant& own = scheduler_.tenant(tenant);
  if (scheduler_.free_slots_ > 0 && scheduler_.waiting_count_ == 0) {
    scheduler_.take_slot(*this, own);
    return true;
  }
  own.waiting.push_back(this);
  place_ = std::prev(own.waiting.end());
  ++scheduler_.waiting_count_;
  state_ = State::kWaiting;
  return false;
}

void Scheduler::Turn::when_ready(std::function<void()> ready) {
  {
    std::lock_guard lock(scheduler_.mutex_);
    if (state_ == State::kWaiting) {
      ready_ = std::move(ready);
      return;
    }
  }
  ready();
}

void Scheduler::Turn::leave(std::uint64_t cost_us) {
  std::list<std::function<void()>> ready;
  {
    std::lock_guard lock(scheduler_.mutex_);
    if (state_ != State::kInside) return;
    Tenant& own = scheduler_.tenant(tenant_);
    own.virtual_us += std::max<std::uint64_t>(cost_us, 1);
    --own.inside;
    ++scheduler_.free_slots_;
    state_ = State::kOutside;
    scheduler_.forget_if_idle(tenant_);
    ready = scheduler_.let_in();
  }
  for (auto& call : ready) call();
}

bool Scheduler::Turn::contended() const {
  std::lock_guard lock(scheduler_.mutex_);
  return scheduler_.waiting_count_ > 0;
}

Scheduler::Tenant& Scheduler::tenant(std::uint64_t number) {
  auto [place, made] = tenants_.try_emplace(number);
  if (made) place->second.virtual_us = now_us_;
  return place->second;
}

void Scheduler::forget_if_idle(std::uint64_t number) {
  const auto place = tenants_.find(number);
  if (place == tenants_.end()) return;
  // What it used stays counted as long as others are served before it.
  const Tenant& own = place->second;
  if (own.inside == 0 && own.waiting.empty() &&
      (own.virtual_us <= now_us_ || waiting_count_ == 0)) {
    tenants_.erase(place);
  }
}

void Scheduler::take_slot(Turn& turn, Tenant& tenant) {
  tenant.virtual_us = std::max(tenant.virtual_us, now_us_);
  now_us_ = tenant.virtual_us;
  ++tenant.inside;
  --free_slots_;
  turn.state_ = Turn::State::kInside;
}

std::list<std::function<void()>> Scheduler::let_in() {
  std::list<std::function<void()>> ready;
  while (free_slots_ > 0 && waiting_count_ > 0) {
    Tenant* next = nullptr;
    for (auto& [number, tenant] : tenants_) {
      if (!tenant.waiting.empty() && (next == nullptr || tenant.virtual_us < next->virtual_us)) {
        next = &tenant;
      }
    }
    Turn* turn = next->waiting.front();
    next->waiting.pop_front();
    --waiting_count_;
    take_slot(*turn, *next);
    if (turn->ready_) ready.push_back(std::exchange(turn->ready_, nullptr));
  }
  // Tenants remembered only for what they had used.
  std::erase_if(tenants_, [&](const auto& entry) {
    const Tenant& tenant = entry.second;
    return tenant.inside == 0 && tenant.waiting.empty() &&
           (tenant.virtual_us <= now_us_ || waiting_count_ == 0);
  });
  return ready;
}

}  // namespace alcove::executor
