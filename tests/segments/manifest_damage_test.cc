#include <gmock/gmock.h>

#include "base/bytes.h"
#include "base/checksum.h"
#include "segments/manifest.h"
#include "segments/manifest_format.h"
#include "tests/segments/manifest_sample.h"

namespace alcove::segments {
namespace {

using testing::HasSubstr;
using Call = SimulatedFileSystem::Call;
using Reserve = Manifest::Reserve;

// A manifest of a snapshot and some frames.
class ManifestDamage : public testing::Test, public ManifestDisk {
 protected:
  void SetUp() override {
    frames_ = {sample_.edits(4), sample_.edits(2), sample_.edits(1)};
    manifest = create(frames_[0]);
    for (std::size_t i = 1; i < frames_.size(); ++i) append(frames_[i]);
    take();
  }

  void append(const Edits& edits) {
    offsets_.push_back(manifest->bytes());
    ASSERT_TRUE(manifest->append(edits, Reserve::kKeep));
  }
  void take() {
    sound_ = file_system.content(path(1));
    used_ = manifest->bytes();
  }

  Edits edits_of(std::size_t frames) const {
    Edits edits;
    for (std::size_t i = 0; i < frames; ++i) {
      edits.insert(edits.end(), frames_[i].begin(), frames_[i].end());
    }
    return edits;
  }

  Result<Edits> read_with(const std::string& bytes) {
    file_system.set_content(path(1), bytes);
    return read();
  }

  static void expect_damage(const Result<Edits>& result, const std::string& path,
                            std::string_view what) {
    ASSERT_FALSE(result) << what;
    EXPECT_EQ(result.error().code(), ErrorCode::kCorruption) << what;
    EXPECT_THAT(result.error().message(), HasSubstr(path + ": damage")) << what;
  }

  EditSample sample_{3};
  std::vector<Edits> frames_;
  std::vector<std::uint64_t> offsets_;  // of the frames behind the snapshot
  std::string sound_;
  std::uint64_t used_ = 0;
};

TEST_F(ManifestDamage, IsRefusedInEveryByteThatALaterFrameProves) {
  for (std::size_t i = 0; i < used_; ++i) {
    std::string bytes = sound_;
    bytes[i] = static_cast<char>(bytes[i] ^ (1 << i % 8));
    const auto edits = read_with(bytes);
    if (i < offsets_.back()) {
      expect_damage(edits, path(1), fmt::format("byte {}", i));
    } else {
      ASSERT_TRUE(edits) << "the last frame is a tail for all one can know";
      EXPECT_EQ(*edits, edits_of(2));
    }
  }
}

TEST_F(ManifestDamage, NamesTheOffsetOfTheBadFrame) {
  std::string bytes = sound_;
  bytes[offsets_[0] + 50] ^= 1;
  const auto edits = read_with(bytes);
  expect_damage(edits, path(1), "frame 2");
  EXPECT_THAT(edits.error().message(), HasSubstr(fmt::format("damage at offset {}", offsets_[0])));
}

TEST_F(ManifestDamage, IsRefusedInTheLastFrameOnceAMarkProvesIt) {
  append({});
  take();
  for (std::size_t i = offsets_[1]; i < offsets_[2]; ++i) {
    std::string bytes = sound_;
    bytes[i] ^= 0x10;
    expect_damage(read_with(bytes), path(1), fmt::format("byte {}", i));
  }
}

TEST_F(ManifestDamage, EndsAtATornTail) {
  for (std::uint64_t size = offsets_.back(); size < used_; ++size) {
    std::string bytes = sound_;
    bytes.replace(size, bytes.size() - size, bytes.size() - size, '\0');
    const auto edits = read_with(bytes);
    ASSERT_TRUE(edits);
    // A frame whose last bytes are zeros anyway is whole.
    EXPECT_EQ(*edits, edits_of(bytes == sound_ ? 3 : 2)) << size;
    const auto cut = read_with(sound_.substr(0, size));
    ASSERT_TRUE(cut);
    EXPECT_EQ(*cut, edits_of(2)) << size;
  }
}

TEST_F(ManifestDamage, IsRefusedWhereASnapshotIsCutShort) {
  for (std::uint64_t size = 0; size < offsets_[0]; ++size) {
    expect_damage(read_with(sound_.substr(0, size)), path(1), fmt::format("cut to {}", size));
  }
}

TEST_F(ManifestDamage, IsRefusedInEveryZeroedSector) {
  for (int i = 0; i < 100; ++i) append(sample_.edits(2));
  append({});
  take();
  for (std::size_t i = 0; i + 512 < used_; i += 512) {
    std::string bytes = sound_;
    bytes.replace(i, 512, 512, '\0');
    expect_damage(read_with(bytes), path(1), fmt::format("sector at {}", i));
  }
}

TEST_F(ManifestDamage, IsRefusedInCurrent) {
  const std::string current = file_system.content("data/CURRENT");
  std::vector<std::string> damaged = {"", current + "\n", std::string(5000, 'x')};
  for (std::size_t i = 0; i < current.size(); ++i) {
    damaged.push_back(current.substr(0, i));
    for (int bit = 0; bit < 8; ++bit) {
      damaged.push_back(current);
      damaged.back()[i] = static_cast<char>(current[i] ^ (1 << bit));
    }
  }
  for (const std::string& text : damaged) {
    file_system.set_content("data/CURRENT", text);
    const auto edits = read();
    ASSERT_FALSE(edits);
    EXPECT_EQ(edits.error().code(), ErrorCode::kCorruption);
    EXPECT_THAT(edits.error().message(), HasSubstr("data/CURRENT"));
  }
}

TEST_F(ManifestDamage, IsRefusedInAnotherManifestUnderTheName) {
  ASSERT_TRUE(rewrite(frames_[0]));
  file_system.set_content(path(2), sound_);
  expect_damage(read(), path(2), "manifest-1 under the name of manifest-2");
}

TEST_F(ManifestDamage, IsRefusedInAFrameOutOfItsPlace) {
  std::string bytes = sound_;
  const std::uint64_t length = used_ - offsets_[1];
  bytes.replace(used_, length, sound_, offsets_[1], length);
  EXPECT_EQ(*read_with(bytes), edits_of(3)) << "a copy of a frame is no frame";

  const FrameHeader twice{0, 3, 2, 0};
  const std::string again = encode_frame({kDatabase, 1}, used_, twice, {});
  bytes = sound_;
  bytes.replace(used_, again.size(), again);
  expect_damage(read_with(bytes), path(1), "frame 3 again");

  const FrameHeader wrong{0, 4, 3, 1};
  for (const std::string& payload :
       {std::string(), std::string("\x01\xff"), std::string("\0", 1)}) {
    const std::string frame = encode_frame({kDatabase, 1}, used_, wrong, payload);
    bytes.replace(used_, frame.size(), frame);
    expect_damage(read_with(bytes), path(1), "edits that make no sense");
  }
}

TEST_F(ManifestDamage, TellsALaterVersion) {
  std::string bytes = sound_;
  bytes[8] = static_cast<char>(kManifestVersion + 1);
  std::string sum;
  ByteWriter(sum).u64(checksum(bytes.substr(0, 56), checksum_seed(checksum_seed(kDatabase, 1), 0)));
  bytes.replace(56, 8, sum);
  const auto edits = read_with(bytes);
  ASSERT_FALSE(edits);
  EXPECT_EQ(edits.error().code(), ErrorCode::kTooNew);
}

// Stops the machine at each call in turn, loses by chance what was not synced, and recovers.
class ManifestCrash : public testing::Test {
 protected:
  struct Outcome {
    Edits durable;  // what was acknowledged
    Edits pending;  // what was being appended
    bool finished = false;
  };

  static void stop_at(SimulatedFileSystem& file_system, std::uint64_t call_number) {
    const std::uint64_t last = file_system.call_count() + call_number;
    file_system.set_fault(
        [&file_system, last](Call, const std::string& at) -> std::optional<Error> {
          if (file_system.call_count() <= last) return {};
          return fail(ErrorCode::kIo, "{}: the machine stops", at);
        });
  }

  // A recovery, appends and a rewrite, until the first error.
  static Outcome work(ManifestDisk& disk, EditSample& sample) {
    Outcome outcome;
    const auto edits = disk.read();
    if (!edits) return outcome;
    outcome.durable = *edits;
    for (int round = 0; round < 2; ++round) {
      if (!disk.rewrite(outcome.durable)) return outcome;
      for (int i = 0; i < 3; ++i) {
        outcome.pending = sample.edits(sample.below(4));
        if (!disk.manifest->append(outcome.pending, Reserve::kKeep)) return outcome;
        const Edits acknowledged = std::exchange(outcome.pending, {});
        outcome.durable.insert(outcome.durable.end(), acknowledged.begin(), acknowledged.end());
      }
    }
    outcome.finished = true;
    return outcome;
  }
};

TEST_F(ManifestCrash, LosesNothingAcknowledgedAndNoPartOfAFrame) {
  bool finished = false;
  std::uint64_t stops = 0;
  for (; !finished; ++stops) {
    for (std::uint64_t seed = 0; seed < 8; ++seed) {
      ManifestDisk disk;
      EditSample sample(stops * 100 + seed);
      const Edits first = sample.edits(5);
      disk.manifest = disk.create(first);
      stop_at(disk.file_system, stops);
      Outcome outcome = work(disk, sample);
      if (outcome.durable.empty()) outcome.durable = first;
      finished = outcome.finished;
      disk.file_system.set_fault({});
      disk.file_system.crash(seed);

      const auto edits = disk.read();
      ASSERT_TRUE(edits) << edits.error().message() << ", stop " << stops << ", seed " << seed;
      Edits with_pending = outcome.durable;
      with_pending.insert(with_pending.end(), outcome.pending.begin(), outcome.pending.end());
      ASSERT_TRUE(*edits == outcome.durable || *edits == with_pending)
          << "stop " << stops << ", seed " << seed;

      ASSERT_TRUE(disk.rewrite(*edits));
      ASSERT_TRUE(disk.rewrite(*edits));
      EXPECT_EQ(disk.file_system.paths().size(), 2U) << "nothing is left behind";
    }
  }
  EXPECT_GT(stops, 30U);
}

TEST_F(ManifestCrash, LeavesNoDatabaseOrAWholeOne) {
  bool finished = false;
  for (std::uint64_t stops = 0; !finished; ++stops) {
    for (std::uint64_t seed = 0; seed < 8; ++seed) {
      ManifestDisk disk;
      const Edits edits = EditSample(seed).edits(5);
      stop_at(disk.file_system, stops);
      finished = Manifest::create(disk.file_system, disk.options(), edits).has_value();
      disk.file_system.set_fault({});
      disk.file_system.crash(seed);
      const bool exists = *Manifest::exists(disk.file_system, "data");
      EXPECT_TRUE(exists || !finished);
      if (!exists) disk.create(edits);
      ASSERT_EQ(*disk.read(), edits);
    }
  }
}

}  // namespace
}  // namespace alcove::segments
