#include "segments/memtable.h"

#include <cstring>
#include <new>
#include <type_traits>

#include "base/check.h"
#include "segments/arena.h"
#include "segments/distance.h"
#include "segments/row_chunks.h"
#include "segments/skip_list.h"

namespace alcove::segments {
namespace {

static_assert(std::is_trivially_destructible_v<Memtable::Entry>, "an arena runs no destructors");

const Memtable::Entry* seen_from(const SkipList::Node& node, Lsn snapshot) {
  const Memtable::Entry* entry = node.newest.load(std::memory_order_acquire);
  while (entry != nullptr && entry->lsn > snapshot) entry = entry->older;
  return entry;
}

const SkipList::Node& node_at(const void* node) {
  CHECK(node != nullptr, "only a valid cursor is read or moved");
  return *static_cast<const SkipList::Node*>(node);
}

// What one id adds to the number of the namespace's records.
std::int64_t record_delta_of(Knowledge first, bool live) {
  if (first == Knowledge::kBlind) return live ? 1 : 0;
  return live ? 0 : -1;
}

}  // namespace

struct Memtable::State {
  explicit State(std::uint32_t dimension) : ids(arena), rows(arena, dimension) {}

  Arena arena;
  SkipList ids;
  RowChunks rows;
};

Memtable::Memtable(std::uint32_t dimension)
    : dimension_(dimension), state_(std::make_unique<State>(dimension)) {
  CHECK(dimension > 0, "vectors have a dimension");
  count_bytes();
}

Memtable::~Memtable() = default;

void Memtable::upsert(Lsn lsn, std::string_view id, const float* values,
                      std::string_view metadata, Knowledge knowledge) {
  float* const place = state_->rows.next_values();
  std::memcpy(place, values, dimension_ * sizeof(float));
  const float norm = segments::squared_norm(place, dimension_);
  const MetadataView kept(state_->arena.copy(metadata));
  const Entry* const entry = write(lsn, id, place, norm, kept, knowledge);
  state_->rows.publish(norm, entry);
  count_bytes();
}

void Memtable::erase(Lsn lsn, std::string_view id, Knowledge knowledge) {
  write(lsn, id, nullptr, 0, {}, knowledge);
  count_bytes();
}

const Memtable::Entry* Memtable::write(Lsn lsn, std::string_view id, const float* values,
                                       float squared_norm, MetadataView metadata,
                                       Knowledge knowledge) {
  CHECK(lsn > 0 && lsn < kLsnMax && lsn >= last_lsn(), "writes come in LSN order");
  SkipList::Path path;
  SkipList::Node* const node = state_->ids.find(id, path);
  Entry* const older = node ? node->newest.load(std::memory_order_relaxed) : nullptr;
  // A new id comes behind its entry, so that it lies beside the node that will be made for it:
  // a search compares ids and looks at no entry on its way.
  std::byte* const place = state_->arena.allocate(sizeof(Entry), alignof(Entry));
  const std::string_view kept_id = node ? node->id : state_->arena.copy(id);
  Entry* const entry =
      new (place) Entry{kept_id, values, squared_norm, metadata, lsn, older, kLsnMax};
  std::int64_t change = 0;
  if (node != nullptr) {
    node->newest.store(entry, std::memory_order_release);  // Invariant 1
    older->replaced_at.store(lsn, std::memory_order_release);
    change = record_delta_of(node->first_knowledge, !entry->tombstone()) -
             record_delta_of(node->first_knowledge, !older->tombstone());
  } else {
    state_->ids.insert(path, kept_id, knowledge, entry);
    change = record_delta_of(knowledge, !entry->tombstone());
  }
  record_delta_.store(record_delta() + change, std::memory_order_relaxed);
  if (first_lsn() == 0) first_lsn_.store(lsn, std::memory_order_release);
  last_lsn_.store(lsn, std::memory_order_release);
  return entry;
}

void Memtable::count_bytes() {
  bytes_.store(sizeof(Memtable) + sizeof(State) + state_->arena.bytes(),
               std::memory_order_relaxed);
}

const Memtable::Entry* Memtable::find(std::string_view id, Lsn snapshot) const {
  const SkipList::Node* const node = state_->ids.lower_bound(id);
  return node != nullptr && node->id == id ? seen_from(*node, snapshot) : nullptr;
}

Memtable::Rows Memtable::rows(std::size_t first, std::size_t count_max) const {
  return state_->rows.rows(first, count_max);
}

std::size_t Memtable::row_count() const { return state_->rows.count(); }

std::size_t Memtable::id_count() const { return state_->ids.count(); }

Memtable::Cursor::Cursor(const Memtable& memtable) : memtable_(&memtable) {}

void Memtable::Cursor::seek(std::string_view id) {
  node_ = memtable_->state_->ids.lower_bound(id);
}

void Memtable::Cursor::seek_to_last() { node_ = memtable_->state_->ids.last(); }

void Memtable::Cursor::seek_below(std::string_view id) {
  node_ = memtable_->state_->ids.find_below(id);
}

bool Memtable::Cursor::valid() const { return node_ != nullptr; }

std::string_view Memtable::Cursor::id() const { return node_at(node_).id; }

const Memtable::Entry* Memtable::Cursor::entry(Lsn snapshot) const {
  return seen_from(node_at(node_), snapshot);
}

void Memtable::Cursor::next() { node_ = node_at(node_).next(0); }

void Memtable::Cursor::previous() { seek_below(node_at(node_).id); }

}  // namespace alcove::segments
