#include "base/simulated_file_system.h"

#include <algorithm>
#include <atomic>
#include <limits>
#include <random>
#include <set>
#include <utility>

#include "base/simulated_node.h"

namespace alcove {
namespace {

using Call = SimulatedFileSystem::Call;

constexpr std::uint64_t kFileBytesMax = std::uint64_t{1} << 40;

Error call_failed(const std::string& path, std::string_view why) {
  return fail(ErrorCode::kIo, "{}: {}", path, why);
}

using NodePointer = std::shared_ptr<SimulatedNode>;

// What each name of one change in a directory stood for before; null for nothing.
using NameChange = std::vector<std::pair<std::string, NodePointer>>;

struct Mapped {
  std::string path;
  std::string bytes;
  std::atomic<bool> faulted = false;
  mutable std::atomic<std::uint64_t> hints = 0;  // of what will be read
};

}  // namespace

struct SimulatedFileSystem::Disk {
  mutable std::mutex mutex;  // guards all below
  std::shared_ptr<Fault> fault;  // shared with the calls that are asking it; null for none
  std::uint64_t calls = 0;
  std::uint64_t capacity_bytes = std::numeric_limits<std::uint64_t>::max();
  std::uint64_t lives = 0;  // ends at each crash: a handle of an earlier life is dead
  std::map<std::string, NodePointer> names;
  std::map<std::string, std::vector<NameChange>> changes;  // of a directory, since its last sync
  std::set<std::string> locked;
  std::vector<std::weak_ptr<Mapped>> mappings;
  bool any_faulted = false;

  // A call that has begun: holds the mutex, and the fault with which the call is to end.
  struct Entry {
    std::unique_lock<std::mutex> lock;
    std::optional<Error> fault;
  };

  // Asks the hook, which may itself use the disk. Errors: kIo if the machine stopped since `life`.
  Result<Entry> begin(Call call, const std::string& path, std::optional<std::uint64_t> life) {
    std::unique_lock<std::mutex> guard(mutex);
    const std::uint64_t life_before = life.value_or(lives);
    if (lives != life_before) return call_failed(path, "the machine stopped");
    ++calls;
    const std::shared_ptr<Fault> hook = fault;
    Entry entry;
    if (hook) {
      guard.unlock();
      entry.fault = (*hook)(call, path);
      guard.lock();
      if (lives != life_before) return call_failed(path, "the machine stopped");
    }
    entry.lock = std::move(guard);
    return entry;
  }

  // begin(), for calls that do nothing when they fail.
  Result<std::unique_lock<std::mutex>> enter(Call call, const std::string& path,
                                             std::optional<std::uint64_t> life = {}) {
    Entry entry = TRY(begin(call, path, life));
    if (entry.fault) return *entry.fault;
    return std::move(entry.lock);
  }

  // All below require the mutex.

  NodePointer find(const std::string& path) const {
    const auto found = names.find(path);
    return found == names.end() ? nullptr : found->second;
  }

  bool is_directory(const std::string& path) const {
    if (path == "." || path == "/") return true;
    const NodePointer node = find(path);
    return node && node->directory;
  }

  std::uint64_t used_bytes() const {
    std::uint64_t used = 0;
    std::set<const SimulatedNode*> counted;
    for (const auto& [path, node] : names) {
      if (counted.insert(node.get()).second) used += node->bytes.size();
    }
    return used;
  }

  // How many more bytes the disk holds.
  std::uint64_t free_bytes() const {
    if (capacity_bytes == std::numeric_limits<std::uint64_t>::max()) return capacity_bytes;
    const std::uint64_t used = used_bytes();
    return used < capacity_bytes ? capacity_bytes - used : 0;
  }

  // One change in the directory of the first name, at once: all of it comes back or none.
  void change_names(const NameChange& after) {
    NameChange before;
    for (const auto& [path, node] : after) before.emplace_back(path, find(path));
    changes[directory_of(after.front().first)].push_back(before);
    put_names(after);
  }

  void put_names(const NameChange& change) {
    for (const auto& [path, node] : change) {
      if (node) {
        names[path] = node;
      } else {
        names.erase(path);
      }
    }
  }

  void put_durable_name(const std::string& path, NodePointer node) {
    for (NameChange& change : changes[directory_of(path)]) {
      std::erase_if(change, [&](const auto& before) { return before.first == path; });
    }
    names[path] = std::move(node);
  }

  Status create(const std::string& path, const NodePointer& node) {
    if (!is_directory(directory_of(path))) return call_failed(path, "no such directory");
    change_names({{path, node}});
    return {};
  }

  void crash_names(std::mt19937_64& chance) {
    for (const auto& [directory, pending] : changes) {
      const std::uint64_t kept = chance() % (pending.size() + 1);
      for (std::uint64_t i = pending.size(); i > kept; --i) put_names(pending[i - 1]);
    }
    changes.clear();
    // What stood in a directory whose own name is gone cannot be reached. Parents sort first.
    for (auto name = names.begin(); name != names.end();) {
      name = is_directory(directory_of(name->first)) ? std::next(name) : names.erase(name);
    }
  }

  void end_life() {
    ++lives;
    locked.clear();
    for (const std::weak_ptr<Mapped>& mapping : mappings) {
      if (const std::shared_ptr<Mapped> mapped = mapping.lock()) mapped->faulted = true;
    }
    any_faulted = any_faulted || !mappings.empty();
    mappings.clear();
  }
};

namespace {

using DiskPointer = std::shared_ptr<SimulatedFileSystem::Disk>;

class SimulatedFile final : public File {
 public:
  // Requires: the disk's mutex.
  SimulatedFile(DiskPointer disk, NodePointer node, std::string path, OpenMode mode)
      : disk_(std::move(disk)),
        life_(disk_->lives),
        node_(std::move(node)),
        path_(std::move(path)),
        writable_(mode != OpenMode::kRead) {}

  Result<std::size_t> read(std::uint64_t offset, char* into, std::size_t size) const override {
    const auto lock = TRY(disk_->enter(Call::kRead, path_, life_));
    if (offset >= node_->bytes.size()) return std::size_t{0};
    return node_->bytes.copy(into, size, offset);
  }

  Status write(std::uint64_t offset, std::string_view bytes) override {
    const auto entry = TRY(disk_->begin(Call::kWrite, path_, life_));
    TRY(check_change(offset, bytes.size()));
    if (entry.fault) {
      put(offset, bytes.substr(0, bytes.size() / 2));
      return *entry.fault;
    }
    const std::uint64_t free = disk_->free_bytes();
    const std::uint64_t end_max = node_->bytes.size() + std::min(free, kFileBytesMax);
    if (offset + bytes.size() > end_max) {
      put(offset, bytes.substr(0, end_max - std::min(end_max, offset)));
      return disk_full();
    }
    put(offset, bytes);
    return {};
  }

  Status allocate(std::uint64_t offset, std::uint64_t size) override {
    const auto lock = TRY(disk_->enter(Call::kAllocate, path_, life_));
    TRY(check_change(offset, size));
    const std::uint64_t now = node_->bytes.size();
    const std::uint64_t end = std::max(now, offset + size);
    if (end - now > disk_->free_bytes()) return disk_full();
    node_->resize(end);
    return {};
  }

  // When the disk writes of its own accord is left to chance anyway.
  void start_writeback(std::uint64_t, std::uint64_t) override {}

  Status sync() override {
    const auto entry = TRY(disk_->begin(Call::kSync, path_, life_));
    if (entry.fault) {
      node_->fail_to_sync();
      return *entry.fault;
    }
    node_->sync();
    return {};
  }

  Status truncate(std::uint64_t size) override {
    const auto lock = TRY(disk_->enter(Call::kTruncate, path_, life_));
    TRY(check_change(size, 0));
    const std::uint64_t now = node_->bytes.size();
    if (size > now && size - now > disk_->free_bytes()) return disk_full();
    node_->resize(size);
    return {};
  }

  Result<std::uint64_t> size() const override {
    const auto lock = TRY(disk_->enter(Call::kSize, path_, life_));
    return std::uint64_t{node_->bytes.size()};
  }

  const std::string& path() const override { return path_; }

 private:
  Status check_change(std::uint64_t offset, std::uint64_t size) const {
    if (!writable_) return call_failed(path_, "opened for reading only");
    if (offset > kFileBytesMax || size > kFileBytesMax - offset) {
      return call_failed(path_, "file too large");
    }
    return {};
  }

  void put(std::uint64_t offset, std::string_view bytes) {
    if (bytes.empty()) return;
    const std::uint64_t end = offset + bytes.size();
    if (end > node_->bytes.size()) node_->resize(end);
    node_->overwrite(offset, bytes);
  }

  Error disk_full() const {
    return fail(ErrorCode::kDiskFull, "{}: no space left on the simulated disk", path_);
  }

  DiskPointer disk_;
  std::uint64_t life_;
  NodePointer node_;
  std::string path_;
  bool writable_;
};

// A mapping of what the file held when it was mapped: mapped files do not change.
class SimulatedMapping final : public Mapping {
 public:
  explicit SimulatedMapping(std::shared_ptr<const Mapped> mapped) : mapped_(std::move(mapped)) {}
  std::string_view bytes() const override { return mapped_->bytes; }
  bool faulted() const override { return mapped_->faulted; }
  void will_read(std::uint64_t, std::uint64_t) const override { ++mapped_->hints; }
  void release_pages() const override {}

 private:
  std::shared_ptr<const Mapped> mapped_;
};

class SimulatedLock final : public FileLock {
 public:
  // Requires: the disk's mutex.
  SimulatedLock(DiskPointer disk, std::string path)
      : disk_(std::move(disk)), life_(disk_->lives), path_(std::move(path)) {}
  SimulatedLock(const SimulatedLock&) = delete;
  SimulatedLock& operator=(const SimulatedLock&) = delete;
  ~SimulatedLock() override {
    const std::lock_guard lock(disk_->mutex);
    if (disk_->lives == life_) disk_->locked.erase(path_);
  }

 private:
  DiskPointer disk_;
  std::uint64_t life_;
  std::string path_;
};

NodePointer make_node(std::string bytes) {
  auto node = std::make_shared<SimulatedNode>();
  node->bytes = std::move(bytes);
  return node;
}

NodePointer make_directory() {
  auto node = std::make_shared<SimulatedNode>();
  node->directory = true;
  return node;
}

}  // namespace

SimulatedFileSystem::SimulatedFileSystem() : disk_(std::make_shared<Disk>()) {}
SimulatedFileSystem::~SimulatedFileSystem() = default;

void SimulatedFileSystem::set_fault(Fault fault) {
  const std::lock_guard lock(disk_->mutex);
  disk_->fault = fault ? std::make_shared<Fault>(std::move(fault)) : nullptr;
}

void SimulatedFileSystem::set_capacity_bytes(std::uint64_t bytes) {
  const std::lock_guard lock(disk_->mutex);
  disk_->capacity_bytes = bytes;
}

std::uint64_t SimulatedFileSystem::hint_count(const std::string& path) const {
  const std::lock_guard lock(disk_->mutex);
  std::uint64_t count = 0;
  for (const auto& each : disk_->mappings) {
    const auto mapped = each.lock();
    if (mapped && mapped->path == path) count += mapped->hints;
  }
  return count;
}

std::uint64_t SimulatedFileSystem::call_count() const {
  const std::lock_guard lock(disk_->mutex);
  return disk_->calls;
}

void SimulatedFileSystem::crash(std::uint64_t seed) {
  const std::lock_guard lock(disk_->mutex);
  std::mt19937_64 chance(seed);
  disk_->crash_names(chance);
  // A file may have several names.
  std::set<NodePointer> done;
  for (const auto& [path, node] : disk_->names) {
    if (done.insert(node).second) node->crash(chance);
  }
  disk_->end_life();
}

void SimulatedFileSystem::stop() {
  const std::lock_guard lock(disk_->mutex);
  disk_->changes.clear();
  for (const auto& [path, node] : disk_->names) {
    node->settle(std::move(node->bytes));
  }
  disk_->end_life();
}

std::string SimulatedFileSystem::content(const std::string& path) const {
  const std::lock_guard lock(disk_->mutex);
  const NodePointer node = disk_->find(path);
  return node ? node->bytes : std::string();
}

void SimulatedFileSystem::set_content(const std::string& path, std::string bytes) {
  const std::lock_guard lock(disk_->mutex);
  for (std::string parent = directory_of(path); !disk_->is_directory(parent);
       parent = directory_of(parent)) {
    disk_->put_durable_name(parent, make_directory());
  }
  NodePointer node = disk_->find(path);
  if (!node) node = make_node("");
  node->settle(std::move(bytes));
  disk_->put_durable_name(path, std::move(node));
}

std::vector<std::string> SimulatedFileSystem::paths() const {
  const std::lock_guard lock(disk_->mutex);
  std::vector<std::string> files;
  for (const auto& [path, node] : disk_->names) {
    if (!node->directory) files.push_back(path);
  }
  return files;
}

std::uint64_t SimulatedFileSystem::used_bytes() const {
  const std::lock_guard lock(disk_->mutex);
  return disk_->used_bytes();
}

std::unique_ptr<SimulatedFileSystem> SimulatedFileSystem::clone() const {
  auto copy = std::make_unique<SimulatedFileSystem>();
  const std::lock_guard lock(disk_->mutex);
  std::map<NodePointer, NodePointer> copies;  // of files, which may have several names
  for (const auto& [path, node] : disk_->names) {
    NodePointer& copied = copies[node];
    if (!copied) copied = node->directory ? make_directory() : make_node(node->bytes);
    copy->disk_->names[path] = copied;
  }
  return copy;
}

void SimulatedFileSystem::fault_mapping(const std::string& path) {
  const std::lock_guard lock(disk_->mutex);
  for (const std::weak_ptr<Mapped>& mapping : disk_->mappings) {
    const std::shared_ptr<Mapped> mapped = mapping.lock();
    if (!mapped || mapped->path != path) continue;
    mapped->faulted = true;
    disk_->any_faulted = true;
    std::fill(mapped->bytes.begin(), mapped->bytes.end(), '\0');
  }
}

std::size_t SimulatedFileSystem::mapping_count() const {
  const std::lock_guard lock(disk_->mutex);
  return static_cast<std::size_t>(std::count_if(disk_->mappings.begin(), disk_->mappings.end(),
                                                [](const auto& mapping) { return !mapping.expired(); }));
}

bool SimulatedFileSystem::mappings_faulted() const {
  const std::lock_guard lock(disk_->mutex);
  return disk_->any_faulted;
}

Result<std::unique_ptr<File>> SimulatedFileSystem::open(const std::string& path, OpenMode mode) {
  const auto lock = TRY(disk_->enter(Call::kOpen, path));
  NodePointer node = disk_->find(path);
  if (disk_->is_directory(path)) return call_failed(path, "is a directory");
  if (mode == OpenMode::kCreate) {
    if (node) return call_failed(path, "file exists");
    node = make_node("");
    TRY(disk_->create(path, node));
  }
  if (!node) return call_failed(path, "no such file");
  return std::make_unique<SimulatedFile>(disk_, std::move(node), path, mode);
}

Result<std::unique_ptr<Mapping>> SimulatedFileSystem::map(const std::string& path,
                                                          std::uint64_t bytes) {
  const auto lock = TRY(disk_->enter(Call::kMap, path));
  const NodePointer node = disk_->find(path);
  if (!node || node->directory) return call_failed(path, "no such file");
  if (node->bytes.size() != bytes) {
    return fail(ErrorCode::kCorruption, "{}: {} bytes long, should be {}", path,
                node->bytes.size(), bytes);
  }
  auto mapped = std::make_shared<Mapped>();
  mapped->path = path;
  mapped->bytes = node->bytes;
  std::erase_if(disk_->mappings, [](const auto& mapping) { return mapping.expired(); });
  disk_->mappings.push_back(mapped);
  return std::make_unique<SimulatedMapping>(std::move(mapped));
}

Status SimulatedFileSystem::rename(const std::string& from, const std::string& to) {
  const auto lock = TRY(disk_->enter(Call::kRename, from));
  const NodePointer node = disk_->find(from);
  if (!node || !disk_->is_directory(directory_of(to))) return call_failed(from, "no such file");
  if (node->directory || disk_->is_directory(to)) return call_failed(from, "is a directory");
  if (from == to) return {};
  if (directory_of(from) == directory_of(to)) {
    disk_->change_names({{to, node}, {from, nullptr}});
  } else {
    disk_->change_names({{to, node}});
    disk_->change_names({{from, nullptr}});
  }
  return {};
}

Status SimulatedFileSystem::link(const std::string& from, const std::string& to) {
  const auto lock = TRY(disk_->enter(Call::kLink, from));
  const NodePointer node = disk_->find(from);
  if (!node || node->directory) return call_failed(from, "no such file");
  if (disk_->find(to) || disk_->is_directory(to)) return call_failed(to, "file exists");
  return disk_->create(to, node);
}

Status SimulatedFileSystem::unlink(const std::string& path) {
  const auto lock = TRY(disk_->enter(Call::kUnlink, path));
  if (disk_->is_directory(path)) return call_failed(path, "is a directory");
  if (disk_->find(path)) disk_->change_names({{path, nullptr}});
  return {};
}

Status SimulatedFileSystem::create_directory(const std::string& path) {
  const auto lock = TRY(disk_->enter(Call::kCreateDirectory, path));
  if (disk_->is_directory(path)) return {};
  if (disk_->find(path)) return call_failed(path, "is a file");
  return disk_->create(path, make_directory());
}

Status SimulatedFileSystem::sync_directory(const std::string& path) {
  const auto lock = TRY(disk_->enter(Call::kSyncDirectory, path));
  if (!disk_->is_directory(path)) return call_failed(path, "no such directory");
  disk_->changes.erase(path);
  return {};
}

Result<bool> SimulatedFileSystem::exists(const std::string& path) {
  const auto lock = TRY(disk_->enter(Call::kExists, path));
  return disk_->is_directory(path) || disk_->find(path) != nullptr;
}

Result<std::vector<std::string>> SimulatedFileSystem::list(const std::string& path) {
  const auto lock = TRY(disk_->enter(Call::kList, path));
  if (!disk_->is_directory(path)) return call_failed(path, "no such directory");
  std::vector<std::string> found;
  for (const auto& [name, node] : disk_->names) {
    if (directory_of(name) == path) found.push_back(name.substr(name.rfind('/') + 1));
  }
  std::sort(found.begin(), found.end());
  return found;
}

Result<std::unique_ptr<FileLock>> SimulatedFileSystem::lock(const std::string& path) {
  const auto entered = TRY(disk_->enter(Call::kLock, path));
  if (disk_->locked.contains(path)) return call_failed(path, "somebody holds the lock");
  if (!disk_->find(path)) TRY(disk_->create(path, make_node("")));
  disk_->locked.insert(path);
  return std::make_unique<SimulatedLock>(disk_, path);
}

}  // namespace alcove
