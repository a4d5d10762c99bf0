#include "segments/term.h"

#include <bit>
#include <utility>

namespace alcove::segments {

std::string term_of(std::string_view field, TermKind kind) {
  std::string term(field);
  term.push_back('\0');
  term.push_back(static_cast<char>(kind));
  return term;
}

std::string string_term(std::string_view field, std::string_view value) {
  return term_of(field, TermKind::kString).append(value);
}

std::string listed_term(std::string_view field, std::string_view value) {
  return term_of(field, TermKind::kListed).append(value);
}

std::string number_term(std::string_view field, double value) {
  constexpr std::uint64_t kSign = std::uint64_t{1} << 63U;
  auto bits = std::bit_cast<std::uint64_t>(value == 0 ? 0.0 : value);
  bits ^= (bits & kSign) != 0 ? ~std::uint64_t{0} : kSign;
  std::string term = term_of(field, TermKind::kNumber);
  for (unsigned shift = 64; shift > 0; shift -= 8) {
    term.push_back(static_cast<char>(bits >> (shift - 8)));
  }
  return term;
}

std::string boolean_term(std::string_view field, bool value) {
  std::string term = term_of(field, TermKind::kBoolean);
  term.push_back(value ? '\1' : '\0');
  return term;
}

TermRange TermRange::only(std::string term) {
  std::string after = term;
  after.push_back('\0');
  return {std::move(term), std::move(after)};
}

TermRange TermRange::all(std::string_view field, TermKind kind) {
  std::string from = term_of(field, kind);
  std::string to = from;
  ++to.back();  // kinds are far below 255
  return {std::move(from), std::move(to)};
}

}  // namespace alcove::segments
