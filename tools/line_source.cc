#include "tools/line_source.h"

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <utility>

#include <fmt/format.h>

namespace alcove::tools {

Result<std::unique_ptr<FileLines>> FileLines::open(const std::string& path) {
  std::FILE* file = std::fopen(path.c_str(), "re");
  if (!file) return fail(ErrorCode::kIo, "{}: {}", path, std::strerror(errno));
  return std::unique_ptr<FileLines>(new FileLines(file, path));
}

std::unique_ptr<FileLines> FileLines::standard_input() {
  return std::unique_ptr<FileLines>(new FileLines(stdin, ""));
}

FileLines::~FileLines() {
  std::free(line_);
  if (!path_.empty()) std::fclose(file_);
}

std::optional<std::string> FileLines::next(const std::string&) {
  const ssize_t size = ::getline(&line_, &capacity_, file_);
  if (size < 0) return std::nullopt;
  ++number_;
  return std::string(line_, static_cast<std::size_t>(size));
}

std::string FileLines::place() const {
  if (number_ == 0) return {};
  return fmt::format("{}:{}: ", path_.empty() ? "stdin" : path_, number_);
}

}  // namespace alcove::tools
