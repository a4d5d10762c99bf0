#include "segments/manifest.h"

#include <gmock/gmock.h>

#include "segments/manifest_format.h"
#include "segments/manifest_writer.h"
#include "tests/segments/manifest_sample.h"

namespace alcove::segments {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using Call = SimulatedFileSystem::Call;
using Reserve = Manifest::Reserve;

class ManifestTest : public testing::Test, public ManifestDisk {
 protected:
  // Fails every call of a kind.
  void fail_calls(Call failing, ErrorCode code) {
    file_system.set_fault([=](Call call, const std::string& at) -> std::optional<Error> {
      if (call != failing) return {};
      return fail(code, "{}: a fault", at);
    });
  }
  void expect_failed_for_good(const Status& status) {
    file_system.set_fault({});
    ASSERT_FALSE(status);
    EXPECT_EQ(status.error().code(), ErrorCode::kPanic);
    EXPECT_TRUE(manifest->failed());
    EXPECT_EQ(manifest->append({}, Reserve::kUse).error().code(), ErrorCode::kPanic);
    EXPECT_EQ(rewrite({}).error().code(), ErrorCode::kPanic);
  }

  EditSample sample_{1};
};

TEST_F(ManifestTest, HandsOutTheEditsItWasGivenInOrder) {
  for (std::uint64_t seed = 1; seed <= 8; ++seed) {
    ManifestDisk disk;
    EditSample sample(seed);
    Edits edits = sample.edits(sample.below(20));
    disk.manifest = disk.create(edits);
    for (int step = 0; step < 60; ++step) {
      switch (sample.below(8)) {
        case 0: ASSERT_TRUE(disk.rewrite(edits)); break;
        case 1: {
          ASSERT_NO_FATAL_FAILURE(disk.restart());
          ASSERT_EQ(*disk.read(), edits) << "seed " << seed << ", step " << step;
          ASSERT_TRUE(disk.rewrite(edits));
          break;
        }
        default: {
          const Edits more = sample.edits(sample.below(sample.below(10) == 0 ? 300 : 4));
          ASSERT_TRUE(disk.manifest->append(more, Reserve::kKeep));
          edits.insert(edits.end(), more.begin(), more.end());
        }
      }
    }
    ASSERT_EQ(*disk.read(), edits);
  }
}

TEST_F(ManifestTest, StandsOnceItWasCreated) {
  EXPECT_FALSE(*Manifest::exists(file_system, "data"));
  const Edits edits = sample_.edits(3);
  manifest = create(edits);
  EXPECT_TRUE(*Manifest::exists(file_system, "data"));
  EXPECT_EQ(manifest->database_id(), kDatabase);
  file_system.crash(1);
  EXPECT_EQ(*read(), edits);
  EXPECT_FALSE(Manifest::create(file_system, options(), {})) << "there is one already";
}

TEST_F(ManifestTest, TakesItsDatabaseIdFromTheFileOrRefusesAnother) {
  create({});
  ManifestOptions other = options();
  other.database_id = 0;
  const auto opened = Manifest::open(file_system, other, [](const auto&) { return Status(); });
  ASSERT_TRUE(opened);
  EXPECT_EQ((*opened)->database_id(), kDatabase);
  other.database_id = 5;
  const auto refused = Manifest::open(file_system, other, [](const auto&) { return Status(); });
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), ErrorCode::kCorruption);
}

TEST_F(ManifestTest, ReturnsTheErrorOfWhoeverAppliesOrHandsOut) {
  manifest = create(sample_.edits(3));
  const auto stop = [](const auto&) -> Status { return fail(ErrorCode::kInternal, "stop"); };
  const auto opened = Manifest::open(file_system, options(), stop);
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().message(), "stop");

  const Status rewritten = manifest->rewrite(stop);
  ASSERT_FALSE(rewritten);
  EXPECT_EQ(rewritten.error().message(), "stop");
  EXPECT_FALSE(manifest->failed());
  EXPECT_TRUE(manifest->append(sample_.edits(1), Reserve::kKeep));
  EXPECT_THAT(file_system.paths(), ElementsAre("data/CURRENT", path(1)));
}

TEST_F(ManifestTest, AppendsIntoSpaceThatIsThereAlready) {
  manifest = create({});
  const std::string before = file_system.content(path(1));
  EXPECT_EQ(before.size() % options().allocation_bytes, 0U);
  std::vector<Call> calls;
  file_system.set_fault([&](Call call, const std::string&) -> std::optional<Error> {
    calls.push_back(call);
    return {};
  });
  ASSERT_TRUE(manifest->append(sample_.edits(3), Reserve::kKeep));
  file_system.set_fault({});
  EXPECT_THAT(calls, ElementsAre(Call::kWrite, Call::kSync));
  EXPECT_EQ(file_system.content(path(1)).size(), before.size());
}

TEST_F(ManifestTest, GrowsBeforeItsSpaceRunsOut) {
  manifest = create({});
  while (manifest->bytes() < 5 * options().allocation_bytes) {
    ASSERT_TRUE(manifest->append(sample_.edits(20), Reserve::kKeep));
    const std::uint64_t size = file_system.content(path(1)).size();
    ASSERT_GE(size, manifest->bytes() + ManifestWriter::kReserveBytes);
    ASSERT_LE(size, manifest->bytes() + ManifestWriter::kReserveBytes + options().allocation_bytes);
  }
}

TEST_F(ManifestTest, WritesNothingToAFullDiskButKeepsAReserve) {
  manifest = create({});
  file_system.set_capacity_bytes(file_system.used_bytes());
  Edits edits;
  const auto append = [&](Reserve reserve) {
    const ManifestEdit edit = sample_.edit(2);
    const Status appended = manifest->append({&edit, 1}, reserve);
    if (appended) edits.push_back(edit);
    return appended ? ErrorCode::kInternal : appended.error().code();
  };
  while (append(Reserve::kKeep) == ErrorCode::kInternal) {
  }
  EXPECT_GT(edits.size(), 50U);
  EXPECT_EQ(append(Reserve::kKeep), ErrorCode::kDiskFull);
  EXPECT_FALSE(manifest->failed());
  const std::size_t ordinary = edits.size();
  while (append(Reserve::kUse) == ErrorCode::kInternal) {
  }
  EXPECT_GE(edits.size(), ordinary + 10);
  EXPECT_EQ(append(Reserve::kUse), ErrorCode::kDiskFull);
  EXPECT_EQ(rewrite(edits).error().code(), ErrorCode::kDiskFull);
  EXPECT_FALSE(manifest->failed());

  file_system.set_capacity_bytes(file_system.used_bytes() + 1024 * 1024);
  EXPECT_EQ(append(Reserve::kKeep), ErrorCode::kInternal);
  file_system.crash(5);
  EXPECT_EQ(*read(), edits);
}

TEST_F(ManifestTest, StaysInForceWhenTheDiskIsTooFullForARewrite) {
  const Edits edits = sample_.edits(2000);
  manifest = create(edits);
  const std::uint64_t used = file_system.used_bytes();
  std::uint64_t room = 0;
  file_system.set_capacity_bytes(used);
  while (true) {
    const Status rewritten = rewrite(edits);
    if (rewritten) break;
    EXPECT_EQ(rewritten.error().code(), ErrorCode::kDiskFull);
    EXPECT_FALSE(manifest->failed());
    EXPECT_THAT(file_system.paths(), ElementsAre("data/CURRENT", path(1)));
    ASSERT_TRUE(manifest->append({}, Reserve::kUse));
    room += 8 * 1024;
    file_system.set_capacity_bytes(used + room);
  }
  EXPECT_GT(room, manifest->bytes());
  EXPECT_THAT(file_system.paths(), ElementsAre("data/CURRENT", path(2)));
  EXPECT_EQ(*read(), edits);
}

TEST_F(ManifestTest, FailsForGoodWithASync) {
  manifest = create({});
  fail_calls(Call::kSync, ErrorCode::kIo);
  expect_failed_for_good(manifest->append(sample_.edits(1), Reserve::kKeep));
}

TEST_F(ManifestTest, FailsForGoodWithAWrite) {
  for (const ErrorCode code : {ErrorCode::kIo, ErrorCode::kDiskFull}) {
    static_cast<void>(file_system.unlink("data/CURRENT"));
    manifest = create({});
    fail_calls(Call::kWrite, code);
    expect_failed_for_good(manifest->append(sample_.edits(1), Reserve::kKeep));
  }
}

TEST_F(ManifestTest, FailsForGoodWithARewriteThatMayBeInForce) {
  for (const Call call : {Call::kSync, Call::kWrite, Call::kRename, Call::kSyncDirectory}) {
    static_cast<void>(file_system.unlink("data/CURRENT"));
    manifest = create({});
    fail_calls(call, ErrorCode::kIo);
    expect_failed_for_good(rewrite(sample_.edits(1)));
  }
}

TEST_F(ManifestTest, FailsForGoodWhenTheDirectoryIsFullAfterTheRename) {
  manifest = create({});
  int syncs = 0;
  file_system.set_fault([&](Call call, const std::string&) -> std::optional<Error> {
    if (call != Call::kSyncDirectory || ++syncs < 2) return {};
    return fail(ErrorCode::kDiskFull, "full");
  });
  expect_failed_for_good(rewrite(sample_.edits(1)));
}

TEST_F(ManifestTest, WantsARewriteWhenMostOfItIsStale) {
  manifest = create({});
  EXPECT_FALSE(manifest->wants_rewrite());
  const Edits edits = sample_.edits(1000);
  while (manifest->bytes() < 1024 * 1024) {
    ASSERT_FALSE(manifest->wants_rewrite());
    ASSERT_TRUE(manifest->append(edits, Reserve::kKeep));
  }
  ASSERT_TRUE(manifest->append(edits, Reserve::kKeep));
  EXPECT_TRUE(manifest->wants_rewrite());
  ASSERT_TRUE(rewrite(edits));
  EXPECT_FALSE(manifest->wants_rewrite());
  ASSERT_TRUE(read());
  EXPECT_TRUE(manifest->wants_rewrite()) << "a recovery always begins a new one";
}

TEST_F(ManifestTest, LeavesOneFileAfterEachRewrite) {
  manifest = create({});
  for (std::uint64_t number = 2; number < 5; ++number) {
    ASSERT_TRUE(rewrite({}));
    EXPECT_THAT(file_system.paths(), ElementsAre("data/CURRENT", path(number)));
  }
  file_system.set_content(path(3), "left behind by a crash");
  file_system.set_content(path(5), "left behind by a crash");
  ASSERT_TRUE(rewrite({}));
  EXPECT_THAT(file_system.paths(), ElementsAre("data/CURRENT", path(5)));
}

TEST_F(ManifestTest, DumpsItsEditsAndWhereItEnds) {
  const Edits first = sample_.edits(2), second = sample_.edits(3);
  manifest = create(first);
  ASSERT_TRUE(manifest->append(second, Reserve::kKeep));
  Edits edits;
  std::vector<std::uint64_t> frames;
  const auto collect = [&](std::uint64_t, std::uint64_t frame, const ManifestEdit& edit) {
    edits.push_back(edit);
    frames.push_back(frame);
  };
  auto end = dump_manifest_file(file_system, path(1), collect);
  ASSERT_TRUE(end);
  EXPECT_THAT(*end, HasSubstr(fmt::format("ends at offset {} after 2 frames", manifest->bytes())));
  EXPECT_THAT(frames, ElementsAre(1, 1, 2, 2, 2));
  EXPECT_TRUE(std::equal(second.begin(), second.end(), edits.begin() + 2));

  std::string bytes = file_system.content(path(1));
  bytes[manifest->bytes() - 1] ^= 1;
  file_system.set_content(path(1), bytes);
  EXPECT_THAT(*dump_manifest_file(file_system, path(1), collect), HasSubstr("torn"));
  bytes[100] ^= 1;
  file_system.set_content(path(1), bytes);
  end = dump_manifest_file(file_system, path(1), collect);
  EXPECT_THAT(*end, HasSubstr("ends at offset 64")) << "nothing behind it checks any more";
  EXPECT_FALSE(dump_manifest_file(file_system, path(7), collect));
}

}  // namespace
}  // namespace alcove::segments
