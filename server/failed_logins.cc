#include "server/failed_logins.h"

#include <algorithm>

namespace alcove::server {
namespace {

constexpr unsigned kFailuresMax = 64;  // beyond kDelayUsMax by far

}  // namespace

unsigned FailedLogins::failures_at(const Entry& entry, std::uint64_t now_us) {
  const std::uint64_t halvings = (now_us - std::min(now_us, entry.since_us)) / kHalfLifeUs;
  return halvings >= 8 ? 0 : entry.failures >> halvings;
}

void FailedLogins::note(std::string_view address, std::uint64_t now_us) {
  const std::lock_guard lock(mutex_);
  const auto known = by_address_.find(address);
  if (known != by_address_.end()) {
    Entry& entry = *known->second;
    entry.failures = std::min(failures_at(entry, now_us) + 1, kFailuresMax);
    entry.since_us = now_us;
    entries_.splice(entries_.begin(), entries_, known->second);
    return;
  }
  if (entries_.size() == kAddressesMax) {
    by_address_.erase(entries_.back().address);
    entries_.pop_back();
  }
  entries_.push_front({std::string(address), 1, now_us});
  by_address_.emplace(entries_.front().address, entries_.begin());
}

std::uint64_t FailedLogins::delay_us(std::string_view address, std::uint64_t now_us) const {
  const std::lock_guard lock(mutex_);
  const auto known = by_address_.find(address);
  if (known == by_address_.end()) return 0;
  const unsigned failures = failures_at(*known->second, now_us);
  if (failures <= kForgiven) return 0;
  const unsigned doublings = std::min(failures - kForgiven - 1, 16U);
  return std::min(kFirstDelayUs << doublings, kDelayUsMax);
}

std::size_t FailedLogins::size() const {
  const std::lock_guard lock(mutex_);
  return entries_.size();
}

}  // namespace alcove::server
