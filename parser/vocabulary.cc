#include "parser/vocabulary.h"

namespace alcove::parser {

bool Word::read(Input& input, const char*& first) const {
  const char* at = input.skip_blanks(first);
  if (input.failed()) return false;
  const std::string_view rest = input.from(at);
  if (rest.size() < text.size() || !equals_keyword(rest.substr(0, text.size()), text)) return false;
  // The longest bare name here may be longer than the word.
  const std::string_view near = rest.substr(text.size(), 2);
  if (bare_name_length(near.substr(0, 1)) != 0) return false;
  if (near.starts_with('-') && bare_name_length(near.substr(1)) != 0) return false;
  first = at + text.size();
  return true;
}

bool Symbol::read(Input& input, const char*& first) const {
  const char* at = input.skip_blanks(first);
  if (input.failed() || !input.from(at).starts_with(text)) return false;
  first = at + text.size();
  return true;
}

}  // namespace alcove::parser
