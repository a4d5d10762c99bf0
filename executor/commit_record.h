#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/ids.h"
#include "base/record.h"
#include "base/result.h"
#include "segments/memtable.h"
#include "segments/segment.h"

namespace alcove::executor {

// What one commit says to the log: a list of changes that happen together, in order, with every
// name already resolved to its number.
//
//   record    u8 format (1), varint number of changes, changes
//   change    u8 kind, then
//     1 create index      varint index, string name, varint dimension, u8 metric
//     2 drop index        varint index
//     3 create namespace  varint namespace, varint index, string name
//     4 drop namespace    varint namespace, varint index, string name
//     5 write             varint namespace, varint dimension, varint number of rows, rows
//     6 add segment       varint namespace, varint file, varint bytes, u64 hash, varint rows,
//                         varint tombstones, varint replaced
//     7 put role          string name, string role (role.h)
//     8 drop role         string name
//   row       u8 flags (1 tombstone, 2 the writer knew a live record), string id,
//             unless tombstone: dimension x f32, string metadata
// string is a varint length and the bytes. A record is valid if and only if it is used up exactly
// by this grammar, dimensions are 1..20000, ids 1..512 bytes, metadata is MetadataView::valid, a
// role's bytes are decode_role's.

struct CreateIndexChange {
  IndexNumber index = 0;
  std::string_view name;
  std::uint32_t dimension = 0;
  Metric metric = Metric::kCosine;
};
struct DropIndexChange {
  IndexNumber index = 0;
};
struct CreateNamespaceChange {
  NamespaceNumber name_space = 0;
  IndexNumber index = 0;
  std::string_view name;
};
struct DropNamespaceChange {
  NamespaceNumber name_space = 0;
  IndexNumber index = 0;
  std::string_view name;
};
struct WriteChange {
  NamespaceNumber name_space = 0;
  std::uint32_t dimension = 0;
  std::uint64_t row_count = 0;
  std::string_view rows;  // encoded
};
// A staged segment becomes the namespace's newest. Its LSNs are the commit's.
struct AddSegmentChange {
  NamespaceNumber name_space = 0;
  segments::SegmentDescriptor segment;
};
// The role of this name is from now on as `role` says.
struct PutRoleChange {
  std::string_view name;
  std::string_view role;  // encoded
};
struct DropRoleChange {
  std::string_view name;
};
using Change =
    std::variant<CreateIndexChange, DropIndexChange, CreateNamespaceChange, DropNamespaceChange,
                 WriteChange, AddSegmentChange, PutRoleChange, DropRoleChange>;

// Appends to `out` the record that holds `changes`.
void encode_commit_record(const std::vector<Change>& changes, std::string& out);

// The changes of a record; views into it. Errors: kCorruption (rows are checked by RowReader).
Result<std::vector<Change>> decode_commit_record(std::string_view record);

void encode_row(std::string_view id, const float* values, std::uint32_t dimension,
                std::string_view metadata, segments::Knowledge knowledge, std::string& out);
// The row of a segment, as one that has replaced a live record.
// Errors: those of reading it. A caller must ask check_mapping() before it uses what was appended.
Status encode_row_of(const segments::Segment& segment, std::uint32_t row, std::string& out);
void encode_tombstone(std::string_view id, segments::Knowledge knowledge, std::string& out);

struct Row {
  std::string_view id;
  bool tombstone = false;
  segments::Knowledge knowledge = segments::Knowledge::kBlind;
  std::string_view values;  // dimension x f32, not aligned
  std::string_view metadata;
};
// Reads the rows of a write, one by one.
class RowReader {
 public:
  explicit RowReader(const WriteChange& write) : rest_(write.rows), dimension_(write.dimension) {}
  bool at_end() const { return rest_.empty(); }
  // Errors: kCorruption.
  Result<Row> next();

 private:
  std::string_view rest_;
  std::uint32_t dimension_;
};

// Lines for people (`alcove inspect wal`), one a change.
std::string describe_commit_record(std::string_view record);

}  // namespace alcove::executor
