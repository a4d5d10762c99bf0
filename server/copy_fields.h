#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/metadata.h"
#include "base/result.h"
#include "executor/copy_column.h"
#include "executor/copy_in.h"

namespace alcove::server {

// A record in the making, from its fields in text or in binary. Errors: those of CopyReader.
class CopyFields {
 public:
  // Begins anew: every field is NULL.
  void clear() { record_ = {}; }
  void set_null(executor::CopyColumn column);
  // `bytes` must live as long as the record is used.
  Status set_text(executor::CopyColumn column, std::string_view bytes);
  Status set_binary(executor::CopyColumn column, std::string_view bytes);

  const executor::CopyRecord& record() const { return record_; }

 private:
  Status set_values(std::string_view text);
  Status set_metadata(std::string_view json);

  executor::CopyRecord record_;
  std::vector<float> values_;
  Metadata metadata_;
};

}  // namespace alcove::server
