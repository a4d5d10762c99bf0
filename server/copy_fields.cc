#include "server/copy_fields.h"

#include <utility>

#include "parser/vector_text.h"
#include "server/text_encoding.h"
#include "server/binary_array.h"

namespace alcove::server {
namespace {

using executor::CopyColumn;

constexpr char kJsonbVersion = 1;

}  // namespace

void CopyFields::set_null(CopyColumn column) {
  switch (column) {
    case CopyColumn::kNamespace: record_.name_space.reset(); break;
    case CopyColumn::kId: record_.id.reset(); break;
    case CopyColumn::kValues: record_.values.reset(); break;
    case CopyColumn::kMetadata: record_.metadata = {}; break;
  }
}

Status CopyFields::set_text(CopyColumn column, std::string_view bytes) {
  switch (column) {
    case CopyColumn::kNamespace:
    case CopyColumn::kId:
      TRY(check_text(bytes));
      (column == CopyColumn::kId ? record_.id : record_.name_space) = bytes;
      return {};
    case CopyColumn::kValues: return set_values(bytes);
    case CopyColumn::kMetadata: return set_metadata(bytes);
  }
  return {};
}

Status CopyFields::set_binary(CopyColumn column, std::string_view bytes) {
  if (column == CopyColumn::kValues) {
    const Status read = read_any_vector(bytes, values_);
    if (!read && read.error().code() == ErrorCode::kProtocol) {
      return read.error().with_code(ErrorCode::kBadCopyData);
    }
    record_.values = values_;
    return read;
  }
  // jsonb; json is its text alone.
  if (column == CopyColumn::kMetadata && bytes.starts_with(kJsonbVersion)) bytes.remove_prefix(1);
  return set_text(column, bytes);
}

Status CopyFields::set_values(std::string_view text) {
  auto values = parser::parse_vector_text(text);
  if (!values) {
    TRY(check_text(text));  // the error says what the text is
    return values.error();
  }
  values_ = *std::move(values);
  record_.values = values_;
  return {};
}

Status CopyFields::set_metadata(std::string_view json) {
  TRY(check_text(json));
  metadata_ = TRY(Metadata::parse_json(json));
  record_.metadata = metadata_.encoded();
  return {};
}

}  // namespace alcove::server
