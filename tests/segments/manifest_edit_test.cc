#include "segments/manifest_edit.h"

#include <limits>

#include <gtest/gtest.h>

#include "tests/segments/manifest_sample.h"

namespace alcove::segments {
namespace {

constexpr auto kU64Max = std::numeric_limits<std::uint64_t>::max();
constexpr auto kU32Max = std::numeric_limits<std::uint32_t>::max();

std::string encoded(const ManifestEdit& edit) {
  std::string bytes;
  encode_edit(edit, bytes);
  return bytes;
}

bool refused(std::string_view bytes) {
  const auto edit = decode_edit(bytes);
  return !edit && edit.error().code() == ErrorCode::kCorruption;
}

TEST(ManifestEdit, IsDecodedAsItWasEncoded) {
  EditSample sample(1);
  for (const ManifestEdit& edit : sample.edits(2000)) {
    const auto decoded = decode_edit(encoded(edit));
    ASSERT_TRUE(decoded) << describe_edit(edit);
    ASSERT_EQ(*decoded, edit) << describe_edit(edit);
  }
}

TEST(ManifestEdit, HoldsTheLargestNumbers) {
  const SegmentDescriptor descriptor = {kU64Max, kU64Max, kU64Max, kU32Max,
                                        kU32Max, kU64Max, kU64Max, kU64Max};
  for (const ManifestEdit& edit : Edits{
           CreateIndexEdit{kU32Max, std::string(128, 'x'), 20000, Metric::kEuclidean, kU64Max},
           CreateNamespaceEdit{kU64Max, kU32Max, std::string(512, 'x'), kU64Max},
           ReplaceSegmentsEdit{kU64Max, std::vector<FileNumber>(1000, kU64Max), {descriptor},
                               kU64Max},
           PutRoleEdit{std::string(128, 'x'), std::string(1 << 20, 'y')},
           CheckpointEdit{kU64Max, kU64Max, kU64Max, kU32Max, kU64Max}}) {
    const auto decoded = decode_edit(encoded(edit));
    ASSERT_TRUE(decoded);
    EXPECT_EQ(*decoded, edit);
  }
}

TEST(ManifestEdit, IsRefusedCutOffOrWithMoreBehind) {
  EditSample sample(2);
  for (std::uint64_t type = 0; type < EditSample::kEditTypes; ++type) {
    const std::string bytes = encoded(sample.edit(type));
    for (std::size_t size = 0; size < bytes.size(); ++size) {
      EXPECT_TRUE(refused(bytes.substr(0, size))) << type << " cut to " << size;
    }
    EXPECT_TRUE(refused(bytes + '\0'));
  }
}

TEST(ManifestEdit, IsRefusedOutOfRange) {
  const SegmentDescriptor descriptor;
  for (const ManifestEdit& edit : Edits{
           CreateIndexEdit{1, "", 1, Metric::kCosine, 1},
           CreateIndexEdit{1, std::string(129, 'x'), 1, Metric::kCosine, 1},
           CreateIndexEdit{1, "x", 0, Metric::kCosine, 1},
           CreateIndexEdit{1, "x", 20001, Metric::kCosine, 1},
           CreateIndexEdit{1, "x", 1, static_cast<Metric>(0), 1},
           CreateIndexEdit{1, "x", 1, static_cast<Metric>(4), 1},
           CreateNamespaceEdit{1, 1, "", 1},
           CreateNamespaceEdit{1, 1, std::string(513, 'x'), 1},
           ReplaceSegmentsEdit{1, {}, {descriptor, descriptor}, 1},
           PutRoleEdit{"", "x"},
           PutRoleEdit{std::string(129, 'x'), "x"},
           DropRoleEdit{""},
           ReserveFilesEdit{2, 1}}) {
    EXPECT_TRUE(refused(encoded(edit))) << describe_edit(edit);
  }
  EXPECT_TRUE(refused(std::string_view("\x02\xff\xff\xff\xff\x1f", 6))) << "beyond 32 bits";
  EXPECT_TRUE(refused(std::string_view("\0\x01", 2))) << "no such type";
  EXPECT_TRUE(refused("\x0c\x01")) << "no such type";
}

TEST(ManifestEdit, ReadsAsALine) {
  EXPECT_EQ(describe_edit(ReplaceSegmentsEdit{7, {1}, {{255, 900, 5, 10, 1, 2, 3, 4}}, 4}),
            "add segment 00000000000000ff to namespace 7: 10 rows, 1 tombstones, 2 replaced, LSNs "
            "3 to 4, 900 bytes, hash 0000000000000005, remove segment 0000000000000001, flushed to "
            "LSN 4");
  EXPECT_EQ(describe_edit(CreateIndexEdit{1, "a", 8, Metric::kCosine, 2}),
            "create index 1 \"a\", dimension 8, cosine, at LSN 2");
}

}  // namespace
}  // namespace alcove::segments
