#pragma once

#include <cstdint>

namespace alcove {

// The door to chance. Thread-safe.
class Random {
 public:
  virtual ~Random() = default;
  virtual std::uint64_t u64() = 0;
};

// Unpredictable numbers from the operating system: for keys that others must not guess.
class SystemRandom final : public Random {
 public:
  std::uint64_t u64() override;
};

}  // namespace alcove
