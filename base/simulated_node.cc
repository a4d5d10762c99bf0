#include "base/simulated_node.h"

#include <algorithm>
#include <set>
#include <utility>

namespace alcove {
namespace {

constexpr std::uint64_t kSectorBytes = 512;

}  // namespace

// As now seen, with zeros past the end of the file.
std::string SimulatedNode::sector(std::uint64_t number) const {
  const std::uint64_t begin = number * kSectorBytes;
  std::string content = begin < bytes.size() ? bytes.substr(begin, kSectorBytes) : std::string();
  content.resize(kSectorBytes, '\0');
  return content;
}

void SimulatedNode::resize(std::uint64_t size) {
  if (size == bytes.size()) return;
  if (size < bytes.size()) {
    // What is cut off reads as zeros should the file grow again.
    overwrite(size, std::string(bytes.size() - size, '\0'));
    last_size = 0;
  }
  sizes.push_back(bytes.size());
  bytes.resize(size, '\0');
}

void SimulatedNode::overwrite(std::uint64_t offset, std::string_view data) {
  const std::uint64_t end = offset + data.size();
  for (std::uint64_t at = offset; at < end;) {
    const std::uint64_t number = at / kSectorBytes;
    const std::uint64_t next = std::min(end, (number + 1) * kSectorBytes);
    const std::string_view part = data.substr(at - offset, next - at);
    const bool same = std::string_view(bytes).substr(at, next - at) == part;
    // The same bytes once more change nothing, except that the next sync writes them.
    if (!same || unwritten.contains(number)) {
      older[number].push_back(sector(number));
      bytes.replace(at, next - at, part);
    }
    at = next;
  }
  last_offset = offset;
  last_size = data.size();
}

void SimulatedNode::sync() {
  for (const auto& [number, contents] : older) unwritten.erase(number);
  older.clear();
  sizes.clear();
  last_size = 0;
}

void SimulatedNode::fail_to_sync() {
  for (auto& [number, contents] : older) {
    unwritten.try_emplace(number, std::move(contents.front()));
  }
  older.clear();
  last_size = 0;
}

std::vector<std::string> SimulatedNode::lost_contents(std::uint64_t number) const {
  std::vector<std::string> contents;
  if (const auto found = unwritten.find(number); found != unwritten.end()) {
    contents.push_back(found->second);
  }
  if (const auto found = older.find(number); found != older.end()) {
    contents.insert(contents.end(), found->second.begin(), found->second.end());
  }
  return contents;
}

std::string SimulatedNode::mixed_sector(std::uint64_t number, std::mt19937_64& chance) const {
  const std::uint64_t begin = number * kSectorBytes;
  const bool last = last_offset < begin + kSectorBytes && begin < last_offset + last_size;
  const std::vector<std::string> lost = lost_contents(number);
  std::string content = sector(number);
  switch (chance() % (last ? 3 : 2)) {
    case 0:
      return content;
    case 1:
      return lost[chance() % lost.size()];
    default: {
      const std::uint64_t kept = chance() % kSectorBytes;
      return content.replace(kept, kSectorBytes - kept, lost.back(), kept);
    }
  }
}

// One crash in four keeps all and one loses all: sector by sector a long file would hardly ever
// come out either way.
void SimulatedNode::crash(std::mt19937_64& chance) {
  const std::uint64_t outcome = chance() % 4;
  const bool keep_all = outcome == 0;
  const bool lose_all = outcome == 1;
  std::set<std::uint64_t> uncertain;
  for (const auto& [number, contents] : older) uncertain.insert(number);
  for (const auto& [number, content] : unwritten) uncertain.insert(number);
  if (keep_all) uncertain.clear();

  std::vector<std::pair<std::uint64_t, std::string>> settled;
  for (const std::uint64_t number : uncertain) {
    settled.emplace_back(
        number, lose_all ? lost_contents(number).front() : mixed_sector(number, chance));
  }
  sizes.push_back(bytes.size());
  const std::uint64_t which = lose_all ? 0 : chance() % sizes.size();
  const std::uint64_t size = keep_all ? sizes.back() : sizes[which];

  // Sectors beyond the end as now seen come back with a larger size.
  const std::uint64_t sectors = uncertain.empty() ? 0 : *uncertain.rbegin() + 1;
  bytes.resize(std::max<std::uint64_t>(size, sectors * kSectorBytes), '\0');
  for (const auto& [number, content] : settled) {
    bytes.replace(number * kSectorBytes, kSectorBytes, content);
  }
  bytes.resize(size, '\0');
  settle(std::move(bytes));
}

void SimulatedNode::settle(std::string content) {
  bytes = std::move(content);
  unwritten.clear();
  sync();
}

}  // namespace alcove
