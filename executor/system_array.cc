#include "executor/system_array.h"

#include <algorithm>
#include <charconv>
#include <iterator>
#include <utility>

#include <fmt/format.h>

#include "base/json_string.h"
#include "parser/name.h"
#include "parser/vector_text.h"

namespace alcove::executor {
namespace {

using Items = std::vector<std::optional<std::string>>;

constexpr std::int64_t kSeriesMax = 1'000'000;

Items items_of(const NativeCall& call, std::size_t at) { return array_items(call.text(at)); }

bool is_json_number(std::string_view text) {
  std::int64_t value = 0;
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), value);
  return code == std::errc{} && end == text.data() + text.size();
}

void read_array(const NativeCall& call, bool numbers) {
  const auto texts = parser::parse_text_array(call.text(0));
  if (!texts) return call.give(texts.error());
  Items items;
  for (const std::string& text : *texts) {
    if (numbers && !is_json_number(text)) return call.give_bad_text("integer", text);
    items.emplace_back(text);
  }
  call.give(std::string_view(array_json(items, numbers)));
}

void read_number_array(const NativeCall& call) { read_array(call, true); }
void read_text_array(const NativeCall& call) { read_array(call, false); }

void json_numbers(const NativeCall& call) {
  const Items items = items_of(call, 0);
  for (const auto& item : items) {
    if (item && !is_json_number(*item)) return call.give_bad_text("integer", *item);
  }
  call.give(std::string_view(array_json(items, true)));
}

void write_array(const NativeCall& call) { call.give(std::string_view(array_text(call.text(0)))); }
void write_vector(const NativeCall& call) {
  call.give(std::string_view(vector_text(call.text(0))));
}

// As PostgreSQL writes a record.
void write_record(const NativeCall& call) {
  std::string text = "(";
  for (std::size_t at = 0; at < call.count(); ++at) {
    if (at > 0) text += ',';
    if (call.is_null(at)) continue;
    const std::string_view value = call.text(at);
    const bool quoted = value.empty() || value.find_first_of(" \t\n\r\v\f(),\"\\") != std::string_view::npos;
    if (quoted) text += '"';
    for (const char c : value) {
      if (c == '"' || c == '\\') text += c;
      text += c;
    }
    if (quoted) text += '"';
  }
  call.give(std::string_view(text + ')'));
}

void array_cat(const NativeCall& call) {
  const std::string_view left = call.is_null(0) ? std::string_view() : array_inside(call.text(0));
  const std::string_view right = call.is_null(1) ? std::string_view() : array_inside(call.text(1));
  call.give(std::string_view(
      fmt::format("[{}{}{}]", left, left.empty() || right.empty() ? "" : ",", right)));
}

void array_to_string(const NativeCall& call) {
  if (call.is_null(0) || call.is_null(1)) return call.give_null();
  std::string joined;
  bool first = true;
  for (const auto& item : items_of(call, 0)) {
    if (!item && (call.count() < 3 || call.is_null(2))) continue;
    if (!std::exchange(first, false)) joined += call.text(1);
    joined += item ? std::string_view(*item) : call.text(2);
  }
  call.give(std::string_view(joined));
}

void string_to_array(const NativeCall& call) {
  if (call.is_null(0)) return call.give_null();
  std::string_view text = call.text(0);
  const std::string_view separator = call.text(1);
  Items items;
  while (!text.empty() || !items.empty()) {
    const std::size_t end = separator.empty() ? std::string_view::npos : text.find(separator);
    std::optional<std::string> item(text.substr(0, end));
    if (call.count() > 2 && !call.is_null(2) && *item == call.text(2)) item.reset();
    items.push_back(std::move(item));
    if (end == std::string_view::npos) break;
    text.remove_prefix(end + separator.size());
  }
  call.give(std::string_view(array_json(items, false)));
}

void series(const NativeCall& call) {
  const std::int64_t first = call.integer(0);
  const std::int64_t last = call.integer(1);
  const std::int64_t step = call.count() > 2 ? call.integer(2) : 1;
  if (step == 0) return call.give(Error(ErrorCode::kInvalidValue, "step size cannot equal zero"));
  std::string json = "[";
  std::int64_t value = first;
  for (std::int64_t count = 0; step > 0 ? value <= last : value >= last; ++count) {
    if (count == kSeriesMax) {
      return call.give(
          fail(ErrorCode::kLimitExceeded, "generate_series makes at most {} rows", kSeriesMax));
    }
    fmt::format_to(std::back_inserter(json), "{}{}", count == 0 ? "" : ",", value);
    if (__builtin_add_overflow(value, step, &value)) break;
  }
  call.give(std::string_view(json + ']'));
}

void subscripts(const NativeCall& call) {
  std::string json = "[";
  const std::size_t count = items_of(call, 0).size();
  for (std::size_t i = 1; i <= count; ++i) json += fmt::format("{}{}", i == 1 ? "" : ",", i);
  call.give(std::string_view(json + ']'));
}

void same(const NativeCall& call) { sqlite3_result_value(call.sqlite(), call.value(0)); }

void append_quoted(std::string& out, std::string_view text) {
  out += '"';
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  out += '"';
}

bool needs_quotes(std::string_view text) {
  return text.empty() || parser::lower_case(text) == "null" ||
         text.find_first_of("{},\"\\ \t\n\r\f\v") != std::string_view::npos;
}

// A JSON string's value; `at` is behind its opening quote, and then behind the closing one. SQLite
// and we write no escapes but these.
std::string read_json_string(std::string_view json, std::size_t& at) {
  std::string text;
  while (at < json.size() && json[at] != '"') {
    if (json[at] != '\\' || at + 1 == json.size()) {
      text += json[at++];
      continue;
    }
    const char escape = json[at + 1];
    at += 2;
    constexpr std::string_view kLetters = "bfnrt";
    constexpr std::string_view kMeanings = "\b\f\n\r\t";
    const std::size_t letter = kLetters.find(escape);
    if (letter != std::string_view::npos) {
      text += kMeanings[letter];
    } else if (escape == 'u') {
      unsigned code = 0;
      const std::string_view digits = json.substr(at, 4);
      std::from_chars(digits.data(), digits.data() + digits.size(), code, 16);
      at += digits.size();
      text += static_cast<char>(code);  // control characters only
    } else {
      text += escape;
    }
  }
  ++at;
  return text;
}

constexpr Native kArrayNatives[] = {
    {"pg_number_array", guarded<strict<read_number_array>>},
    {"pg_text_array", guarded<strict<read_text_array>>},
    {"pg_json_numbers", guarded<strict<json_numbers>>},
    {"pg_array_text", guarded<strict<write_array>>},
    {"pg_vector_text", guarded<strict<write_vector>>},
    {"pg_record", guarded<write_record>},
    {"pg_array_cat", guarded<array_cat>},
    {"pg_array_to_string", guarded<array_to_string>},
    {"pg_string_to_array", guarded<string_to_array>},
    {"pg_series", guarded<strict<series>>},
    {"pg_subscripts", guarded<strict<subscripts>>},
    {"pg_expand", guarded<strict<same>>},
};

}  // namespace

std::span<const Native> array_natives() { return kArrayNatives; }

std::vector<std::optional<std::string>> array_items(std::string_view json) {
  Items items;
  std::size_t at = json.find('[');
  if (at == std::string_view::npos) return items;
  ++at;
  while (at < json.size() && json[at] != ']') {
    if (json[at] == '"') {
      items.emplace_back(read_json_string(json, ++at));
    } else {
      const std::size_t end = std::min(json.find_first_of(",]", at), json.size());
      const std::string_view word = trimmed(json.substr(at, end - at));
      if (word == "null") {
        items.emplace_back(std::nullopt);
      } else {
        items.emplace_back(std::string(word));
      }
      at = end;
    }
    while (at < json.size() && (json[at] == ',' || json[at] == ' ')) ++at;
  }
  return items;
}

std::string array_text(std::string_view json) {
  std::string text = "{";
  for (const auto& item : array_items(json)) {
    if (text.size() > 1) text += ',';
    if (!item) {
      text += "NULL";
    } else if (needs_quotes(*item)) {
      append_quoted(text, *item);
    } else {
      text += *item;
    }
  }
  return text + '}';
}

std::string vector_text(std::string_view json) {
  std::string text;
  for (const auto& item : array_items(json)) {
    if (!text.empty()) text += ' ';
    text += item.value_or("0");
  }
  return text;
}

std::string array_json(const std::vector<std::optional<std::string>>& items, bool numbers) {
  std::string json = "[";
  for (const auto& item : items) {
    if (json.size() > 1) json += ',';
    if (!item) {
      json += "null";
    } else if (numbers) {
      json += *item;
    } else {
      append_json_string(json, *item);
    }
  }
  return json + ']';
}

std::string_view array_inside(std::string_view json) {
  json = trimmed(json);
  return json.size() < 2 ? std::string_view() : json.substr(1, json.size() - 2);
}

}  // namespace alcove::executor
