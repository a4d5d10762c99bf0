#include "server/copy_text.h"

#include <algorithm>

#include "server/text_format.h"

namespace alcove::server {
namespace {

// Whether what stands at `at` is escaped: by an odd number of backslashes before it.
bool is_escaped(std::string_view bytes, std::size_t at) {
  std::size_t backslashes = 0;
  while (backslashes < at && bytes[at - 1 - backslashes] == '\\') ++backslashes;
  return backslashes % 2 == 1;
}

constexpr std::string_view kLetters = "bfnrtv";
constexpr std::string_view kMeanings = "\b\f\n\r\t\v";

// The number written in up to `digits_max` digits at `at`, which moves behind them; none: there is
// no digit.
std::optional<unsigned> read_digits(std::string_view text, std::size_t& at, unsigned base,
                                    std::size_t digits_max) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  const std::size_t begin = at;
  unsigned number = 0;
  while (at < text.size() && at - begin < digits_max) {
    const char c = text[at];
    const char lower = c >= 'A' && c <= 'F' ? static_cast<char>(c - 'A' + 'a') : c;
    const std::size_t digit = kDigits.find(lower);
    if (digit >= base) break;
    number = number * base + static_cast<unsigned>(digit);
    ++at;
  }
  if (at == begin) return std::nullopt;
  return number;
}

// The end of the field that begins at `begin`.
std::size_t end_of_field(std::string_view line, std::size_t begin, char delimiter) {
  std::size_t at = begin;
  while (at < line.size() && line[at] != delimiter) at += line[at] == '\\' ? 2U : 1U;
  return std::min(at, line.size());
}

}  // namespace

// ---- Reading ------------------------------------------------------------------------------------

std::optional<std::size_t> TextCopyReader::find_newline(std::string_view bytes,
                                                        std::size_t looked) {
  std::size_t at = bytes.find('\n', looked);
  while (at != std::string_view::npos && is_escaped(bytes, at)) at = bytes.find('\n', at + 1);
  if (at == std::string_view::npos) return std::nullopt;
  return at;
}

bool TextCopyReader::ends_with_cr(std::string_view line) const {
  return !is_escaped(line, line.size() - 1);
}

Status TextCopyReader::split(std::string_view line, std::size_t count_max,
                             std::vector<Field>& fields) {
  plain_.clear();
  plain_.reserve(line.size());  // the fields are views into it
  const bool escapes = line.find('\\') != std::string_view::npos;
  std::size_t begin = 0;
  while (fields.size() < count_max) {
    const std::size_t end = escapes ? end_of_field(line, begin, options_.delimiter)
                                    : std::min(line.find(options_.delimiter, begin), line.size());
    const std::string_view raw = line.substr(begin, end - begin);
    if (raw == options_.null) {
      fields.emplace_back();
    } else if (raw.find('\\') == std::string_view::npos) {
      fields.emplace_back(raw);
    } else {
      const std::string_view plain = TRY(unescape(raw));
      fields.emplace_back(plain);
    }
    if (end == line.size()) break;
    begin = end + 1;
  }
  return {};
}

Result<std::string_view> TextCopyReader::unescape(std::string_view raw) {
  const std::size_t begin = plain_.size();
  std::size_t at = 0;
  while (at < raw.size()) {
    const std::size_t backslash = std::min(raw.find('\\', at), raw.size());
    plain_ += raw.substr(at, backslash - at);
    at = backslash + 1;
    if (at >= raw.size()) break;
    const char c = raw[at];
    if (c == '.') return Error(ErrorCode::kBadCopyData, "end-of-copy marker corrupt");
    if (const std::size_t letter = kLetters.find(c); letter != std::string_view::npos) {
      plain_.push_back(kMeanings[letter]);
      ++at;
    } else if (c >= '0' && c <= '7') {
      plain_.push_back(static_cast<char>(*read_digits(raw, at, 8, 3)));
    } else {
      ++at;
      const auto hex = c == 'x' ? read_digits(raw, at, 16, 2) : std::nullopt;
      plain_.push_back(hex ? static_cast<char>(*hex) : c);
    }
  }
  return std::string_view(plain_).substr(begin);
}

// ---- Writing ------------------------------------------------------------------------------------

TextCopyWriter::TextCopyWriter(const CopyOptions& options,
                               const std::vector<executor::CopyColumn>& columns)
    : options_(options),
      columns_(columns),
      vectors_are_plain_(kVectorCharacters.find(options.delimiter) == std::string_view::npos) {}

void TextCopyWriter::header(std::string& out) {
  if (options_.header == CopyOptions::Header::kNone) return;
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    if (i > 0) out.push_back(options_.delimiter);
    append_escaped(name_of(columns_[i]), out);
  }
  out.push_back('\n');
}

void TextCopyWriter::row(std::span<const executor::Cell> cells, std::string& out) {
  for (std::size_t i = 0; i < cells.size(); ++i) {
    if (i > 0) out.push_back(options_.delimiter);
    if (std::holds_alternative<std::monostate>(cells[i])) {
      out += options_.null;
      continue;
    }
    if (const auto* text = std::get_if<std::string_view>(&cells[i])) {
      append_escaped(*text, out);
      continue;
    }
    if (vectors_are_plain_) {
      append_text(out, cells[i]);
      continue;
    }
    text_.clear();
    append_text(text_, cells[i]);
    append_escaped(text_, out);
  }
  out.push_back('\n');
}

void TextCopyWriter::append_escaped(std::string_view text, std::string& out) const {
  for (const char c : text) {
    if (const std::size_t control = kMeanings.find(c); control != std::string_view::npos) {
      out.push_back('\\');
      out.push_back(kLetters[control]);
      continue;
    }
    if (c == '\\' || c == options_.delimiter) out.push_back('\\');
    out.push_back(c);
  }
}

}  // namespace alcove::server
