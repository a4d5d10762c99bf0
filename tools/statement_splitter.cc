#include "tools/statement_splitter.h"

#include <algorithm>

namespace alcove::tools {
namespace {

constexpr std::string_view kBlanks = " \t\r\n\f\v";

bool is_blank(char c) { return c != '\0' && kBlanks.find(c) != std::string_view::npos; }

bool is_word(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

void descend(std::size_t& depth) {
  if (depth > 0) --depth;
}

}  // namespace

void StatementSplitter::feed(std::string_view lines) { text_ += lines; }

std::optional<std::string> StatementSplitter::next() {
  while (position_ < text_.size()) {
    step();
    if (!statement_ended_) continue;
    statement_ended_ = false;
    const bool worth_sending = has_content_;
    std::string statement = cut(position_);
    if (worth_sending) return statement;
  }
  return std::nullopt;
}

std::optional<std::string> StatementSplitter::take_rest() {
  const bool worth_sending = has_content_;
  std::string rest = cut(text_.size());
  clear();
  if (!worth_sending) return std::nullopt;
  return rest;
}

std::string StatementSplitter::cut(std::size_t end) {
  const std::size_t begin = std::min(text_.find_first_not_of(kBlanks), end);
  std::string statement = text_.substr(begin, end - begin);
  text_.erase(0, end);
  position_ = 0;
  has_content_ = false;
  bracket_depth_ = 0;
  brace_depth_ = 0;
  return statement;
}

void StatementSplitter::step() {
  switch (mode_) {
    case Mode::kPlain: return step_plain();
    case Mode::kString: return step_quoted('\'', false);
    case Mode::kEscapeString: return step_quoted('\'', true);
    case Mode::kName: return step_quoted('"', false);
    case Mode::kJsonString: return step_quoted('"', true);
    case Mode::kBlockComment: return step_block_comment();
    case Mode::kLineComment:
      if (text_[position_++] == '\n') mode_ = Mode::kPlain;
      return;
    case Mode::kDollarString:
      if (text_.compare(position_, dollar_tag_.size(), dollar_tag_) == 0) {
        position_ += dollar_tag_.size();
        mode_ = Mode::kPlain;
      } else {
        ++position_;
      }
      return;
  }
}

void StatementSplitter::step_plain() {
  const char c = text_[position_];
  if (c == '-' && at(position_ + 1) == '-') {
    mode_ = Mode::kLineComment;
    position_ += 2;
    return;
  }
  if (c == '/' && at(position_ + 1) == '*') {
    mode_ = Mode::kBlockComment;
    comment_depth_ = 1;
    position_ += 2;
    return;
  }
  if (c == ';' && bracket_depth_ == 0 && brace_depth_ == 0) {
    ++position_;
    statement_ended_ = true;
    return;
  }
  if (!is_blank(c)) has_content_ = true;
  if (c == '$' && open_dollar_string()) return;
  if (c == '\'' || c == '"') open_quote(c);
  if (c == '(' || c == '[') ++bracket_depth_;
  if (c == ')' || c == ']') descend(bracket_depth_);
  if (c == '{') ++brace_depth_;
  if (c == '}') descend(brace_depth_);
  ++position_;
}

void StatementSplitter::open_quote(char quote) {
  if (quote == '"') {
    mode_ = brace_depth_ > 0 ? Mode::kJsonString : Mode::kName;
    return;
  }
  // An E is a prefix only where it is a word of its own.
  const char before = position_ > 0 ? text_[position_ - 1] : '\0';
  const char before_that = position_ > 1 ? text_[position_ - 2] : '\0';
  const bool escapes = (before == 'e' || before == 'E') && !is_word(before_that);
  mode_ = escapes ? Mode::kEscapeString : Mode::kString;
}

bool StatementSplitter::open_dollar_string() {
  if (position_ > 0 && is_word(text_[position_ - 1])) return false;
  std::size_t end = position_ + 1;
  // $1 is a parameter: no tag begins with a digit.
  if (at(end) >= '0' && at(end) <= '9') return false;
  while (is_word(at(end))) ++end;
  if (at(end) != '$') return false;
  dollar_tag_ = text_.substr(position_, end + 1 - position_);
  position_ = end + 1;
  mode_ = Mode::kDollarString;
  return true;
}

void StatementSplitter::step_quoted(char quote, bool backslash_escapes) {
  const char c = text_[position_];
  if (backslash_escapes && c == '\\') {
    position_ += 2;
    if (position_ > text_.size()) position_ = text_.size();
    return;
  }
  if (c == quote) {
    if (at(position_ + 1) == quote && mode_ != Mode::kJsonString) {
      position_ += 2;
      return;
    }
    mode_ = Mode::kPlain;
  }
  ++position_;
}

void StatementSplitter::step_block_comment() {
  const char c = text_[position_];
  const char after = at(position_ + 1);
  if (c == '/' && after == '*') {
    ++comment_depth_;
    position_ += 2;
  } else if (c == '*' && after == '/') {
    position_ += 2;
    if (--comment_depth_ == 0) mode_ = Mode::kPlain;
  } else {
    ++position_;
  }
}

}  // namespace alcove::tools
