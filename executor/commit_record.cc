#include "executor/commit_record.h"

#include "base/bytes.h"
#include "executor/role.h"

namespace alcove::executor {
namespace {

constexpr std::uint8_t kFormat = 1;
constexpr std::uint8_t kTombstone = 1;
constexpr std::uint8_t kKnown = 2;

enum class Kind : std::uint8_t {
  kCreateIndex = 1,
  kDropIndex = 2,
  kCreateNamespace = 3,
  kDropNamespace = 4,
  kWrite = 5,
  kAddSegment = 6,
  kPutRole = 7,
  kDropRole = 8,
};

Error damaged() { return Error(ErrorCode::kCorruption, "a commit record is malformed"); }

struct Encoder {
  ByteWriter& out;
  void kind(Kind kind) { out.u8(static_cast<std::uint8_t>(kind)); }
  void operator()(const CreateIndexChange& change) {
    kind(Kind::kCreateIndex);
    out.varint(change.index);
    out.string(change.name);
    out.varint(change.dimension);
    out.u8(static_cast<std::uint8_t>(change.metric));
  }
  void operator()(const DropIndexChange& change) {
    kind(Kind::kDropIndex);
    out.varint(change.index);
  }
  void operator()(const CreateNamespaceChange& change) {
    kind(Kind::kCreateNamespace);
    out.varint(change.name_space);
    out.varint(change.index);
    out.string(change.name);
  }
  void operator()(const DropNamespaceChange& change) {
    kind(Kind::kDropNamespace);
    out.varint(change.name_space);
    out.varint(change.index);
    out.string(change.name);
  }
  void operator()(const WriteChange& change) {
    kind(Kind::kWrite);
    out.varint(change.name_space);
    out.varint(change.dimension);
    out.varint(change.row_count);
    out.string(change.rows);
  }
  void operator()(const AddSegmentChange& change) {
    kind(Kind::kAddSegment);
    out.varint(change.name_space);
    out.varint(change.segment.file);
    out.varint(change.segment.bytes);
    out.u64(change.segment.hash);
    out.varint(change.segment.rows);
    out.varint(change.segment.tombstones);
    out.varint(change.segment.replaced);
  }
  void operator()(const PutRoleChange& change) {
    kind(Kind::kPutRole);
    out.string(change.name);
    out.string(change.role);
  }
  void operator()(const DropRoleChange& change) {
    kind(Kind::kDropRole);
    out.string(change.name);
  }
};

Result<Change> decode_change(ByteReader& in) {
  switch (static_cast<Kind>(in.u8())) {
    case Kind::kCreateIndex: {
      CreateIndexChange change;
      change.index = static_cast<IndexNumber>(in.varint());
      change.name = in.string();
      change.dimension = static_cast<std::uint32_t>(in.varint());
      const std::uint8_t metric = in.u8();
      if (!in.ok() || metric < 1 || metric > 3 || change.dimension < 1 ||
          change.dimension > kDimensionMax || change.name.empty()) {
        return damaged();
      }
      change.metric = static_cast<Metric>(metric);
      return Change(change);
    }
    case Kind::kDropIndex:
      return Change(DropIndexChange{static_cast<IndexNumber>(in.varint())});
    case Kind::kCreateNamespace: {
      CreateNamespaceChange change;
      change.name_space = in.varint();
      change.index = static_cast<IndexNumber>(in.varint());
      change.name = in.string();
      return Change(change);
    }
    case Kind::kDropNamespace: {
      DropNamespaceChange change;
      change.name_space = in.varint();
      change.index = static_cast<IndexNumber>(in.varint());
      change.name = in.string();
      return Change(change);
    }
    case Kind::kWrite: {
      WriteChange change;
      change.name_space = in.varint();
      change.dimension = static_cast<std::uint32_t>(in.varint());
      change.row_count = in.varint();
      change.rows = in.string();
      if (change.dimension < 1 || change.dimension > kDimensionMax) return damaged();
      return Change(change);
    }
    case Kind::kAddSegment: {
      AddSegmentChange change;
      change.name_space = in.varint();
      change.segment.file = in.varint();
      change.segment.bytes = in.varint();
      change.segment.hash = in.u64();
      change.segment.rows = static_cast<std::uint32_t>(in.varint());
      change.segment.tombstones = static_cast<std::uint32_t>(in.varint());
      change.segment.replaced = in.varint();
      return Change(change);
    }
    case Kind::kPutRole: {
      PutRoleChange change;
      change.name = in.string();
      change.role = in.string();
      if (!in.ok() || !decode_role(change.name, change.role)) return damaged();
      return Change(change);
    }
    case Kind::kDropRole: return Change(DropRoleChange{in.string()});
  }
  return damaged();
}

struct Describer {
  std::string operator()(const CreateIndexChange& change) const {
    return fmt::format("create index {} \"{}\" dimension {}", change.index, change.name,
                       change.dimension);
  }
  std::string operator()(const DropIndexChange& change) const {
    return fmt::format("drop index {}", change.index);
  }
  std::string operator()(const CreateNamespaceChange& change) const {
    return fmt::format("create namespace {} \"{}\" of index {}", change.name_space, change.name,
                       change.index);
  }
  std::string operator()(const DropNamespaceChange& change) const {
    return fmt::format("drop namespace {} \"{}\" of index {}", change.name_space, change.name,
                       change.index);
  }
  std::string operator()(const WriteChange& change) const {
    return fmt::format("write {} rows, {} bytes, to namespace {}", change.row_count,
                       change.rows.size(), change.name_space);
  }
  std::string operator()(const AddSegmentChange& change) const {
    return fmt::format("add segment {:016x} of {} rows, {} tombstones, {} bytes, to namespace {}",
                       change.segment.file, change.segment.rows, change.segment.tombstones,
                       change.segment.bytes, change.name_space);
  }
  std::string operator()(const PutRoleChange& change) const {
    return fmt::format("role \"{}\", {} bytes", change.name, change.role.size());
  }
  std::string operator()(const DropRoleChange& change) const {
    return fmt::format("drop role \"{}\"", change.name);
  }
};

}  // namespace

void encode_commit_record(const std::vector<Change>& changes, std::string& out) {
  ByteWriter writer(out);
  writer.u8(kFormat);
  writer.varint(changes.size());
  for (const Change& change : changes) std::visit(Encoder{writer}, change);
}

Result<std::vector<Change>> decode_commit_record(std::string_view record) {
  ByteReader in(record);
  if (in.u8() != kFormat) return damaged();
  const std::uint64_t count = in.varint();
  if (!in.ok() || count > record.size()) return damaged();
  std::vector<Change> changes;
  changes.reserve(count);
  for (std::uint64_t i = 0; i < count; ++i) {
    changes.push_back(TRY(decode_change(in)));
    if (!in.ok()) return damaged();
  }
  if (!in.at_end()) return damaged();
  return changes;
}

void encode_row(std::string_view id, const float* values, std::uint32_t dimension,
                std::string_view metadata, segments::Knowledge knowledge, std::string& out) {
  ByteWriter writer(out);
  writer.u8(knowledge == segments::Knowledge::kKnown ? kKnown : 0);
  writer.string(id);
  writer.raw({reinterpret_cast<const char*>(values), dimension * sizeof(float)});
  writer.string(metadata);
}

Status encode_row_of(const segments::Segment& segment, std::uint32_t row, std::string& out) {
  const std::uint32_t dimension = segment.identity().dimension;
  const std::string_view id = TRY(segment.id(row));
  const auto vectors = TRY(segment.vectors(row));
  const auto metadata = TRY(segment.metadata(row));
  encode_row(id, vectors.values + std::size_t{row - vectors.first} * dimension, dimension,
             metadata->at(row).encoded(), segments::Knowledge::kKnown, out);
  return {};
}

void encode_tombstone(std::string_view id, segments::Knowledge knowledge, std::string& out) {
  ByteWriter writer(out);
  const std::uint8_t known = knowledge == segments::Knowledge::kKnown ? kKnown : 0;
  writer.u8(static_cast<std::uint8_t>(kTombstone | known));
  writer.string(id);
}

Result<Row> RowReader::next() {
  ByteReader in(rest_);
  Row row;
  const std::uint8_t flags = in.u8();
  row.tombstone = (flags & kTombstone) != 0;
  row.knowledge =
      (flags & kKnown) != 0 ? segments::Knowledge::kKnown : segments::Knowledge::kBlind;
  row.id = in.string();
  if (!row.tombstone) {
    row.values = in.raw(std::uint64_t{dimension_} * sizeof(float));
    row.metadata = in.string();
  }
  if (!in.ok() || flags > (kTombstone | kKnown) || row.id.empty() ||
      row.id.size() > kIdBytesMax || !MetadataView::valid(row.metadata)) {
    return damaged();
  }
  rest_ = rest_.substr(rest_.size() - in.remaining());
  return row;
}

std::string describe_commit_record(std::string_view record) {
  auto changes = decode_commit_record(record);
  if (!changes) return changes.error().message();
  std::string text;
  for (const Change& change : *changes) {
    if (!text.empty()) text += "; ";
    text += std::visit(Describer{}, change);
  }
  return text;
}

}  // namespace alcove::executor
