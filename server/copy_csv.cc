#include "server/copy_csv.h"

#include <utility>

#include "server/text_format.h"

namespace alcove::server {

// ---- Reading ------------------------------------------------------------------------------------

std::optional<std::size_t> CsvCopyReader::find_newline(std::string_view bytes,
                                                       std::size_t looked) {
  if (looked == 0) in_quotes_ = after_escape_ = false;
  // A doubled quote closes and opens again, which comes to the same.
  const bool has_escape = options_.escape != options_.quote;
  for (std::size_t at = looked; at < bytes.size(); ++at) {
    const char c = bytes[at];
    if (c == '\n' && !in_quotes_) return at;
    const bool escaped = std::exchange(after_escape_, false);
    if (c == options_.quote && !escaped) {
      in_quotes_ = !in_quotes_;
    } else if (has_escape && in_quotes_ && c == options_.escape) {
      after_escape_ = !escaped;
    }
  }
  return std::nullopt;
}

Status CsvCopyReader::split(std::string_view line, std::size_t count_max,
                            std::vector<Field>& fields) {
  plain_.clear();
  plain_.reserve(line.size());  // the fields are views into it
  std::size_t at = 0;
  while (fields.size() < count_max) {
    const Field field = TRY(read_field(line, at));
    fields.push_back(field);
    if (at == line.size()) break;
    ++at;  // the delimiter
  }
  return {};
}

// Leaves `at` on the delimiter or the end.
Result<LineCopyReader::Field> CsvCopyReader::read_field(std::string_view line, std::size_t& at) {
  const std::size_t begin = plain_.size();
  bool quoted = false;
  while (at < line.size() && line[at] != options_.delimiter) {
    if (line[at] == options_.quote) {
      quoted = true;
      TRY(read_quoted(line, at));
    } else {
      plain_.push_back(line[at++]);
    }
  }
  const std::string_view field = std::string_view(plain_).substr(begin);
  if (!quoted && field == options_.null) return Field();
  return Field(field);
}

// From the opening quote to behind the closing one.
Status CsvCopyReader::read_quoted(std::string_view line, std::size_t& at) {
  ++at;
  while (at < line.size()) {
    const char c = line[at];
    const char next = at + 1 < line.size() ? line[at + 1] : '\0';
    if (c == options_.escape && at + 1 < line.size() &&
        (next == options_.quote || next == options_.escape)) {
      plain_.push_back(next);
      at += 2;
    } else if (c == options_.quote) {
      ++at;
      return {};
    } else {
      plain_.push_back(c);
      ++at;
    }
  }
  return Error(ErrorCode::kBadCopyData, "unterminated CSV quoted field");
}

// ---- Writing ------------------------------------------------------------------------------------

CsvCopyWriter::CsvCopyWriter(const CopyOptions& options,
                             const std::vector<executor::CopyColumn>& columns)
    : options_(options),
      columns_(columns),
      special_({options.delimiter, options.quote, options.escape, '\n', '\r'}),
      vectors_are_plain_(kVectorCharacters.find(options.quote) == std::string_view::npos &&
                         kVectorCharacters.find(options.escape) == std::string_view::npos) {}

void CsvCopyWriter::header(std::string& out) {
  if (options_.header == CopyOptions::Header::kNone) return;
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    if (i > 0) out.push_back(options_.delimiter);
    append_field(name_of(columns_[i]), out);
  }
  out.push_back('\n');
}

void CsvCopyWriter::row(std::span<const executor::Cell> cells, std::string& out) {
  for (std::size_t i = 0; i < cells.size(); ++i) {
    if (i > 0) out.push_back(options_.delimiter);
    if (std::holds_alternative<std::monostate>(cells[i])) {
      out += options_.null;
      continue;
    }
    if (const auto* text = std::get_if<std::string_view>(&cells[i])) {
      append_field(*text, out);
      continue;
    }
    if (vectors_are_plain_) {
      out.push_back(options_.quote);
      append_text(out, cells[i]);
      out.push_back(options_.quote);
      continue;
    }
    text_.clear();
    append_text(text_, cells[i]);
    append_field(text_, out);
  }
  out.push_back('\n');
}

void CsvCopyWriter::append_field(std::string_view text, std::string& out) const {
  // `\.` alone on a line would end the data.
  const bool plain = text != options_.null && text != "\\." &&
                     text.find_first_of(special_) == std::string_view::npos;
  if (plain) {
    out += text;
    return;
  }
  out.push_back(options_.quote);
  for (const char c : text) {
    if (c == options_.quote || c == options_.escape) out.push_back(options_.escape);
    out.push_back(c);
  }
  out.push_back(options_.quote);
}

}  // namespace alcove::server
