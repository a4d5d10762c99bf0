#include "segments/skip_list.h"

#include <algorithm>
#include <bit>
#include <new>
#include <type_traits>
#include <utility>

namespace alcove::segments {

static_assert(std::is_trivially_destructible_v<SkipList::Node>, "an arena runs no destructors");
static_assert(sizeof(SkipList::Node) % alignof(std::atomic<SkipList::Node*>) == 0,
              "links stand directly behind a node");

SkipList::SkipList(Arena& arena)
    : arena_(arena), head_(make_node(kHeightMax, {}, Knowledge::kBlind, nullptr)) {}

SkipList::Node* SkipList::make_node(std::size_t height, std::string_view id, Knowledge first,
                                    Memtable::Entry* entry) {
  std::byte* const place =
      arena_.allocate(sizeof(Node) + height * sizeof(std::atomic<Node*>), alignof(Node));
  Node* const node = new (place) Node(id, first, entry);
  std::byte* const links = place + sizeof(Node);
  for (std::size_t level = 0; level < height; ++level) {
    new (links + level * sizeof(std::atomic<Node*>)) std::atomic<Node*>(nullptr);
  }
  return node;
}

// Each level holds a quarter of the nodes of the one below.
std::size_t SkipList::random_height() {
  random_ ^= random_ << 13;
  random_ ^= random_ >> 7;
  random_ ^= random_ << 17;
  return std::min(kHeightMax, 1 + static_cast<std::size_t>(std::countr_zero(random_)) / 2);
}

template <class IsBefore, class Visit>
SkipList::Node* SkipList::descend(IsBefore is_before, Visit visit) const {
  Node* node = head_;
  std::size_t level = height_.load(std::memory_order_relaxed);
  while (level > 0) {
    Node* const next = std::as_const(*node).next(level - 1);
    if (next != nullptr && is_before(*next)) {
      node = next;
    } else {
      --level;
      visit(level, node);
    }
  }
  return node;
}

SkipList::Node* SkipList::find(std::string_view id, Path& path) {
  path.fill(head_);
  const Node* const before =
      descend([id](const Node& node) { return node.id < id; },
              [&path](std::size_t level, Node* node) { path[level] = node; });
  Node* const found = before->next(0);
  return found != nullptr && found->id == id ? found : nullptr;
}

void SkipList::insert(const Path& path, std::string_view id, Knowledge first,
                      Memtable::Entry* entry) {
  const std::size_t height = random_height();
  Node* const node = make_node(height, id, first, entry);
  // A reader that does not yet see the new height only takes longer; one that does finds the
  // head's links, which are there from the start.
  if (height > height_.load(std::memory_order_relaxed)) {
    height_.store(height, std::memory_order_relaxed);
  }
  for (std::size_t level = 0; level < height; ++level) {
    std::atomic<Node*>& link = path[level]->next(level);
    node->next(level).store(link.load(std::memory_order_relaxed), std::memory_order_relaxed);
    link.store(node, std::memory_order_release);  // Invariant 1
  }
  count_.fetch_add(1, std::memory_order_relaxed);
}

const SkipList::Node* SkipList::last() const {
  const Node* const node =
      descend([](const Node&) { return true; }, [](std::size_t, const Node*) {});
  return node == head_ ? nullptr : node;
}

const SkipList::Node* SkipList::lower_bound(std::string_view id) const {
  // The node behind the last one below `id` is read once: were it read again after the descent, a
  // node inserted meanwhile could stand there that is below `id`.
  const Node* node = head_;
  std::size_t level = height_.load(std::memory_order_relaxed) - 1;
  while (true) {
    const Node* const next = node->next(level);
    if (next != nullptr && next->id < id) {
      node = next;
    } else if (level == 0) {
      return next;
    } else {
      --level;
    }
  }
}

const SkipList::Node* SkipList::find_below(std::string_view id) const {
  const Node* const node = descend([id](const Node& one) { return one.id < id; },
                                   [](std::size_t, const Node*) {});
  return node == head_ ? nullptr : node;
}

}  // namespace alcove::segments
