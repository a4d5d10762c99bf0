#include "executor/copy_column.h"

#include <algorithm>

#include "parser/name.h"

namespace alcove::executor {
namespace {

std::vector<CopyColumn> all_columns(bool by_namespace) {
  std::vector<CopyColumn> columns = {CopyColumn::kId, CopyColumn::kValues, CopyColumn::kMetadata};
  if (by_namespace) columns.insert(columns.begin(), CopyColumn::kNamespace);
  return columns;
}

bool contains(const std::vector<CopyColumn>& columns, CopyColumn column) {
  return std::find(columns.begin(), columns.end(), column) != columns.end();
}

// What a record cannot be made without.
Status check_complete(const parser::Copy& copy, const std::vector<CopyColumn>& columns) {
  for (const CopyColumn column : all_columns(copy.by_namespace)) {
    if (column == CopyColumn::kMetadata || contains(columns, column)) continue;
    return fail(ErrorCode::kSyntax, "COPY FROM STDIN needs the column \"{}\"", name_of(column))
        .at(copy.columns.front().offset);
  }
  return {};
}

}  // namespace

const char* name_of(CopyColumn column) {
  switch (column) {
    case CopyColumn::kNamespace: return "namespace";
    case CopyColumn::kId: return "id";
    case CopyColumn::kValues: return "values";
    case CopyColumn::kMetadata: return "metadata";
  }
  return "";
}

Result<std::vector<CopyColumn>> copy_columns(const parser::Copy& copy) {
  const std::vector<CopyColumn> all = all_columns(copy.by_namespace);
  if (copy.columns.empty()) return all;
  std::vector<CopyColumn> named;
  for (const parser::Name& name : copy.columns) {
    const std::string folded = parser::lower_case(name.text);
    const auto column = std::find_if(all.begin(), all.end(),
                                     [&](CopyColumn each) { return folded == name_of(each); });
    if (column == all.end()) {
      return fail(ErrorCode::kUndefinedColumn, "column \"{}\" of index \"{}\" does not exist",
                  name.text, copy.index.text)
          .at(name.offset);
    }
    if (contains(named, *column)) {
      return fail(ErrorCode::kSyntax, "column \"{}\" is named twice", name_of(*column))
          .at(name.offset);
    }
    named.push_back(*column);
  }
  if (copy.direction == parser::Copy::Direction::kFromStdin) TRY(check_complete(copy, named));
  return named;
}

}  // namespace alcove::executor
