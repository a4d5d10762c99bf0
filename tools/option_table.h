#pragma once

#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/result.h"

namespace alcove::tools {

// What a number measures, and so which suffixes its text may have.
enum class Unit : unsigned char {
  kCount,         // none
  kBytes,         // B, kB, MB, GB, TB, each 1024 times the one before; a bare number is bytes
  kMilliseconds,  // ms, s, min, h; a bare number is milliseconds
};

// "64MB", "5 min", "1000": a whole number and, with or without a blank, a suffix of its unit.
// Errors: kInvalidText, naming the suffixes that the unit has; kInvalidValue past 64 bits.
Result<std::uint64_t> parse_quantity(std::string_view text, Unit unit);

// The shortest text that parse_quantity reads back as `value`: "64MB", "1000ms" is "1s".
std::string format_quantity(std::uint64_t value, Unit unit);

struct Range {
  std::uint64_t minimum = 1;
  std::uint64_t maximum = std::numeric_limits<std::uint64_t>::max();
};

// The named options of a program and the variables they stand for: set from the command line
// (`--set name=value`) and from a file of `name = value` lines. Externally synchronised; outlived
// by the variables.
class OptionTable {
 public:
  // Names are lower case with '_'. `description` is one line without a full stop.
  void add(std::string name, std::string& variable, std::string description);
  void add(std::string name, bool& variable, std::string description);  // on, off
  void add(std::string name, std::uint64_t& variable, Unit unit, Range range,
           std::string description);
  void add(std::string name, std::uint32_t& variable, Unit unit, Range range,
           std::string description);

  // Errors: kUndefinedObject for a name that no option has; kInvalidText and kInvalidValue, naming
  // the option, for a value it cannot take.
  Status set(std::string_view name, std::string_view value);

  // "name=value", as --set takes it; blanks around either part are dropped.
  Status set_from_assignment(std::string_view assignment);

  // Sets what the lines of `text` say: `name = value`, blank lines, and comments from a '#' that
  // begins a line or follows a blank. Nothing is quoted. Errors: as set(), and kInvalidText for any
  // other line, each beginning with `path` and the line's number: "alcove.conf:3: …".
  Status set_from_config(std::string_view text, const std::string& path);

  struct Row {
    std::string name;
    std::string value;  // in force, as set() would take it
    std::string description;
  };
  // All options in the order in which they were added.
  std::vector<Row> rows() const;

 private:
  struct Option {
    std::string name;
    std::variant<std::string*, bool*, std::uint64_t*, std::uint32_t*> variable;
    Unit unit = Unit::kCount;
    Range range;
    std::string description;
  };
  std::vector<Option> options_;
};

}  // namespace alcove::tools
