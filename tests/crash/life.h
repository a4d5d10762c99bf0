#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/env.h"
#include "base/simulated_file_system.h"
#include "executor/database.h"

namespace alcove::tests {

// What a database must hold: by namespace name, by id, the record as text. A namespace that is empty
// is not the same as one that does not exist.
using Model = std::map<std::string, std::map<std::string, std::string>>;

// A clock that stands still unless it is moved.
class ManualClock final : public Clock {
 public:
  std::uint64_t monotonic_us() override { return now_us_; }
  std::uint64_t wall_us() override { return now_us_; }
  void advance(std::uint64_t us) { now_us_ += us; }

 private:
  std::uint64_t now_us_ = 1'000'000;
};

class SeededRandom final : public Random {
 public:
  explicit SeededRandom(std::uint64_t seed) : engine_(seed) {}
  std::uint64_t u64() override { return engine_(); }

 private:
  std::mt19937_64 engine_;
};

// A disk with a database on it that lives, works and dies, again and again, and a model of what it
// has acknowledged. Everything that happens follows from the seed.
class Lives {
 public:
  // kLong: a vector is most of a file, so that merges link to the files that vectors are in.
  enum class Vectors { kShort, kLong };
  explicit Lives(std::uint64_t seed, Vectors vectors = Vectors::kShort);

  // One life: opens the database, compares it with the model, works until a file-system call
  // chosen by chance fails as if the machine had stopped (or a sync fails, or the disk is full for
  // a while), then loses what was not synced. Empty: all was as it must be; else what was wrong.
  std::string live();
  // Whether a life ended with vectors left where a merge found them.
  bool has_linked() const { return has_linked_; }

 private:
  struct Statement {
    std::string text;
    Model after;  // the model if it happens
  };
  Statement make_statement();
  Statement make_transaction();
  void change(Model& model, std::string& text);
  std::string compare(executor::Database& database);
  // Compares with the model, or, when a statement's fate is unknown, with what it would have made.
  std::string settle(executor::Database& database);
  Model read(executor::Database& database, std::string& problem);
  std::string work(executor::Database& database);
  // The values of a version, as a list, and the whole record as it is read.
  std::string values_text(std::uint64_t version) const;
  std::string record_text(std::uint64_t version) const;
  std::uint64_t pick(std::uint64_t count) { return chance_() % count; }

  const std::uint64_t seed_;
  const std::uint32_t dimension_;
  std::mt19937_64 chance_;
  SimulatedFileSystem disk_;
  ManualClock clock_;
  SeededRandom random_;
  Model model_;
  std::optional<Model> maybe_;  // what an unacknowledged statement would have made of it
  bool has_index_ = false;
  bool has_linked_ = false;
  std::uint64_t version_ = 0;
};

}  // namespace alcove::tests
