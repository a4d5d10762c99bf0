#include "executor/record_scan.h"

namespace alcove::executor {

RecordScan::RecordScan(const NamespaceReader& reader, const segments::Filter& filter,
                       RecordCursor::Direction direction, Want want)
    : reader_(reader),
      filter_(filter),
      direction_(direction),
      want_(want),
      cursor_(reader, direction) {
  if (!filter.empty()) bounds_ = filter.id_bounds();
}

Result<std::optional<RecordView>> RecordScan::next(std::size_t count_max) {
  auto record = bounds_.has_ids ? next_listed() : next_walked(count_max);
  if (!record) return reader_.blame(record.error());
  return record;
}

Result<std::optional<RecordView>> RecordScan::match(const NamespaceReader::Place& place) {
  const Want need = filter_.needs_metadata() ? Want::kMetadata : Want::kIdOnly;
  RecordView record = TRY(reader_.load(place, need));
  if (!filter_.matches(record.id, record.metadata)) return std::optional<RecordView>();
  if (want_ != Want::kIdOnly) record = TRY(reader_.load(place, want_));
  return std::optional<RecordView>(std::move(record));
}

Result<std::optional<RecordView>> RecordScan::next_listed() {
  const bool up = direction_ == RecordCursor::Direction::kUp;
  while (listed_ < bounds_.ids.size()) {
    const std::size_t at = up ? listed_ : bounds_.ids.size() - 1 - listed_;
    ++listed_;
    const auto place = TRY(reader_.find(bounds_.ids[at]));
    if (!place) continue;
    auto record = TRY(match(*place));
    if (record) return record;
  }
  done_ = true;
  return std::optional<RecordView>();
}

Result<std::optional<RecordView>> RecordScan::next_walked(std::size_t count_max) {
  const bool up = direction_ == RecordCursor::Direction::kUp;
  if (!begun_) {
    begun_ = true;
    const std::string& from = up ? bounds_.first : bounds_.last;
    if (!from.empty()) TRY(cursor_.seek(from));
  }
  for (std::size_t looked = 0; looked < count_max; ++looked) {
    const auto item = TRY(cursor_.next());
    const bool beyond =
        !item || (up ? !bounds_.last.empty() && item->id >= bounds_.last
                     : item->id < bounds_.first);
    if (beyond) {
      done_ = true;
      break;
    }
    auto record = TRY(match(item->place));
    if (record) return record;
  }
  return std::optional<RecordView>();
}

}  // namespace alcove::executor
