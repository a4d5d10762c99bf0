#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/result.h"
#include "executor/namespace_reader.h"
#include "segments/filter.h"

namespace alcove::executor {

// The records of a namespace that match a filter, in order of id: what SELECT, UPDATE and DELETE
// walk. Ids that the filter names are looked up, a range of ids that it implies is all that is
// walked. The reader and the filter outlive it. Externally synchronised.
class RecordScan {
 public:
  RecordScan(const NamespaceReader& reader, const segments::Filter& filter,
             RecordCursor::Direction direction, Want want);

  // Looks at up to `count_max` records and returns the first match among them, with what is wanted
  // of it. Nothing found: done() tells whether that was the end.
  Result<std::optional<RecordView>> next(std::size_t count_max);
  bool done() const { return done_; }

 private:
  Result<std::optional<RecordView>> next_listed();
  Result<std::optional<RecordView>> next_walked(std::size_t count_max);
  Result<std::optional<RecordView>> match(const NamespaceReader::Place& place);

  const NamespaceReader& reader_;
  const segments::Filter& filter_;
  RecordCursor::Direction direction_;
  Want want_;
  segments::Filter::IdBounds bounds_;
  RecordCursor cursor_;
  bool begun_ = false;
  bool done_ = false;
  std::size_t listed_ = 0;  // ids looked up so far
};

}  // namespace alcove::executor
