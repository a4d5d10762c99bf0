#pragma once

#include <cstdint>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "base/simulated_file_system.h"
#include "segments/manifest.h"

namespace alcove::segments {

using Edits = std::vector<ManifestEdit>;

// Makes edits of every type, the same for the same seed.
class EditSample {
 public:
  explicit EditSample(std::uint64_t seed) : random_(seed) {}
  std::uint64_t below(std::uint64_t limit) { return random_() % limit; }
  // Of every magnitude.
  std::uint64_t number() { return random_() >> below(64); }
  std::string name(std::size_t bytes_max);
  SegmentDescriptor descriptor();
  static constexpr std::uint64_t kEditTypes = std::variant_size_v<ManifestEdit>;
  ManifestEdit edit(std::uint64_t type);
  ManifestEdit edit() { return edit(below(kEditTypes)); }
  Edits edits(std::size_t count);

 private:
  std::mt19937_64 random_;
};

// A manifest on a simulated disk.
struct ManifestDisk {
  static constexpr std::uint64_t kDatabase = 0x0123456789abcdef;

  ManifestDisk();
  std::string path(std::uint64_t number) const;
  ManifestOptions options() const;
  // Fails the test where that fails.
  std::unique_ptr<Manifest> create(const Edits& edits);
  // The edits that open() hands out; `manifest` is left open.
  Result<Edits> read();
  Status rewrite(const Edits& state);
  // A clean power-off, then a recovery: open and rewrite.
  void restart();

  SimulatedFileSystem file_system;
  std::unique_ptr<Manifest> manifest;
};

}  // namespace alcove::segments
