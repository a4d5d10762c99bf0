#pragma once

#include <cstdio>
#include <memory>
#include <optional>
#include <string>

#include "base/result.h"

namespace alcove::tools {

// Where the shell's lines come from. Externally synchronised.
class LineSource {
 public:
  virtual ~LineSource() = default;
  // The next line with its line break (the last may lack it); none at the end, or when Ctrl-C came
  // meanwhile: take_interrupt() tells. `prompt` is shown where a person types.
  virtual std::optional<std::string> next(const std::string& prompt) = 0;
  // What to put before an error message, to find the line: "setup.sql:12: ". Nothing before
  // the first line and where a person types.
  virtual std::string place() const { return {}; }
};

// A file, or standard input where it is no terminal.
class FileLines final : public LineSource {
 public:
  // Errors: kIo.
  static Result<std::unique_ptr<FileLines>> open(const std::string& path);
  static std::unique_ptr<FileLines> standard_input();
  ~FileLines() override;
  FileLines(const FileLines&) = delete;
  FileLines& operator=(const FileLines&) = delete;

  std::optional<std::string> next(const std::string& prompt) override;
  std::string place() const override;

 private:
  FileLines(std::FILE* file, std::string path) : file_(file), path_(std::move(path)) {}
  std::FILE* file_;
  std::string path_;  // empty: standard input, which is not closed
  char* line_ = nullptr;
  std::size_t capacity_ = 0;
  std::size_t number_ = 0;
};

}  // namespace alcove::tools
