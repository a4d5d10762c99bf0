#pragma once

#include <vector>

#include "base/result.h"
#include "parser/statement.h"

namespace alcove::executor {

// The parts of a record that COPY carries.
enum class CopyColumn : unsigned char { kNamespace, kId, kValues, kMetadata };

const char* name_of(CopyColumn column);

// Those that the statement names, in its order, or all; `namespace` is one with BY NAMESPACE only.
// Names are taken in any case. Errors: kUndefinedColumn; kSyntax for one that is named twice, or,
// FROM STDIN, for a record's part that is missing.
Result<std::vector<CopyColumn>> copy_columns(const parser::Copy& copy);

}  // namespace alcove::executor
