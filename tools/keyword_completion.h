#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace alcove::tools {

struct Completion {
  std::string suffix;                   // what can be added for certain; may be empty
  std::vector<std::string> candidates;  // whole words, where there is more than one
};

// How the word at the end of `line` can go on to be a keyword of the language, in the case in which
// it was begun. A single candidate ends with a blank. Nothing for an empty word or inside quotes.
Completion complete_keyword(std::string_view line);

}  // namespace alcove::tools
