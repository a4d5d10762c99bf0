#include "tools/word_vectors.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>

#include "base/number_text.h"

namespace alcove::tools {
namespace {

// Takes the next blank-separated part off the front of `line`.
std::string_view take_part(std::string_view& line) {
  const std::size_t end = std::min(line.find(' '), line.size());
  const std::string_view part = line.substr(0, end);
  line.remove_prefix(std::min(end + 1, line.size()));
  return part;
}

Status read_line(std::string_view line, WordVectors& words) {
  words.words.emplace_back(take_part(line));
  std::uint32_t count = 0;
  while (!line.empty()) {
    const std::string_view number = take_part(line);
    if (json_number_length(number) != number.size() || number.empty()) {
      return fail(ErrorCode::kInvalidText, "\"{}\" is not a number", number);
    }
    const float value = TRY(parse_float(number));
    words.values.push_back(value);
    ++count;
  }
  if (words.dimension == 0) words.dimension = count;
  if (count == 0 || count != words.dimension) {
    return fail(ErrorCode::kInvalidText, "{} numbers where {} are expected", count,
                words.dimension);
  }
  return {};
}

}  // namespace

Result<WordVectors> read_word_vectors(const std::string& path, std::size_t limit) {
  std::ifstream file(path);
  if (!file) return fail(ErrorCode::kIo, "{}: {}", path, std::strerror(errno));
  WordVectors words;
  std::string line;
  while ((limit == 0 || words.words.size() < limit) && std::getline(file, line)) {
    const Status status = read_line(line, words);
    if (!status) return status.error().in(fmt::format("{}:{}", path, words.words.size()));
  }
  if (file.bad()) return fail(ErrorCode::kIo, "{}: {}", path, std::strerror(errno));
  if (words.words.empty()) return fail(ErrorCode::kInvalidText, "{}: no words", path);
  return words;
}

std::string_view namespace_of(std::string_view word) {
  constexpr std::string_view kOther = "other";
  if (word.empty() || word.front() < 'a' || word.front() > 'z') return kOther;
  return word.substr(0, 1);
}

std::size_t length_of(std::string_view word) {
  return static_cast<std::size_t>(std::count_if(word.begin(), word.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xc0) != 0x80;
  }));
}

}  // namespace alcove::tools
