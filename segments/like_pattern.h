#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace alcove::segments {

// A LIKE pattern as PostgreSQL has it: `%` stands for any run of characters, `_` for one UTF-8
// character, a backslash takes the meaning from the character behind it (at the very end of the
// pattern it stands for itself). Immutable.
//
// Cost: matches() takes at most about length(text) squared steps, whatever the pattern, and no
// memory.
class LikePattern {
 public:
  explicit LikePattern(std::string_view pattern);

  bool matches(std::string_view text) const;
  // What every match begins with.
  const std::string& prefix() const { return prefix_; }
  // Whether nothing but prefix() itself matches.
  bool literal() const { return elements_.size() == prefix_.size(); }

 private:
  // A byte that must stand there, or one of the two below.
  using Element = std::uint16_t;
  static constexpr Element kAnyCharacter = 256;
  static constexpr Element kAnyRun = 257;  // never two in a row

  std::vector<Element> elements_;
  std::string prefix_;
};

}  // namespace alcove::segments
