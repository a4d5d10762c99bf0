#include "segments/like_pattern.h"

namespace alcove::segments {
namespace {

std::size_t after_character(std::string_view text, std::size_t at) {
  const auto continues = [text](std::size_t i) {
    return i < text.size() && (static_cast<unsigned char>(text[i]) & 0xc0) == 0x80;
  };
  ++at;
  while (continues(at)) ++at;
  return at;
}

}  // namespace

LikePattern::LikePattern(std::string_view pattern) {
  bool in_prefix = true;
  for (std::size_t i = 0; i < pattern.size(); ++i) {
    if (pattern[i] == '%' || pattern[i] == '_') {
      in_prefix = false;
      const Element wildcard = pattern[i] == '%' ? kAnyRun : kAnyCharacter;
      const bool behind_run = !elements_.empty() && elements_.back() == kAnyRun;
      if (wildcard != kAnyRun || !behind_run) elements_.push_back(wildcard);
      continue;
    }
    if (pattern[i] == '\\' && i + 1 < pattern.size()) ++i;
    elements_.push_back(static_cast<unsigned char>(pattern[i]));
    if (in_prefix) prefix_.push_back(pattern[i]);
  }
}

bool LikePattern::matches(std::string_view text) const {
  std::size_t at = 0;    // in text
  std::size_t next = 0;  // in elements_
  // Where to go on after a mismatch: behind the last run, which then takes one character more.
  // Earlier runs need not be tried again: what stands between two runs is best matched early.
  bool has_run = false;
  std::size_t run_end = 0;
  std::size_t after_run = 0;
  while (true) {
    const bool more = next < elements_.size();
    if (more && elements_[next] == kAnyRun) {
      has_run = true;
      after_run = ++next;
      run_end = at;
      if (after_run == elements_.size()) return true;
    } else if (at == text.size()) {
      return !more;
    } else if (more && elements_[next] == kAnyCharacter) {
      at = after_character(text, at);
      ++next;
    } else if (more && elements_[next] == static_cast<unsigned char>(text[at])) {
      ++at;
      ++next;
    } else if (has_run) {
      run_end = after_character(text, run_end);
      at = run_end;
      next = after_run;
    } else {
      return false;
    }
  }
}

}  // namespace alcove::segments
