#include "parser/string_literal.h"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string_view>

#include "base/utf8.h"

namespace alcove::parser {
namespace {

bool unterminated(Input& input, const char* begin) {
  return input.fail(ErrorCode::kSyntax, begin, "unterminated quoted string");
}

// SQL's continuation: after a closing quote, blanks with a line break in them and another quote.
// Answers where the next part's text begins.
const char* continuation(const Input& input, const char* at) {
  bool line_break = false;
  for (; at != input.end(); ++at) {
    if (*at == '\n' || *at == '\r') {
      line_break = true;
    } else if (*at != ' ' && *at != '\t' && *at != '\f' && *at != '\v') {
      break;
    }
  }
  return line_break && at != input.end() && *at == '\'' ? at + 1 : nullptr;
}

bool read_plain(Input& input, const char*& at, std::string& text) {
  const char* const begin = at;
  for (const char* from = at + 1;;) {
    const char* quote = std::find(from, input.end(), '\'');
    if (quote == input.end()) return unterminated(input, begin);
    text.append(from, quote);
    at = quote + 1;
    if (at != input.end() && *at == '\'') {
      text.push_back('\'');
      from = at + 1;
    } else {
      from = continuation(input, at);
      if (from == nullptr) return true;
    }
  }
}

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

int octal_digit(char c) { return c >= '0' && c <= '7' ? c - '0' : -1; }

// At most `digits_max` digits of a base; how many there were is in `at`.
std::uint32_t read_digits(const Input& input, const char*& at, int digits_max, std::uint32_t base,
                          int (*digit_of)(char)) {
  std::uint32_t value = 0;
  for (int i = 0; i < digits_max && at != input.end(); ++i, ++at) {
    const int digit = digit_of(*at);
    if (digit < 0) break;
    value = value * base + static_cast<std::uint32_t>(digit);
  }
  return value;
}

// One E'…' string: its text so far, and whether escapes of bytes ask for a look at the encoding.
class EscapeReader {
 public:
  EscapeReader(Input& input, std::string& text) : input_(input), text_(text) {}

  bool read(const char*& at) {
    const char* const begin = at;
    for (at += 2;;) {
      if (at == input_.end()) return unterminated(input_, begin);
      if (*at == '\\') {
        if (at + 1 == input_.end()) return unterminated(input_, begin);
        if (!read_escape(at)) return false;
        continue;
      }
      if (surrogate_) return bad_surrogate(at);
      if (*at != '\'') {
        text_.push_back(*at++);
      } else if (++at != input_.end() && *at == '\'') {
        text_.push_back(*at++);
      } else if (const char* next = continuation(input_, at)) {
        at = next;
      } else {
        break;
      }
    }
    if (raw_bytes_ && find_bad_utf8(text_)) {
      return input_.fail(ErrorCode::kBadEncoding, begin,
                         "the string's escapes do not make valid UTF-8");
    }
    return true;
  }

 private:
  bool bad_surrogate(const char* at) {
    return input_.fail(ErrorCode::kSyntax, at, "invalid Unicode surrogate pair");
  }

  bool read_escape(const char*& at) {
    const char* const begin = at;
    const char kind = *++at;
    if (kind == 'u') return read_code_point(begin, at, 4);
    if (kind == 'U') return read_code_point(begin, at, 8);
    if (surrogate_) return bad_surrogate(begin);
    if (kind == 'x' && at + 1 != input_.end() && hex_digit(at[1]) >= 0) {
      push_byte(read_digits(input_, ++at, 2, 16, hex_digit));
    } else if (octal_digit(kind) >= 0) {
      push_byte(read_digits(input_, at, 3, 8, octal_digit));
    } else {
      constexpr std::string_view kLetters = "bfnrt";
      constexpr std::string_view kCharacters = "\b\f\n\r\t";
      const std::size_t which = kLetters.find(kind);
      text_.push_back(which == std::string_view::npos ? kind : kCharacters[which]);
      ++at;
    }
    return true;
  }

  bool read_code_point(const char* begin, const char*& at, int digits) {
    const char* const from = ++at;
    const std::uint32_t value = read_digits(input_, at, digits, 16, hex_digit);
    if (at - from != digits) {
      return input_.fail(ErrorCode::kSyntax, begin, "invalid Unicode escape",
                         "Unicode escapes must be \\uXXXX or \\UXXXXXXXX.");
    }
    const bool low = value >= 0xDC00 && value <= 0xDFFF;
    if (low != surrogate_.has_value()) return bad_surrogate(begin);
    if (low) {
      append_utf8(text_, 0x10000 + ((*surrogate_ - 0xD800) << 10) + (value - 0xDC00));
      surrogate_.reset();
    } else if (value >= 0xD800 && value <= 0xDBFF) {
      surrogate_ = value;
    } else if (value == 0 || value > 0x10FFFF) {
      return input_.fail(ErrorCode::kSyntax, begin, "invalid Unicode escape value");
    } else {
      append_utf8(text_, value);
    }
    return true;
  }

  void push_byte(std::uint32_t value) {
    text_.push_back(static_cast<char>(value));
    raw_bytes_ = true;
  }

  Input& input_;
  std::string& text_;
  std::optional<std::uint32_t> surrogate_;
  bool raw_bytes_ = false;
};

// Length of `$tag$` at the beginning of `text`, 0 if there is none. A tag does not begin with a
// digit, so that $1$ is a parameter.
std::size_t dollar_quote_length(std::string_view text) {
  if (text.size() < 2 || text[0] != '$') return 0;
  for (std::size_t i = 1; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '$') return i + 1;
    const bool digit = c >= '0' && c <= '9';
    const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
                        static_cast<unsigned char>(c) >= 0x80;
    if (!letter && !(digit && i > 1)) return 0;
  }
  return 0;
}

bool read_dollar_quoted(Input& input, const char*& at, std::size_t quote_length,
                        std::string& text) {
  const std::string_view rest = input.from(at);
  const std::string_view quote = rest.substr(0, quote_length);
  const std::size_t close = rest.find(quote, quote_length);
  if (close == std::string_view::npos) {
    return input.fail(ErrorCode::kSyntax, at, "unterminated dollar-quoted string");
  }
  text.assign(rest.substr(quote_length, close - quote_length));
  at += close + quote_length;
  return true;
}

bool begins_escape_string(const Input& input, const char* at) {
  return input.end() - at >= 2 && (*at == 'E' || *at == 'e') && at[1] == '\'';
}

}  // namespace

bool begins_string(const Input& input, const char* at) {
  return at != input.end() && (*at == '\'' || begins_escape_string(input, at) ||
                               dollar_quote_length(input.from(at)) != 0);
}

bool read_string(Input& input, const char*& at, std::string& text) {
  if (at == input.end()) return false;
  text.clear();
  if (*at == '\'') return read_plain(input, at, text);
  if (begins_escape_string(input, at)) return EscapeReader(input, text).read(at);
  const std::size_t quote_length = dollar_quote_length(input.from(at));
  return quote_length != 0 && read_dollar_quoted(input, at, quote_length, text);
}

}  // namespace alcove::parser
