#include "segments/manifest_edit.h"

#include <limits>

#include <fmt/format.h>

#include "base/bytes.h"

namespace alcove::segments {

namespace {

// EDIT: u8 type, then its fields in the order of manifest_edit.h. Numbers are varints; a name is a
// varint length and its bytes, and so is a role; `removed` and `added` are a varint count and their
// elements.
// DESCRIPTOR: varint file, varint bytes, u64 hash, then varints rows, tombstones, replaced,
// first_lsn, last_lsn; of kReplaceSegmentsByLinked a varint linked_bytes behind, which is 0 else.
enum class EditType : std::uint8_t {
  kCreateIndex = 1,
  kDropIndex = 2,
  kCreateNamespace = 3,
  kDropNamespace = 4,
  kReplaceSegments = 5,
  kUnlinked = 6,
  kPendingUnlink = 7,
  kReserveFiles = 8,
  kCheckpoint = 9,
  kPutRole = 10,
  kDropRole = 11,
  kReplaceSegmentsByLinked = 12,
};

class Encoder {
 public:
  explicit Encoder(std::string& out) : writer_(out) {}

  void operator()(const CreateIndexEdit& edit) {
    begin(EditType::kCreateIndex);
    writer_.varint(edit.index);
    writer_.string(edit.name);
    writer_.varint(edit.dimension);
    writer_.varint(static_cast<std::uint8_t>(edit.metric));
    writer_.varint(edit.lsn);
  }
  void operator()(const DropIndexEdit& edit) {
    begin(EditType::kDropIndex);
    writer_.varint(edit.index);
  }
  void operator()(const CreateNamespaceEdit& edit) {
    begin(EditType::kCreateNamespace);
    writer_.varint(edit.name_space);
    writer_.varint(edit.index);
    writer_.string(edit.name);
    writer_.varint(edit.lsn);
  }
  void operator()(const DropNamespaceEdit& edit) {
    begin(EditType::kDropNamespace);
    writer_.varint(edit.name_space);
  }
  void operator()(const ReplaceSegmentsEdit& edit) {
    const bool linked = !edit.added.empty() && edit.added.front().linked_bytes > 0;
    begin(linked ? EditType::kReplaceSegmentsByLinked : EditType::kReplaceSegments);
    writer_.varint(edit.name_space);
    writer_.varint(edit.removed.size());
    for (const FileNumber file : edit.removed) writer_.varint(file);
    writer_.varint(edit.added.size());
    for (const SegmentDescriptor& added : edit.added) {
      descriptor(added);
      if (linked) writer_.varint(added.linked_bytes);
    }
    writer_.varint(edit.flushed_lsn);
  }
  void operator()(const UnlinkedEdit& edit) {
    begin(EditType::kUnlinked);
    writer_.varint(edit.file);
  }
  void operator()(const PendingUnlinkEdit& edit) {
    begin(EditType::kPendingUnlink);
    writer_.varint(edit.file);
  }
  void operator()(const ReserveFilesEdit& edit) {
    begin(EditType::kReserveFiles);
    writer_.varint(edit.begin);
    writer_.varint(edit.end);
  }
  void operator()(const CheckpointEdit& edit) {
    begin(EditType::kCheckpoint);
    writer_.varint(edit.redo_lsn);
    writer_.varint(edit.definitions_lsn);
    writer_.varint(edit.durable_lsn);
    writer_.varint(edit.next_index);
    writer_.varint(edit.next_namespace);
  }
  void operator()(const PutRoleEdit& edit) {
    begin(EditType::kPutRole);
    writer_.string(edit.name);
    writer_.string(edit.role);
  }
  void operator()(const DropRoleEdit& edit) {
    begin(EditType::kDropRole);
    writer_.string(edit.name);
  }

 private:
  void begin(EditType type) { writer_.u8(static_cast<std::uint8_t>(type)); }

  void descriptor(const SegmentDescriptor& descriptor) {
    writer_.varint(descriptor.file);
    writer_.varint(descriptor.bytes);
    writer_.u64(descriptor.hash);
    writer_.varint(descriptor.rows);
    writer_.varint(descriptor.tombstones);
    writer_.varint(descriptor.replaced);
    writer_.varint(descriptor.first_lsn);
    writer_.varint(descriptor.last_lsn);
  }

  ByteWriter writer_;
};

// Reads what Encoder wrote. Each read_ function refuses the reader where a field is out of range.
class Decoder {
 public:
  explicit Decoder(std::string_view bytes) : reader_(bytes) {}

  bool at_end() const { return reader_.at_end(); }

  ManifestEdit read_edit() {
    switch (static_cast<EditType>(reader_.u8())) {
      case EditType::kCreateIndex: return read_create_index();
      case EditType::kDropIndex: return DropIndexEdit{read_u32()};
      case EditType::kCreateNamespace: return read_create_namespace();
      case EditType::kDropNamespace: return DropNamespaceEdit{reader_.varint()};
      case EditType::kReplaceSegments: return read_replace_segments(false);
      case EditType::kReplaceSegmentsByLinked: return read_replace_segments(true);
      case EditType::kUnlinked: return UnlinkedEdit{reader_.varint()};
      case EditType::kPendingUnlink: return PendingUnlinkEdit{reader_.varint()};
      case EditType::kReserveFiles: return read_reserve_files();
      case EditType::kCheckpoint: return read_checkpoint();
      case EditType::kPutRole: return read_put_role();
      case EditType::kDropRole: return DropRoleEdit{read_name(kRoleNameBytesMax)};
    }
    reader_.refuse();
    return {};
  }

 private:
  std::uint32_t read_u32() {
    const std::uint64_t value = reader_.varint();
    if (value > std::numeric_limits<std::uint32_t>::max()) reader_.refuse();
    return static_cast<std::uint32_t>(value);
  }

  std::string read_name(std::size_t bytes_max) {
    const std::string_view name = reader_.string();
    if (name.empty() || name.size() > bytes_max) reader_.refuse();
    return std::string(name);
  }

  Metric read_metric() {
    const std::uint64_t metric = reader_.varint();
    if (metric < static_cast<std::uint8_t>(Metric::kCosine) ||
        metric > static_cast<std::uint8_t>(Metric::kEuclidean)) {
      reader_.refuse();
    }
    return static_cast<Metric>(metric);
  }

  CreateIndexEdit read_create_index() {
    CreateIndexEdit edit;
    edit.index = read_u32();
    edit.name = read_name(kIndexNameBytesMax);
    edit.dimension = read_u32();
    if (edit.dimension == 0 || edit.dimension > kDimensionMax) reader_.refuse();
    edit.metric = read_metric();
    edit.lsn = reader_.varint();
    return edit;
  }

  CreateNamespaceEdit read_create_namespace() {
    CreateNamespaceEdit edit;
    edit.name_space = reader_.varint();
    edit.index = read_u32();
    edit.name = read_name(kNamespaceNameBytesMax);
    edit.lsn = reader_.varint();
    return edit;
  }

  SegmentDescriptor read_descriptor() {
    SegmentDescriptor descriptor;
    descriptor.file = reader_.varint();
    descriptor.bytes = reader_.varint();
    descriptor.hash = reader_.u64();
    descriptor.rows = read_u32();
    descriptor.tombstones = read_u32();
    descriptor.replaced = reader_.varint();
    descriptor.first_lsn = reader_.varint();
    descriptor.last_lsn = reader_.varint();
    return descriptor;
  }

  ReplaceSegmentsEdit read_replace_segments(bool linked) {
    ReplaceSegmentsEdit edit;
    edit.name_space = reader_.varint();
    const std::uint64_t removed = reader_.varint();
    // The list grows by what is there, never by what is claimed.
    for (std::uint64_t i = 0; i < removed && reader_.ok(); ++i) {
      edit.removed.push_back(reader_.varint());
    }
    const std::uint64_t added = reader_.varint();
    if (added > 1) reader_.refuse();
    if (added == 1) edit.added.push_back(read_descriptor());
    if (added == 1 && linked) edit.added.front().linked_bytes = reader_.varint();
    edit.flushed_lsn = reader_.varint();
    return edit;
  }

  ReserveFilesEdit read_reserve_files() {
    ReserveFilesEdit edit;
    edit.begin = reader_.varint();
    edit.end = reader_.varint();
    if (edit.begin > edit.end) reader_.refuse();
    return edit;
  }

  CheckpointEdit read_checkpoint() {
    CheckpointEdit edit;
    edit.redo_lsn = reader_.varint();
    edit.definitions_lsn = reader_.varint();
    edit.durable_lsn = reader_.varint();
    edit.next_index = read_u32();
    edit.next_namespace = reader_.varint();
    return edit;
  }

  PutRoleEdit read_put_role() {
    PutRoleEdit edit;
    edit.name = read_name(kRoleNameBytesMax);
    edit.role = reader_.string();
    return edit;
  }

  ByteReader reader_;
};

const char* metric_name(Metric metric) {
  switch (metric) {
    case Metric::kCosine: return "cosine";
    case Metric::kDotProduct: return "dotproduct";
    case Metric::kEuclidean: return "euclidean";
  }
  return "unknown";
}

struct Describer {
  std::string operator()(const CreateIndexEdit& edit) const {
    return fmt::format("create index {} \"{}\", dimension {}, {}, at LSN {}", edit.index, edit.name,
                       edit.dimension, metric_name(edit.metric), edit.lsn);
  }
  std::string operator()(const DropIndexEdit& edit) const {
    return fmt::format("drop index {}", edit.index);
  }
  std::string operator()(const CreateNamespaceEdit& edit) const {
    return fmt::format("create namespace {} \"{}\" in index {}, at LSN {}", edit.name_space,
                       edit.name, edit.index, edit.lsn);
  }
  std::string operator()(const DropNamespaceEdit& edit) const {
    return fmt::format("drop namespace {}", edit.name_space);
  }
  std::string operator()(const ReplaceSegmentsEdit& edit) const {
    std::string text;
    for (const SegmentDescriptor& added : edit.added) {
      text += fmt::format(
          "add segment {:016x} to namespace {}: {} rows, {} tombstones, {} replaced, LSNs {} to "
          "{}, {} bytes, hash {:016x}",
          added.file, edit.name_space, added.rows, added.tombstones, added.replaced,
          added.first_lsn, added.last_lsn, added.bytes, added.hash);
      if (added.linked_bytes > 0) text += fmt::format(", {} bytes linked", added.linked_bytes);
    }
    if (edit.added.empty()) text = fmt::format("add nothing to namespace {}", edit.name_space);
    for (const FileNumber removed : edit.removed) {
      text += fmt::format(", remove segment {:016x}", removed);
    }
    if (edit.flushed_lsn > 0) text += fmt::format(", flushed to LSN {}", edit.flushed_lsn);
    return text;
  }
  std::string operator()(const UnlinkedEdit& edit) const {
    return fmt::format("segment {:016x} is unlinked", edit.file);
  }
  std::string operator()(const PendingUnlinkEdit& edit) const {
    return fmt::format("segment {:016x} is to be unlinked", edit.file);
  }
  std::string operator()(const ReserveFilesEdit& edit) const {
    return fmt::format("reserve segments {:016x} to below {:016x}", edit.begin, edit.end);
  }
  std::string operator()(const CheckpointEdit& edit) const {
    return fmt::format(
        "checkpoint: redo from LSN {}, definitions to {}, durable to {}, next index {}, next "
        "namespace {}",
        edit.redo_lsn, edit.definitions_lsn, edit.durable_lsn, edit.next_index,
        edit.next_namespace);
  }
  std::string operator()(const PutRoleEdit& edit) const {
    return fmt::format("role \"{}\", {} bytes", edit.name, edit.role.size());
  }
  std::string operator()(const DropRoleEdit& edit) const {
    return fmt::format("drop role \"{}\"", edit.name);
  }
};

}  // namespace

void encode_edit(const ManifestEdit& edit, std::string& out) { std::visit(Encoder(out), edit); }

Result<ManifestEdit> decode_edit(std::string_view bytes) {
  Decoder decoder(bytes);
  ManifestEdit edit = decoder.read_edit();
  if (!decoder.at_end()) return fail(ErrorCode::kCorruption, "an edit makes no sense");
  return edit;
}

std::string describe_edit(const ManifestEdit& edit) { return std::visit(Describer{}, edit); }

}  // namespace alcove::segments
