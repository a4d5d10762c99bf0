#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string_view>

#include "base/result.h"
#include "executor/run.h"
#include "executor/session.h"
#include "parser/statement.h"

namespace alcove::executor {

// A record as the data of a COPY has it. What is left out is NULL.
struct CopyRecord {
  std::optional<std::string_view> name_space;  // with BY NAMESPACE
  std::optional<std::string_view> id;
  std::optional<std::span<const float>> values;
  std::string_view metadata;  // in Metadata's encoding
};

// Takes the records of a COPY … FROM STDIN: that statement's run. Externally synchronised.
class RecordIntake {
 public:
  virtual ~RecordIntake() = default;

  // Requires: the run's last step answered kInput, and not full(). Keeps nothing of `record`.
  // Texts are UTF-8 without NUL, the metadata is valid. Errors: kNullNotAllowed, kInvalidValue,
  // kTooLong; the statement has failed then.
  virtual Status add(const CopyRecord& record) = 0;
  // Whether the run is to be stepped before the next record.
  virtual bool full() const = 0;
  // There are no more records: the run's next steps commit.
  virtual void end() = 0;

  // Those taken so far, and of them those that are committed, whatever becomes of the others.
  virtual std::uint64_t record_count() const = 0;
  virtual std::uint64_t committed_count() const = 0;
};

// COPY … FROM STDIN: upserts record by record what its intake is given, of an id given twice the
// last. One commit at the end; BY NAMESPACE, outside a transaction block, one every 10,000 records.
Result<std::unique_ptr<Run>> start_copy_in(Session& session, const parser::Copy& copy);

}  // namespace alcove::executor
