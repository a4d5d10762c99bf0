#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/check.h"
#include "base/file_system.h"
#include "segments/segment_format.h"

namespace alcove::segments {

// Where a block stands, and what it holds.
struct Block {
  std::uint64_t offset = 0;
  std::uint32_t first = 0;   // its first item
  std::uint32_t number = 0;  // in the block table, or among those listed
  BlockEntry entry;
};

// The blocks of one section, in the order of their items. Immutable once built.
class BlockList {
 public:
  void reserve(std::size_t blocks) { blocks_.reserve(blocks); }
  void add(const Block& block) {
    if (blocks_.empty()) items_per_block_ = block.entry.items;
    blocks_.push_back(block);
    items_ = block.first + block.entry.items;
  }
  std::uint32_t items() const { return items_; }
  const std::vector<Block>& blocks() const { return blocks_; }
  // The block that `item` lies in. Requires: item < items(). The first is for sections whose
  // blocks have equal numbers of items, the second for any.
  const Block& even_block(std::uint32_t item) const {
    CHECK(item < items_, "an item of the section");
    return blocks_[item / items_per_block_];
  }
  const Block& find_block(std::uint32_t item) const;

 private:
  std::vector<Block> blocks_;
  std::uint32_t items_ = 0;
  std::uint32_t items_per_block_ = 0;  // of the first
};

// The envelope of a segment file, open: mapped, its table in memory, each block verified when it is
// first asked for. Thread-safe, without locks. Errors name the file.
class BlockReader {
 public:
  // Reads header, footer and block table. Errors: kCorruption, kTooNew, kIo.
  static Result<std::unique_ptr<BlockReader>> open(FileSystem& file_system,
                                                   const std::string& path, std::uint64_t bytes);

  // Of a file that is being written: `bytes` long by now, with these blocks.
  static Result<std::unique_ptr<BlockReader>> open_unfinished(FileSystem& file_system,
                                                              const std::string& path,
                                                              std::uint64_t bytes,
                                                              const SegmentIdentity& identity,
                                                              const std::vector<BlockEntry>& entries);

  // Of a file some blocks of which are known from elsewhere, in its order: `descriptor` and `identity` are not compared with
  // what stands in it, and other blocks are not listed; place_of() cannot tell what lies between them. Requires: the blocks lie within descriptor.bytes.
  static Result<std::unique_ptr<BlockReader>> open_listed(FileSystem& file_system, const std::string& path,
                                                          const SegmentDescriptor& descriptor,
                                                          const SegmentIdentity& identity, std::span<const Block> blocks);

  const std::string& path() const { return path_; }
  const SegmentIdentity& identity() const { return identity_; }
  // As the file has it: `replaced` is 0. Nothing of an unfinished file.
  const SegmentDescriptor& descriptor() const { return descriptor_; }
  const BlockList& section(Section section) const;

  // The stored bytes of a block, in place, verified. They are not to be trusted further than their
  // checksum goes: a mapping that faults afterwards turns them into zeros.
  Result<std::string_view> stored(const Block& block) const;
  Status check_mapping() const;

  // Whether block `number` of the table has been verified, and what stands at an offset of the file.
  bool verified(std::uint32_t number) const { return marked(verified_, number); }
  const char* at(std::uint64_t offset) const { return bytes_.data() + offset; }

  // Hints that a block will be read soon. True: it has not been read yet, and the disk has been asked for it.
  bool expect(const Block& block) const {
    if (marked(verified_, block.number)) return false;
    ask({&block, 1});
    return true;
  }
  // Likewise of the blocks with the items [first, first + count), the disk being asked for those side by side at once.
  // True: some have not been read yet. Requires: the items are in the list, whose blocks have equal numbers of them.
  bool expect(const BlockList& list, std::uint32_t first, std::uint32_t count) const;
  // Has the processor fetch bytes of a block that will be read soon: [at, at + size) of it. A hint.
  void prefetch(const Block& block, std::size_t at, std::size_t size) const {
    constexpr std::size_t kLineBytes = 64;
    const char* const begin = bytes_.data() + block.offset + at;
    for (std::size_t i = 0; i < size; i += kLineBytes) __builtin_prefetch(begin + i);
  }

  // Where blocks lie, from the `first` of a section to the `last`, or the first alone where others lie between them: to
  // fetch, not to read, for nothing is verified.
  std::string_view place_of(const Block& first, const Block& last) const {
    const bool together = static_cast<std::ptrdiff_t>(last.number - first.number) == &last - &first;
    const Block& end = together ? last : first;
    return bytes_.substr(first.offset, end.offset + end.entry.stored_bytes - first.offset);
  }

  // kCorruption: what is wrong with a block, or with the file.
  Error damaged(const Block& block, std::string_view what) const;
  Error damaged(std::string_view what) const;

 private:
  BlockReader(std::string path, std::unique_ptr<Mapping> mapping);
  Status read_envelope();
  void list_blocks(const std::vector<BlockEntry>& entries);
  void begin_marks(std::size_t blocks);
  // One bit for each block.
  using Marks = std::vector<std::atomic<std::uint64_t>>;
  static bool marked(const Marks& marks, std::uint32_t number) {
    return ((marks[number / 64].load(std::memory_order_relaxed) >> (number % 64)) & 1U) != 0;
  }
  static void mark(Marks& marks, std::uint32_t number) {
    marks[number / 64].fetch_or(std::uint64_t{1} << (number % 64), std::memory_order_relaxed);
  }
  // Asks the disk for blocks that follow each other in a section, once for each.
  void ask(std::span<const Block> blocks) const;
  Status verify(const Block& block, std::string_view bytes) const;
  // Asks for the next blocks of its section, if those before it have been verified, as they have where block after block
  // is read.
  void read_ahead(const Block& block) const;

  std::string path_;
  std::unique_ptr<Mapping> mapping_;
  std::string_view bytes_;  // of it
  SegmentIdentity identity_;
  SegmentDescriptor descriptor_;
  std::array<BlockList, kSectionCount> sections_;
  mutable Marks verified_;
  mutable Marks asked_;  // of the disk
};

}  // namespace alcove::segments
