#include "segments/dead_rows.h"

#include <functional>

#include "base/check.h"

namespace alcove::segments {

namespace {

// Below one id in so many rows looking up each id is cheaper than walking both segments.
constexpr std::uint64_t kWalkRatio = 32;

using IdAt = std::function<Result<std::string_view>(std::uint32_t)>;

Status kill_by_lookup(const Segment& older, std::uint32_t count, const IdAt& id_at,
                      DeadRows& dead) {
  for (std::uint32_t i = 0; i < count; ++i) {
    const std::string_view id = TRY(id_at(i));
    const auto row = TRY(older.find(id));
    if (row) dead.kill(*row);
  }
  return {};
}

Status kill_by_walk(const Segment& older, std::uint32_t count, const IdAt& id_at, DeadRows& dead) {
  std::uint32_t row = 0;
  for (std::uint32_t i = 0; i < count && row < older.rows(); ++i) {
    const std::string_view id = TRY(id_at(i));
    for (; row < older.rows(); ++row) {
      const std::string_view older_id = TRY(older.id(row));
      const int order = older_id.compare(id);
      if (order == 0) dead.kill(row);
      if (order > 0) break;
    }
  }
  return {};
}

// Whether all of the ids lie behind, or all before, those of the segment: as in the pieces of a load
// that comes in order.
Result<bool> lie_apart(const Segment& older, std::uint32_t count, const IdAt& id_at) {
  if (count == 0 || older.rows() == 0) return true;
  if (TRY(id_at(0)) > TRY(older.id(older.rows() - 1))) return true;
  return TRY(id_at(count - 1)) < TRY(older.id(0));
}

// `id_at` gives `count` ids in rising order.
Status kill_ids(const Segment& older, std::uint32_t count, const IdAt& id_at, DeadRows& dead) {
  if (TRY(lie_apart(older, count, id_at))) return {};
  const bool few = count * kWalkRatio < older.rows();
  return few ? kill_by_lookup(older, count, id_at, dead) : kill_by_walk(older, count, id_at, dead);
}

}  // namespace

bool DeadRows::kill(std::uint32_t row) {
  CHECK(row / 64 < words_.size(), "a row of the segment");
  if (dead(row)) return false;
  words_[row / 64] |= std::uint64_t{1} << (row % 64);
  ++count_;
  return true;
}

Status kill_replaced(const Segment& older, const Segment& newer, DeadRows& dead) {
  TRY(kill_ids(older, newer.rows(), [&](std::uint32_t row) { return newer.id(row); }, dead));
  TRY(kill_ids(older, newer.tombstones(),
               [&](std::uint32_t tombstone) { return newer.tombstone_id(tombstone); }, dead));
  TRY(newer.check_mapping());
  return older.check_mapping();
}

Result<std::vector<std::shared_ptr<const DeadRows>>> find_dead_rows(
    std::span<const std::shared_ptr<const Segment>> segments) {
  std::vector<std::shared_ptr<const DeadRows>> result;
  result.reserve(segments.size());
  for (std::size_t i = 0; i < segments.size(); ++i) {
    auto dead = std::make_shared<DeadRows>(segments[i]->rows());
    for (std::size_t j = i + 1; j < segments.size(); ++j) {
      TRY(kill_replaced(*segments[i], *segments[j], *dead));
    }
    result.push_back(std::move(dead));
  }
  return result;
}

}  // namespace alcove::segments
