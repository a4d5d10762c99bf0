#pragma once

#include <cstdint>
#include <map>
#include <random>
#include <string>
#include <string_view>
#include <vector>

namespace alcove {

// A file or a directory of SimulatedFileSystem, whatever its names: what is seen of it now, and
// what a crash may bring back. Externally synchronised.
struct SimulatedNode {
  bool directory = false;
  std::string bytes;
  // Per sector every content it had since the last sync but the one now seen, oldest first.
  std::map<std::uint64_t, std::vector<std::string>> older;
  // What a failed sync left on the disk in place of the sectors it should have written. The kernel
  // then holds those to be clean: a later sync passes them over unless they are written again.
  std::map<std::uint64_t, std::string> unwritten;
  // Every size since the last sync but the one now seen, oldest first.
  std::vector<std::uint64_t> sizes;
  // The last write since the last sync: it may be torn.
  std::uint64_t last_offset = 0;
  std::uint64_t last_size = 0;

  // Changes the size, with zeros where the file grows.
  void resize(std::uint64_t size);
  // Requires: offset + data.size() <= bytes.size().
  void overwrite(std::uint64_t offset, std::string_view data);
  void sync();
  // Nothing of what was written since the last sync is on the disk, yet the next sync will succeed.
  void fail_to_sync();
  // Leaves one of the contents that the disk may hold, and that as the durable one.
  void crash(std::mt19937_64& chance);
  // Makes `content` what is seen and what is on the disk.
  void settle(std::string content);

 private:
  std::string sector(std::uint64_t number) const;
  // What may stand in a sector after a crash in place of what is now seen.
  std::vector<std::string> lost_contents(std::uint64_t number) const;
  std::string mixed_sector(std::uint64_t number, std::mt19937_64& chance) const;
};

}  // namespace alcove
