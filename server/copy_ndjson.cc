#include "server/copy_ndjson.h"

#include <algorithm>

#include "base/json_string.h"
#include "server/text_encoding.h"
#include "server/text_format.h"

namespace alcove::server {
namespace {

using executor::CopyColumn;

Error not_json(const char* why) {
  return fail(ErrorCode::kInvalidText, "invalid input syntax for type json: {}", why);
}

}  // namespace

// ---- Reading ------------------------------------------------------------------------------------

std::optional<std::size_t> NdjsonCopyReader::find_end(std::string_view bytes, std::size_t looked) {
  const std::size_t newline = bytes.find('\n', looked);
  if (newline == std::string_view::npos) return std::nullopt;
  return newline + 1;
}

Result<const executor::CopyRecord*> NdjsonCopyReader::read(std::string_view unit) {
  line_ = unit;
  at_ = 0;
  record_.clear();
  skip_blanks();
  if (at_ == line_.size()) return nullptr;
  TRY(check_text(line_));
  if (!take('{')) return not_json("a line must be an object");
  skip_blanks();
  if (!take('}')) {
    do {
      TRY(read_member());
      skip_blanks();
    } while (take(','));
    if (!take('}')) return not_json("\",\" or \"}\" was expected");
  }
  skip_blanks();
  if (at_ != line_.size()) return not_json("nothing may follow the object on its line");
  return &record_.record();
}

Result<const executor::CopyRecord*> NdjsonCopyReader::read_rest(std::string_view rest) {
  return read(rest);
}

Status NdjsonCopyReader::read_member() {
  skip_blanks();
  if (at_ == line_.size() || line_[at_] != '"') return not_json("a member's name was expected");
  const std::string member = TRY(read_json_string(line_, at_));
  skip_blanks();
  if (!take(':')) return not_json("\":\" was expected");
  skip_blanks();
  const CopyColumn column = TRY(column_of(member));
  return read_value(column);
}

Result<CopyColumn> NdjsonCopyReader::column_of(const std::string& member) const {
  const auto column =
      std::find_if(columns_.begin(), columns_.end(),
                   [&](CopyColumn each) { return member == name_of(each); });
  if (column != columns_.end()) return *column;
  return fail(ErrorCode::kInvalidValue, "a record has no member \"{}\" here", member);
}

Status NdjsonCopyReader::read_value(CopyColumn column) {
  if (take_word("null")) {
    record_.set_null(column);
    return {};
  }
  const char first = at_ < line_.size() ? line_[at_] : '\0';
  if (column == CopyColumn::kValues || column == CopyColumn::kMetadata) {
    if (first != (column == CopyColumn::kValues ? '[' : '{')) {
      return fail(ErrorCode::kWrongType, "\"{}\" must be {}", name_of(column),
                  column == CopyColumn::kValues ? "a list of numbers" : "an object");
    }
    const std::string_view text = TRY(take_nested());
    return record_.set_text(column, text);
  }
  if (first != '"') {
    return fail(ErrorCode::kWrongType, "\"{}\" must be a string", name_of(column));
  }
  std::string& text = column == CopyColumn::kId ? id_ : name_space_;
  text = TRY(read_json_string(line_, at_));
  return record_.set_text(column, text);
}

// What is within is looked at by those who know the type; here only brackets and strings count.
Result<std::string_view> NdjsonCopyReader::take_nested() {
  const std::size_t begin = at_;
  std::size_t depth = 0;
  bool in_string = false;
  for (; at_ < line_.size(); ++at_) {
    const char c = line_[at_];
    if (in_string) {
      if (c == '\\') ++at_;
      in_string = c != '"';
    } else if (c == '"') {
      in_string = true;
    } else if (c == '[' || c == '{') {
      ++depth;
    } else if ((c == ']' || c == '}') && --depth == 0) {
      ++at_;
      return line_.substr(begin, at_ - begin);
    }
  }
  return not_json("a list or an object has no end");
}

bool NdjsonCopyReader::take(char c) { return take_word(std::string_view(&c, 1)); }

bool NdjsonCopyReader::take_word(std::string_view word) {
  if (!line_.substr(std::min(at_, line_.size())).starts_with(word)) return false;
  at_ += word.size();
  return true;
}

void NdjsonCopyReader::skip_blanks() {
  at_ = std::min(line_.find_first_not_of(" \t\r\n", at_), line_.size());
}

// ---- Writing ------------------------------------------------------------------------------------

void NdjsonCopyWriter::row(std::span<const executor::Cell> cells, std::string& out) {
  std::string_view before = "{\"";
  for (std::size_t i = 0; i < cells.size(); ++i) {
    if (std::holds_alternative<std::monostate>(cells[i])) continue;
    out += before;
    before = ", \"";
    out += name_of(columns_[i]);
    out += "\": ";
    if (const auto* values = std::get_if<std::span<const float>>(&cells[i])) {
      append_vector(out, *values);
    } else if (columns_[i] == CopyColumn::kMetadata) {
      append_text(out, cells[i]);
    } else {
      append_json_string(out, std::get<std::string_view>(cells[i]));
    }
  }
  if (before.front() == '{') out.push_back('{');  // of metadata alone, and there is none
  out += "}\n";
}

}  // namespace alcove::server
