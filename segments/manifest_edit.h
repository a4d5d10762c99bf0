#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/ids.h"
#include "base/record.h"
#include "base/result.h"
#include "segments/segment_descriptor.h"

namespace alcove::segments {

inline constexpr std::size_t kRoleNameBytesMax = 128;

// One step in the life of the database's files, as the manifest records it. The state is what all
// edits, applied in order, make of nothing. Byte tables: docs/file-format.md.

struct CreateIndexEdit {
  IndexNumber index = 0;
  std::string name;
  std::uint32_t dimension = 0;
  Metric metric = Metric::kCosine;
  Lsn lsn = 0;
  bool operator==(const CreateIndexEdit&) const = default;
};
// Drops the index and every namespace in it; their files become pending unlinks.
struct DropIndexEdit {
  IndexNumber index = 0;
  bool operator==(const DropIndexEdit&) const = default;
};
struct CreateNamespaceEdit {
  NamespaceNumber name_space = 0;
  IndexNumber index = 0;
  std::string name;
  Lsn lsn = 0;
  bool operator==(const CreateNamespaceEdit&) const = default;
};
// Its files become pending unlinks.
struct DropNamespaceEdit {
  NamespaceNumber name_space = 0;
  bool operator==(const DropNamespaceEdit&) const = default;
};
// Puts `added` (if any) in the place of the neighbours `removed` (or, without removed, behind the
// newest). Removed files become pending unlinks. `flushed_lsn` rises to the given one: every write
// to the namespace up to it is in segments.
struct ReplaceSegmentsEdit {
  NamespaceNumber name_space = 0;
  std::vector<FileNumber> removed;
  std::vector<SegmentDescriptor> added;  // none or one
  Lsn flushed_lsn = 0;                   // 0: unchanged
  bool operator==(const ReplaceSegmentsEdit&) const = default;
};
// The file is gone from the disk.
struct UnlinkedEdit {
  FileNumber file = 0;
  bool operator==(const UnlinkedEdit&) const = default;
};
// For a snapshot of the state: a file whose owner is gone and that is still to be unlinked.
struct PendingUnlinkEdit {
  FileNumber file = 0;
  bool operator==(const PendingUnlinkEdit&) const = default;
};
// File numbers below `end` may be in use from now on: after a crash those from `begin` that the
// state does not list are leftovers to be unlinked.
struct ReserveFilesEdit {
  FileNumber begin = 0;
  FileNumber end = 0;
  bool operator==(const ReserveFilesEdit&) const = default;
};
// The role of this name is from now on as `role` says, in an encoding that is the executor's.
struct PutRoleEdit {
  std::string name;
  std::string role;
  bool operator==(const PutRoleEdit&) const = default;
};
struct DropRoleEdit {
  std::string name;
  bool operator==(const DropRoleEdit&) const = default;
};
// Definitions (indexes, namespaces and roles made and dropped) up to `definitions_lsn` are in the
// manifest; the log is needed from `redo_lsn` on. Numbers below the `next_` ones are used up.
struct CheckpointEdit {
  Lsn redo_lsn = 0;
  Lsn definitions_lsn = 0;
  Lsn durable_lsn = 0;
  IndexNumber next_index = 0;
  NamespaceNumber next_namespace = 0;
  bool operator==(const CheckpointEdit&) const = default;
};

using ManifestEdit =
    std::variant<CreateIndexEdit, DropIndexEdit, CreateNamespaceEdit, DropNamespaceEdit,
                 ReplaceSegmentsEdit, UnlinkedEdit, PendingUnlinkEdit, ReserveFilesEdit,
                 CheckpointEdit, PutRoleEdit, DropRoleEdit>;

void encode_edit(const ManifestEdit& edit, std::string& out);
// Errors: kCorruption.
Result<ManifestEdit> decode_edit(std::string_view bytes);
// One line for people: `add segment 00000000000000ff to namespace 7: 10 rows, …`.
std::string describe_edit(const ManifestEdit& edit);

}  // namespace alcove::segments
