#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "segments/arena.h"
#include "segments/memtable.h"

namespace alcove::segments {

// The ids of a memtable in bytewise order, each with the newest of its entries.
//
// Thread-safety: one writer at a time (insert, and stores to `newest`); any number of readers
// beside it without a lock. Nodes live in the arena, never move and are never removed.
//
// Invariants
//   1. A node is fully built before a link leads to it: links are stored with release and followed
//      with acquire.
//   2. Level 0 links every node; a node of level n stands in every level below n.
//   3. Only `newest` and the links of a node change once it is linked.
class SkipList {
 public:
  class Node {
   public:
    Node(std::string_view id_bytes, Knowledge first, Memtable::Entry* entry)
        : id(id_bytes), first_knowledge(first), newest(entry) {}

    const std::string_view id;
    const Knowledge first_knowledge;  // of the first write of this id
    std::atomic<Memtable::Entry*> newest;

    // nullptr at the end. Requires: `level` below the node's height.
    std::atomic<Node*>& next(std::size_t level) { return links()[level]; }
    Node* next(std::size_t level) const {
      return const_cast<Node*>(this)->links()[level].load(std::memory_order_acquire);
    }

   private:
    // They stand behind the node, as many as it is high.
    std::atomic<Node*>* links() { return reinterpret_cast<std::atomic<Node*>*>(this + 1); }
  };

  static constexpr std::size_t kHeightMax = 12;
  // For each level the last node before a place.
  using Path = std::array<Node*, kHeightMax>;

  explicit SkipList(Arena& arena);

  // ---- the writer ----
  // The node of `id`, or nullptr with `path` telling insert() where it belongs.
  Node* find(std::string_view id, Path& path);
  // Requires: `path` from find(id), which found nothing, and no insert() since.
  void insert(const Path& path, std::string_view id, Knowledge first, Memtable::Entry* entry);

  // ---- readers; nullptr where there is none ----
  const Node* last() const;
  const Node* lower_bound(std::string_view id) const;  // the first that is not below it
  const Node* find_below(std::string_view id) const;   // the last that is below it
  std::size_t count() const { return count_.load(std::memory_order_relaxed); }

 private:
  Node* make_node(std::size_t height, std::string_view id, Knowledge first,
                  Memtable::Entry* entry);
  std::size_t random_height();
  // The last node for which `is_before(node)`, head_ if there is none; `visit(level, node)` is
  // told the last one of each level.
  template <class IsBefore, class Visit>
  Node* descend(IsBefore is_before, Visit visit) const;

  Arena& arena_;
  Node* const head_;  // of full height, its id is not looked at
  std::atomic<std::size_t> height_{1};
  std::atomic<std::size_t> count_{0};
  std::uint64_t random_ = 0x9e3779b97f4a7c15;
};

}  // namespace alcove::segments
