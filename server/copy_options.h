#pragma once

#include <string>

#include "base/result.h"
#include "executor/row.h"
#include "parser/statement.h"

namespace alcove::server {

enum class CopyFormat : unsigned char { kText, kCsv, kNdjson, kBinary };

// How the data of a COPY is written; what a format has no use for is not looked at.
struct CopyOptions {
  enum class Header : unsigned char { kNone, kLine, kMatch };

  CopyFormat format = CopyFormat::kText;
  Header header = Header::kNone;  // kMatch: a first line of the columns' names, which is checked
  char delimiter = '\t';
  std::string null = "\\N";
  char quote = '"';   // of csv
  char escape = '"';  // of csv
  executor::Type vectors = executor::Type::kFloat4Array;  // of binary, sent: or kVector
};

// The options of the statement, with PostgreSQL's defaults for its format. Errors, worded as
// PostgreSQL's: kSyntax for an option that there is not, that is given twice or is of another format;
// kInvalidValue.
Result<CopyOptions> read_copy_options(const parser::Copy& copy);

}  // namespace alcove::server
