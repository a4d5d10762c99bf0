#include "server/copy_reader.h"

#include <algorithm>

#include "server/copy_binary.h"
#include "server/copy_csv.h"
#include "server/copy_ndjson.h"
#include "server/copy_text.h"

namespace alcove::server {
namespace {

// Of a unit whose end is not in sight so much is taken at first, and then as much as there is of it
// already: so what lies behind it is not copied more than once.
constexpr std::size_t kFirstTakenBytes = 4096;

}  // namespace

Result<const executor::CopyRecord*> CopyReader::next(std::string_view& data) {
  while (const auto unit = TRY(next_unit(data))) {
    const executor::CopyRecord* const record = TRY(read(*unit));
    if (record != nullptr) return record;
  }
  return nullptr;
}

Result<const executor::CopyRecord*> CopyReader::last() {
  return read_rest(partial_done_ ? std::string_view() : std::string_view(partial_));
}

Result<std::optional<std::string_view>> CopyReader::next_unit(std::string_view& data) {
  if (partial_done_) partial_.clear();
  partial_done_ = false;
  if (data.empty()) return std::optional<std::string_view>();
  if (partial_.empty()) {
    const auto end = find_end(data, 0);
    if (end) {
      TRY(check_length(*end));
      const std::string_view unit = data.substr(0, *end);
      data.remove_prefix(*end);
      return std::optional(unit);
    }
    TRY(check_length(data.size()));
    partial_.assign(data);
    data = {};
    return std::optional<std::string_view>();
  }
  while (!data.empty()) {
    const std::size_t looked = partial_.size();
    const std::string_view taken = data.substr(0, std::max(kFirstTakenBytes, looked));
    partial_.append(taken);
    const auto end = find_end(partial_, looked);
    TRY(check_length(end.value_or(partial_.size())));
    data.remove_prefix(end ? *end - looked : taken.size());
    if (!end) continue;
    partial_.resize(*end);
    partial_done_ = true;
    return std::optional<std::string_view>(partial_);
  }
  return std::optional<std::string_view>();
}

Status CopyReader::check_length(std::size_t bytes) const {
  if (bytes <= record_bytes_max_) return {};
  return fail(ErrorCode::kLimitExceeded,
              "a record is longer than statement_bytes_max = {} bytes", record_bytes_max_)
      .with_hint("Look for a quote or an end of line that is missing, or raise the limit.");
}

std::unique_ptr<CopyReader> make_copy_reader(const CopyOptions& options,
                                             const std::vector<executor::CopyColumn>& columns,
                                             std::uint64_t record_bytes_max) {
  switch (options.format) {
    case CopyFormat::kCsv:
      return std::make_unique<CsvCopyReader>(options, columns, record_bytes_max);
    case CopyFormat::kNdjson: return std::make_unique<NdjsonCopyReader>(columns, record_bytes_max);
    case CopyFormat::kBinary: return std::make_unique<BinaryCopyReader>(columns, record_bytes_max);
    case CopyFormat::kText: break;
  }
  return std::make_unique<TextCopyReader>(options, columns, record_bytes_max);
}

}  // namespace alcove::server
