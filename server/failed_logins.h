#pragma once

#include <cstddef>
#include <cstdint>
#include <list>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>

namespace alcove::server {

// Addresses from which log-ins have failed, and how long the next answer to one waits therefore. It
// waits whether the password is right or wrong, so that hanging up early gains nothing. What was
// noted halves each minute. Remembers kAddressesMax addresses, those that failed last. Thread-safe.
class FailedLogins {
 public:
  static constexpr std::size_t kAddressesMax = 10'000;
  static constexpr unsigned kForgiven = 3;  // so many failures cost nothing
  static constexpr std::uint64_t kFirstDelayUs = 100'000;  // doubled with each failure more
  static constexpr std::uint64_t kDelayUsMax = 5'000'000;
  static constexpr std::uint64_t kHalfLifeUs = 60'000'000;

  // Times are those of Clock::monotonic_us(). An address is any text.
  void note(std::string_view address, std::uint64_t now_us);
  std::uint64_t delay_us(std::string_view address, std::uint64_t now_us) const;
  std::size_t size() const;

 private:
  struct Entry {
    std::string address;
    unsigned failures = 0;
    std::uint64_t since_us = 0;  // when `failures` was right
  };
  using Entries = std::list<Entry>;  // the one that failed last at the front
  static unsigned failures_at(const Entry& entry, std::uint64_t now_us);

  mutable std::mutex mutex_;
  Entries entries_;
  std::unordered_map<std::string_view, Entries::iterator> by_address_;  // keys view the entries
};

}  // namespace alcove::server
