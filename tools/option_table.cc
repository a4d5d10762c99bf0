#include "tools/option_table.h"

#include <algorithm>
#include <charconv>
#include <span>
#include <utility>

#include <fmt/format.h>

namespace alcove::tools {
namespace {

struct Suffix {
  std::string_view text;
  std::uint64_t factor;
};

// From the smallest to the largest; the first is the unit of a bare number.
constexpr Suffix kByteSuffixes[] = {
    {"B", 1}, {"kB", 1ULL << 10}, {"MB", 1ULL << 20}, {"GB", 1ULL << 30}, {"TB", 1ULL << 40}};
constexpr Suffix kTimeSuffixes[] = {{"ms", 1}, {"s", 1'000}, {"min", 60'000}, {"h", 3'600'000}};

std::span<const Suffix> suffixes_of(Unit unit) {
  switch (unit) {
    case Unit::kCount: return {};
    case Unit::kBytes: return kByteSuffixes;
    case Unit::kMilliseconds: return kTimeSuffixes;
  }
  return {};
}

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view kBlanks = " \t\r";
  const std::size_t begin = text.find_first_not_of(kBlanks);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(kBlanks) - begin + 1);
}

// A '#' inside a value, as a path may have it, is no comment.
std::string_view without_comment(std::string_view line) {
  for (std::size_t i = 0; i < line.size(); ++i) {
    if (line[i] != '#') continue;
    if (i == 0 || line[i - 1] == ' ' || line[i - 1] == '\t') return line.substr(0, i);
  }
  return line;
}

Error no_such_suffix(std::string_view text, Unit unit) {
  std::string known;
  for (const Suffix& suffix : suffixes_of(unit)) {
    known += known.empty() ? "" : ", ";
    known += suffix.text;
  }
  if (known.empty()) return fail(ErrorCode::kInvalidText, "\"{}\" is not a whole number", text);
  return fail(ErrorCode::kInvalidText, "\"{}\" is not a whole number, alone or with one of {}",
              text, known);
}

}  // namespace

Result<std::uint64_t> parse_quantity(std::string_view text, Unit unit) {
  text = trimmed(text);
  std::uint64_t number = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (failure == std::errc::result_out_of_range) {
    return fail(ErrorCode::kInvalidValue, "\"{}\" is too large", text);
  }
  if (failure != std::errc()) return no_such_suffix(text, unit);

  const std::string_view word =
      trimmed(text.substr(static_cast<std::size_t>(end - text.data())));
  if (word.empty()) return number;
  for (const Suffix& suffix : suffixes_of(unit)) {
    if (word != suffix.text) continue;
    if (number > std::numeric_limits<std::uint64_t>::max() / suffix.factor) {
      return fail(ErrorCode::kInvalidValue, "\"{}\" is too large", text);
    }
    return number * suffix.factor;
  }
  return no_such_suffix(text, unit);
}

std::string format_quantity(std::uint64_t value, Unit unit) {
  const std::span<const Suffix> suffixes = suffixes_of(unit);
  if (suffixes.empty() || value == 0) return std::to_string(value);
  const auto largest = std::find_if(suffixes.rbegin(), suffixes.rend(), [&](const Suffix& suffix) {
    return value % suffix.factor == 0;
  });
  return fmt::format("{}{}", value / largest->factor, largest->text);
}

void OptionTable::add(std::string name, std::string& variable, std::string description) {
  options_.push_back({std::move(name), &variable, Unit::kCount, {}, std::move(description)});
}

void OptionTable::add(std::string name, bool& variable, std::string description) {
  options_.push_back({std::move(name), &variable, Unit::kCount, {}, std::move(description)});
}

void OptionTable::add(std::string name, std::uint64_t& variable, Unit unit, Range range,
                      std::string description) {
  options_.push_back({std::move(name), &variable, unit, range, std::move(description)});
}

void OptionTable::add(std::string name, std::uint32_t& variable, Unit unit, Range range,
                      std::string description) {
  range.maximum =
      std::min<std::uint64_t>(range.maximum, std::numeric_limits<std::uint32_t>::max());
  options_.push_back({std::move(name), &variable, unit, range, std::move(description)});
}

Status OptionTable::set(std::string_view name, std::string_view value) {
  const auto option = std::find_if(options_.begin(), options_.end(),
                                   [&](const Option& one) { return one.name == name; });
  if (option == options_.end()) {
    return fail(ErrorCode::kUndefinedObject, "no option is called \"{}\"", name);
  }
  if (auto* const* text = std::get_if<std::string*>(&option->variable)) {
    **text = std::string(value);
    return {};
  }
  if (auto* const* flag = std::get_if<bool*>(&option->variable)) {
    if (value != "on" && value != "off") {
      return fail(ErrorCode::kInvalidText, "{}: \"{}\" is neither on nor off", option->name, value);
    }
    **flag = value == "on";
    return {};
  }
  const Result<std::uint64_t> number = parse_quantity(value, option->unit);
  if (!number) return number.error().in(option->name);
  if (*number < option->range.minimum || *number > option->range.maximum) {
    return fail(ErrorCode::kInvalidValue, "{}: {} is outside the range {} to {}", option->name,
                format_quantity(*number, option->unit),
                format_quantity(option->range.minimum, option->unit),
                format_quantity(option->range.maximum, option->unit));
  }
  if (auto* const* wide = std::get_if<std::uint64_t*>(&option->variable)) **wide = *number;
  if (auto* const* narrow = std::get_if<std::uint32_t*>(&option->variable)) {
    **narrow = static_cast<std::uint32_t>(*number);
  }
  return {};
}

Status OptionTable::set_from_assignment(std::string_view assignment) {
  const std::size_t equals = assignment.find('=');
  if (equals == std::string_view::npos) {
    return fail(ErrorCode::kInvalidText, "expected name=value, not \"{}\"", assignment);
  }
  return set(trimmed(assignment.substr(0, equals)), trimmed(assignment.substr(equals + 1)));
}

Status OptionTable::set_from_config(std::string_view text, const std::string& path) {
  std::size_t number = 0;
  while (!text.empty()) {
    ++number;
    const std::size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = trimmed(without_comment(text.substr(0, end)));
    text.remove_prefix(std::min(end + 1, text.size()));
    if (line.empty()) continue;
    const Status status = set_from_assignment(line);
    if (!status) return status.error().in(fmt::format("{}:{}", path, number));
  }
  return {};
}

std::vector<OptionTable::Row> OptionTable::rows() const {
  std::vector<Row> rows;
  for (const Option& option : options_) {
    const std::string value = std::visit(
        [&](const auto* variable) -> std::string {
          if constexpr (std::is_same_v<decltype(variable), const std::string*>) {
            return *variable;
          } else if constexpr (std::is_same_v<decltype(variable), const bool*>) {
            return *variable ? "on" : "off";
          } else {
            return format_quantity(*variable, option.unit);
          }
        },
        option.variable);
    rows.push_back({option.name, value, option.description});
  }
  return rows;
}

}  // namespace alcove::tools
