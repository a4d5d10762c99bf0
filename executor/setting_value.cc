#include "executor/setting_value.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <system_error>

#include "base/check.h"

namespace alcove::executor {
namespace {

using Kind = SettingDefinition::Kind;

struct Unit {
  std::string_view name;
  double size;  // in microseconds, or in bytes
};
constexpr std::array kTimeUnits = {Unit{"us", 1},   Unit{"ms", 1e3},    Unit{"s", 1e6},
                                   Unit{"min", 6e7}, Unit{"h", 3.6e9}, Unit{"d", 8.64e10}};
constexpr std::array kByteUnits = {Unit{"B", 1}, Unit{"kB", 1024.0}, Unit{"MB", 1048576.0},
                                   Unit{"GB", 1073741824.0}, Unit{"TB", 1099511627776.0}};

// What a number of this kind without a unit counts, and the units it may be given in.
struct Measure {
  std::string_view name;
  double size = 1;
  std::span<const Unit> units;
};

Measure measure_of(Kind kind) {
  switch (kind) {
    case Kind::kMilliseconds: return {"ms", 1e3, kTimeUnits};
    case Kind::kSeconds: return {"s", 1e6, kTimeUnits};
    case Kind::kBytes: return {"B", 1, kByteUnits};
    case Kind::kKilobytes: return {"kB", 1024, kByteUnits};
    case Kind::kPages: return {"8kB", 8192, kByteUnits};
    default: return {};
  }
}

bool is_real(Kind kind) { return kind == Kind::kReal || kind == Kind::kFraction; }

bool is_space(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }
bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_letter(char c) { return lower(c) >= 'a' && lower(c) <= 'z'; }

std::string_view trim(std::string_view text) {
  while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_space(text.back())) text.remove_suffix(1);
  return text;
}

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  while (true) {
    const std::size_t end = text.find(separator);
    parts.push_back(text.substr(0, end));
    if (end == std::string_view::npos) return parts;
    text.remove_prefix(end + 1);
  }
}

Error invalid_value(const SettingDefinition& definition, std::string_view text) {
  return fail(ErrorCode::kInvalidValue, "invalid value for parameter \"{}\": \"{}\"",
              definition.name, text.substr(0, 128));
}

std::string print_integer(Kind kind, double value) {
  const auto count = static_cast<std::int64_t>(value);
  const Measure measure = measure_of(kind);
  if (count > 0) {
    const std::int64_t total = count * static_cast<std::int64_t>(measure.size);
    for (std::size_t at = measure.units.size(); at-- > 0;) {
      const auto size = static_cast<std::int64_t>(measure.units[at].size);
      if (total % size == 0) return fmt::format("{}{}", total / size, measure.units[at].name);
    }
  }
  return std::to_string(count);
}

Error outside_range(const SettingDefinition& definition, double value) {
  if (definition.kind == Kind::kFraction) {
    return fail(ErrorCode::kInvalidValue,
                "{:g} is outside the valid range for parameter \"{}\" (above 0, up to 1)", value,
                definition.name);
  }
  if (definition.kind == Kind::kReal) {
    return fail(ErrorCode::kInvalidValue,
                "{:g} is outside the valid range for parameter \"{}\" ({:g} .. {:g})", value,
                definition.name, definition.minimum, definition.maximum);
  }
  const std::string_view unit = measure_of(definition.kind).name;
  return fail(ErrorCode::kInvalidValue,
              "{:.0f}{}{} is outside the valid range for parameter \"{}\" ({:.0f} .. {:.0f})",
              value, unit.empty() ? "" : " ", unit, definition.name, definition.minimum,
              definition.maximum);
}

struct NumberText {
  double value = 0;
  std::string_view unit;  // what stands after the number, blanks removed
};

// A sign, then a decimal number as C writes it: neither `nan` nor `inf`.
std::optional<NumberText> read_number(std::string_view text) {
  text = trim(text);
  if (text.starts_with('+')) text.remove_prefix(1);
  const std::size_t first = text.starts_with('-') ? 1 : 0;
  if (first == text.size() || (!is_digit(text[first]) && text[first] != '.')) return std::nullopt;
  NumberText number;
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), number.value);
  if (code != std::errc{}) return std::nullopt;
  number.unit = trim(text.substr(static_cast<std::size_t>(end - text.data())));
  return number;
}

Result<double> apply_unit(const SettingDefinition& definition, std::string_view text,
                          const NumberText& number) {
  if (number.unit.empty()) return number.value;
  const Measure measure = measure_of(definition.kind);
  std::string names;
  for (const Unit& unit : measure.units) {
    if (unit.name == number.unit) return number.value * unit.size / measure.size;
    names += fmt::format("{}\"{}\"", names.empty() ? "" : ", ", unit.name);
  }
  if (names.empty()) return invalid_value(definition, text);
  return invalid_value(definition, text)
      .with_hint(fmt::format("Valid units for this parameter are {}.", names));
}

Result<std::string> read_numeric(const SettingDefinition& definition, std::string_view text) {
  const std::optional<NumberText> number = read_number(text);
  if (!number) return invalid_value(definition, text);
  double value = TRY(apply_unit(definition, text, *number));
  if (!is_real(definition.kind)) {
    value = std::nearbyint(value);
    constexpr double kInt4Max = std::numeric_limits<std::int32_t>::max();
    if (std::abs(value) > kInt4Max) {
      return invalid_value(definition, text).with_hint("Value exceeds integer range.");
    }
  }
  const bool excluded = definition.kind == Kind::kFraction && value <= 0;
  if (excluded || value < definition.minimum || value > definition.maximum) {
    return outside_range(definition, value);
  }
  if (is_real(definition.kind)) return fmt::format("{}", value);
  return print_integer(definition.kind, value);
}

Result<std::string> read_bool(const SettingDefinition& definition, std::string_view text) {
  const std::optional<bool> value = parse_bool(text);
  if (!value) {
    return fail(ErrorCode::kInvalidValue, "parameter \"{}\" requires a Boolean value",
                definition.name);
  }
  return std::string(*value ? "on" : "off");
}

Result<std::string> read_enum(const SettingDefinition& definition, std::string_view text) {
  const std::string wanted = lower(text);
  const std::vector<std::string_view> choices = split(definition.choices, '|');
  const auto offered = [&](std::string_view choice) {
    return std::find(choices.begin(), choices.end(), choice) != choices.end();
  };
  if (wanted == "serializable" && offered(wanted)) {
    return fail(ErrorCode::kNotSupported, "isolation level serializable is not supported")
        .with_hint("Use repeatable read.");
  }
  if (offered(wanted)) return wanted;
  if (offered("on") && offered("off")) {
    if (const std::optional<bool> value = parse_bool(wanted)) {
      return std::string(*value ? "on" : "off");
    }
  }
  std::string list;
  for (const std::string_view choice : choices) {
    if (!list.empty()) list += ", ";
    list += choice;
  }
  return invalid_value(definition, text).with_hint(fmt::format("Available values: {}.", list));
}

Result<std::string> read_text(const SettingDefinition& definition, std::string_view text) {
  if (static_cast<double>(text.size()) > definition.maximum) {
    return fail(ErrorCode::kTooLong, "value for parameter \"{}\" is longer than {:.0f} bytes",
                definition.name, definition.maximum);
  }
  // Values go into logs and status messages, one line each.
  std::string printable(text);
  std::replace_if(
      printable.begin(), printable.end(),
      [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }, '?');
  return printable;
}

// The part that a word of a DateStyle names: an output style or an order of fields.
struct DateStyleWord {
  std::string_view style;
  std::string_view order;
};

std::optional<DateStyleWord> read_date_style_word(const std::string& word) {
  if (word == "iso") return DateStyleWord{"ISO", {}};
  if (word == "sql") return DateStyleWord{"SQL", {}};
  if (word.starts_with("postgres")) return DateStyleWord{"Postgres", {}};
  if (word == "german") return DateStyleWord{"German", {}};
  if (word == "ymd") return DateStyleWord{{}, "YMD"};
  if (word == "dmy" || word.starts_with("euro")) return DateStyleWord{{}, "DMY"};
  if (word == "mdy" || word == "us" || word.starts_with("noneuro")) return DateStyleWord{{}, "MDY"};
  if (word == "default") return DateStyleWord{"ISO", "MDY"};
  return std::nullopt;
}

Result<std::string> read_date_style(const SettingDefinition& definition, std::string_view text,
                                    std::string_view current) {
  std::string_view style;
  std::string_view order;
  for (const std::string_view part : split(text, ',')) {
    const std::string word = lower(trim(part));
    if (word.empty() && trim(text).empty()) break;
    const std::optional<DateStyleWord> named = read_date_style_word(word);
    if (!named) {
      return invalid_value(definition, text)
          .with_detail(fmt::format("Unrecognized key word: \"{}\".", trim(part).substr(0, 64)));
    }
    if ((!style.empty() && !named->style.empty() && style != named->style) ||
        (!order.empty() && !named->order.empty() && order != named->order)) {
      return invalid_value(definition, text)
          .with_detail("Conflicting \"datestyle\" specifications.");
    }
    if (!named->style.empty()) style = named->style;
    if (!named->order.empty()) order = named->order;
  }
  const std::size_t comma = current.find(", ");
  CHECK(comma != std::string_view::npos, "a DateStyle is a style and an order");
  if (order.empty()) order = style == "German" ? "DMY" : current.substr(comma + 2);
  if (style.empty()) style = current.substr(0, comma);
  return fmt::format("{}, {}", style, order);
}

Result<std::string> read_time_zone(const SettingDefinition& definition, std::string_view text) {
  const std::string_view zone = trim(text);
  // A bare number is hours east of Greenwich; POSIX, whose form PostgreSQL prints, counts west.
  if (const std::optional<NumberText> hours = read_number(zone); hours && hours->unit.empty()) {
    constexpr double kHoursMax = 167;
    if (std::abs(hours->value) > kHoursMax) return invalid_value(definition, text);
    const auto minutes = static_cast<int>(std::lround(hours->value * 60));
    const std::string clock = minutes % 60 == 0
                                  ? fmt::format("{:02}", std::abs(minutes) / 60)
                                  : fmt::format("{:02}:{:02}", std::abs(minutes) / 60,
                                                std::abs(minutes) % 60);
    return minutes < 0 ? fmt::format("<-{0}>+{0}", clock) : fmt::format("<+{0}>-{0}", clock);
  }
  constexpr std::size_t kZoneBytesMax = 64;
  constexpr std::string_view kMarks = "/_+-:<>,.";
  const bool plausible =
      !zone.empty() && zone.size() <= kZoneBytesMax &&
      std::all_of(zone.begin(), zone.end(), [&](char c) {
        return is_letter(c) || is_digit(c) || kMarks.find(c) != std::string_view::npos;
      });
  if (!plausible) return invalid_value(definition, text);
  const std::string lowered = lower(zone);
  if (lowered == "utc") return std::string("UTC");
  if (lowered == "gmt") return std::string("GMT");
  return std::string(zone);
}

Result<std::string> read_encoding(const SettingDefinition& definition, std::string_view text) {
  // Drivers write utf-8, UTF8, unicode, with quotes inside the value or without.
  std::string plain;
  for (const char c : text) {
    if (is_letter(c) || is_digit(c)) plain += lower(c);
  }
  if (plain == "utf8" || plain == "unicode" || plain == "sqlascii") return std::string("UTF8");
  return invalid_value(definition, text).with_hint("Only UTF8 is supported.");
}

std::string quote_name(std::string_view name) {
  const auto plain = [](char c) { return (c >= 'a' && c <= 'z') || c == '_' || is_digit(c); };
  if (!name.empty() && !is_digit(name.front()) && std::all_of(name.begin(), name.end(), plain)) {
    return std::string(name);
  }
  std::string quoted = "\"";
  for (const char c : name) {
    if (c == '"') quoted += '"';
    quoted += c;
  }
  return quoted + '"';
}

}  // namespace

std::string lower(std::string_view text) {
  std::string lowered(text);
  std::transform(lowered.begin(), lowered.end(), lowered.begin(), [](char c) { return lower(c); });
  return lowered;
}

std::optional<bool> parse_bool(std::string_view text) {
  const std::string word = lower(text);
  const auto begins = [&](std::string_view whole, std::size_t least) {
    return word.size() >= least && whole.starts_with(word);
  };
  if (word == "1" || begins("true", 1) || begins("yes", 1) || begins("on", 2)) return true;
  if (word == "0" || begins("false", 1) || begins("no", 1) || begins("off", 2)) return false;
  return std::nullopt;
}

Result<std::string> canonical_setting(const SettingDefinition& definition, std::string_view text,
                                      std::string_view current) {
  if (text.size() > Settings::kValueBytesMax) {
    return fail(ErrorCode::kTooLong, "value for parameter \"{}\" is longer than {} bytes",
                definition.name, Settings::kValueBytesMax);
  }
  switch (definition.kind) {
    case Kind::kText:
    case Kind::kNames: return read_text(definition, text);
    case Kind::kBool: return read_bool(definition, text);
    case Kind::kEnum: return read_enum(definition, text);
    case Kind::kDateStyle: return read_date_style(definition, text, current);
    case Kind::kTimeZone: return read_time_zone(definition, text);
    case Kind::kEncoding: return read_encoding(definition, text);
    case Kind::kInteger:
    case Kind::kReal:
    case Kind::kFraction:
    case Kind::kMilliseconds:
    case Kind::kSeconds:
    case Kind::kBytes:
    case Kind::kKilobytes:
    case Kind::kPages: return read_numeric(definition, text);
  }
  CHECK(false, "a setting of no kind");
}

Result<std::string> join_setting(const SettingDefinition& definition,
                                 const std::vector<std::string>& values) {
  const bool names = definition.kind == Kind::kNames;
  const bool list = names || definition.kind == Kind::kDateStyle;
  if (values.empty() || (!list && values.size() > 1)) {
    return fail(ErrorCode::kInvalidValue, "SET {} takes only one argument", definition.name);
  }
  std::string joined;
  for (const std::string& value : values) {
    if (!joined.empty()) joined += ", ";
    joined += names ? quote_name(value) : value;
  }
  return joined;
}

double setting_number(const SettingDefinition& definition, std::string_view canonical) {
  const std::optional<NumberText> number = read_number(canonical);
  CHECK(number, "a canonical number reads as one");
  const Result<double> value = apply_unit(definition, canonical, *number);
  CHECK(value.has_value(), "a canonical number has a unit of its kind");
  return *value;
}

}  // namespace alcove::executor
