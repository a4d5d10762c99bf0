#pragma once

#include <chrono>
#include <cstdint>
#include <mutex>
#include <string>

namespace alcove::tools {

// Shows on standard error how far a long step is: a bar on a terminal, else a line for every tenth.
// Thread-safe.
class Progress {
 public:
  Progress(std::string label, std::uint64_t total);
  ~Progress();  // ends the bar's line
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  void add(std::uint64_t count);

 private:
  void draw_bar(std::chrono::steady_clock::time_point now);

  const std::string label_;
  const std::uint64_t total_;
  const bool on_terminal_;
  const std::chrono::steady_clock::time_point begin_;
  std::mutex mutex_;  // protects what follows
  std::uint64_t done_ = 0;
  std::uint64_t tenths_shown_ = 0;
  std::chrono::steady_clock::time_point drawn_;
};

}  // namespace alcove::tools
