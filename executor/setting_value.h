#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "executor/settings.h"

namespace alcove::executor {

// How the values of settings are read and written. Thread-safe.

// What a client wrote for `definition`, in canonical text. `current` is the value in force, of
// which DateStyle keeps what is not named anew. Errors: kInvalidValue, kTooLong, kNotSupported.
Result<std::string> canonical_setting(const SettingDefinition& definition, std::string_view text,
                                      std::string_view current);

// The values of `SET name = a, b` as one text. Errors: kInvalidValue where the setting takes one.
Result<std::string> join_setting(const SettingDefinition& definition,
                                 const std::vector<std::string>& values);

// The number that a canonical text of a numeric kind stands for, in the unit that it counts without
// one. Requires: the text came from canonical_setting() or is the definition's initial value.
double setting_number(const SettingDefinition& definition, std::string_view canonical);

// ASCII letters in lower case: names and key words are compared so.
constexpr char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }
std::string lower(std::string_view text);

// PostgreSQL's spellings of truth: on, off, true, false, yes, no, any unambiguous beginning of
// them, 1 and 0, in any case.
std::optional<bool> parse_bool(std::string_view text);

}  // namespace alcove::executor
