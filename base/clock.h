#pragma once

#include <cstdint>

namespace alcove {

// The door to time. Thread-safe.
class Clock {
 public:
  virtual ~Clock() = default;
  // Never goes back; for durations and deadlines.
  virtual std::uint64_t monotonic_us() = 0;
  // Since 1970-01-01 UTC; for people only, never to order anything.
  virtual std::uint64_t wall_us() = 0;
};

// The machine's clocks.
class SystemClock final : public Clock {
 public:
  std::uint64_t monotonic_us() override;
  std::uint64_t wall_us() override;
};

}  // namespace alcove
