#include "tools/progress.h"

#include <unistd.h>

#include <cstdio>
#include <utility>

#include <fmt/format.h>

namespace alcove::tools {
namespace {

constexpr std::chrono::milliseconds kRedrawInterval{100};
constexpr std::uint64_t kBarWidth = 30;

}  // namespace

Progress::Progress(std::string label, std::uint64_t total)
    : label_(std::move(label)),
      total_(total),
      on_terminal_(::isatty(STDERR_FILENO) != 0),
      begin_(std::chrono::steady_clock::now()) {}

Progress::~Progress() {
  if (on_terminal_) fmt::print(stderr, "\r\x1b[K");
}

void Progress::add(std::uint64_t count) {
  const std::lock_guard lock(mutex_);
  done_ += count;
  const auto now = std::chrono::steady_clock::now();
  if (on_terminal_) {
    if (now - drawn_ >= kRedrawInterval || done_ == total_) draw_bar(now);
    return;
  }
  const std::uint64_t tenths = total_ == 0 ? 10 : done_ * 10 / total_;
  if (tenths == tenths_shown_) return;
  tenths_shown_ = tenths;
  fmt::print(stderr, "{}: {}% ({} of {})\n", label_, tenths * 10, done_, total_);
}

void Progress::draw_bar(std::chrono::steady_clock::time_point now) {
  drawn_ = now;
  const std::chrono::duration<double> taken = now - begin_;
  const std::uint64_t filled = total_ == 0 ? kBarWidth : done_ * kBarWidth / total_;
  fmt::print(stderr, "\r{} [{}{}] {} of {}, {:.0f}/s\x1b[K", label_, std::string(filled, '#'),
             std::string(kBarWidth - filled, '.'), done_, total_,
             static_cast<double>(done_) / std::max(taken.count(), 1e-9));
  std::fflush(stderr);
}

}  // namespace alcove::tools
