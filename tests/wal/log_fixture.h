#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/simulated_file_system.h"
#include "wal/log.h"
#include "wal/log_format.h"

namespace alcove::wal {

inline constexpr char kDirectory[] = "wal";

// What a replay delivered, or how recovery refused.
struct Recovered {
  std::vector<std::pair<Lsn, std::string>> records;
  std::optional<Error> error;

  bool operator==(const Recovered& other) const { return records == other.records; }
};

inline LogOptions small_files() {
  return {.directory = kDirectory, .database_id = 77, .file_bytes = kFileBytesMin};
}

inline std::string path_of(Lsn first_lsn, std::uint32_t generation) {
  return std::string(kDirectory) + "/" +
         LogFileName{.generation = generation, .first_lsn = first_lsn}.text();
}

// A record that is as long as `bytes` says and unlike its neighbours.
inline std::string record_of(std::uint64_t number, std::size_t bytes) {
  static const std::string letters = [] {
    std::string text;
    for (std::uint64_t i = 0; i < 4001; ++i) text.push_back(static_cast<char>('a' + i * i % 26));
    return text;
  }();
  std::string record = std::to_string(number) + ":";
  while (record.size() < bytes) record += letters.substr(number % 1000);
  record.resize(bytes);
  return record;
}

// A log on a simulated disk, and verbs for what happens to it.
class LogFixture : public testing::Test {
 protected:
  LogFixture() { make_directory(); }

  void make_directory() {
    EXPECT_TRUE(disk->create_directory(kDirectory));
    EXPECT_TRUE(disk->sync_directory("."));
  }
  void create() {
    auto created = Log::create(*disk, options);
    ASSERT_TRUE(created) << created.error().message();
    log = *std::move(created);
  }
  // Answers the first LSN.
  Lsn append(std::vector<std::string> records, LogSpace space = LogSpace::kOrdinary) {
    const auto first = log->append(records, space);
    EXPECT_TRUE(first) << first.error().message();
    return first ? *first : 0;
  }
  void append_synced(std::vector<std::string> records) {
    append(std::move(records));
    sync();
  }
  void sync() { expect(log->sync()); }
  void mark() { expect(log->mark()); }
  void rotate() { expect(log->rotate(LogSpace::kOrdinary)); }
  void expect(const Status& status) { EXPECT_TRUE(status) << status.error().message(); }

  void crash(std::uint64_t seed) {
    log.reset();
    disk->crash(seed);
  }
  // The process ends, the machine goes on.
  void kill() { log.reset(); }

  Recovered recover() {
    Recovered recovered;
    log.reset();
    auto result = Log::recover(*disk, options, point, [&](Lsn lsn, std::string_view record) {
      recovered.records.emplace_back(lsn, record);
      return Status();
    });
    if (result) {
      log = *std::move(result);
    } else {
      recovered.error = result.error();
    }
    return recovered;
  }
  // The records alone, of a recovery that must succeed.
  std::vector<std::string> recover_records() {
    const Recovered recovered = recover();
    EXPECT_FALSE(recovered.error) << recovered.error->message();
    std::vector<std::string> records;
    Lsn lsn = point.redo_lsn;
    for (const auto& [at, record] : recovered.records) {
      EXPECT_EQ(at, lsn++);
      records.push_back(record);
    }
    return records;
  }
  void expect_damage(const std::string& path, std::uint64_t offset) {
    const Recovered recovered = recover();
    ASSERT_TRUE(recovered.error);
    EXPECT_EQ(recovered.error->code(), ErrorCode::kCorruption);
    EXPECT_THAT(recovered.error->message(),
                testing::StartsWith(path + ": damage at offset " + std::to_string(offset) + ":"));
  }
  void overwrite(const std::string& path, std::uint64_t offset, std::string_view bytes) {
    std::string content = disk->content(path);
    ASSERT_LE(offset + bytes.size(), content.size());
    content.replace(offset, bytes.size(), bytes);
    disk->set_content(path, content);
  }
  void flip(const std::string& path, std::uint64_t offset, char mask = 0x01) {
    std::string content = disk->content(path);
    ASSERT_LT(offset, content.size());
    content[offset] = static_cast<char>(content[offset] ^ mask);
    disk->set_content(path, std::move(content));
  }
  std::vector<std::string> log_paths() const {
    std::vector<std::string> found;
    for (const std::string& path : disk->paths()) {
      if (path.ends_with(".log")) found.push_back(path);
    }
    return found;
  }

  std::unique_ptr<SimulatedFileSystem> disk = std::make_unique<SimulatedFileSystem>();
  LogOptions options = small_files();
  RecoveryPoint point;
  std::unique_ptr<Log> log;
};

// The bytes that a frame of these records takes.
inline std::uint64_t frame_bytes(const std::vector<std::string>& records) {
  return kFrameHeaderBytes + payload_bytes(records);
}

}  // namespace alcove::wal
