#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/metadata.h"

namespace alcove::segments {

// What a record's metadata says, in pieces that can be looked up: one for each field that is there, one for each
// value. Terms of one field and kind stand in the order of their values.
//
// TERM: the field's name, a byte 0, which no name has, then
//   0                  the field is there
//   1 bytes            its value is this string
//   2 8 bytes          its value is this number: the double's bits with the sign bit turned if it is not
//                      negative, all bits if it is; big-endian
//   3 byte 0 or 1      its value is false or true
//   4 bytes            its value is a list that has this string
//   5                  only some of the field's terms are told: values longer than kTermValueBytesMax are not
inline constexpr std::size_t kTermValueBytesMax = 256;

enum class TermKind : std::uint8_t {
  kPresent = 0,
  kString = 1,
  kNumber = 2,
  kBoolean = 3,
  kListed = 4,
  kPartial = 5,
};

// For kPresent, kPartial, and as the prefix of all terms of a field and kind.
std::string term_of(std::string_view field, TermKind kind);
std::string string_term(std::string_view field, std::string_view value);
std::string listed_term(std::string_view field, std::string_view value);
// Requires: not NaN. Of -0 the term is that of 0.
std::string number_term(std::string_view field, double value);
std::string boolean_term(std::string_view field, bool value);

// Terms t with from <= t < to, bytewise.
struct TermRange {
  std::string from;
  std::string to;
  static TermRange only(std::string term);
  // All of a field and kind.
  static TermRange all(std::string_view field, TermKind kind);
};

// Calls add(term) for each term of a record, of a list some maybe twice.
template <class Add>
void for_each_term(MetadataView metadata, const Add& add) {
  for (const auto& [field, value] : metadata.fields()) {
    add(term_of(field, TermKind::kPresent));
    bool partial = false;
    if (const auto* text = std::get_if<std::string_view>(&value)) {
      partial = text->size() > kTermValueBytesMax;
      if (!partial) add(string_term(field, *text));
    } else if (const auto* number = std::get_if<double>(&value)) {
      add(number_term(field, *number));
    } else if (const auto* truth = std::get_if<bool>(&value)) {
      add(boolean_term(field, *truth));
    } else {
      for (const std::string_view each : std::get<MetadataList>(value).strings()) {
        if (each.size() > kTermValueBytesMax) {
          partial = true;
        } else {
          add(listed_term(field, each));
        }
      }
    }
    if (partial) add(term_of(field, TermKind::kPartial));
  }
}

}  // namespace alcove::segments
