#include "base/posix_file_system.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <filesystem>
#include <mutex>
#include <system_error>
#include <utility>

#include "base/check.h"

namespace alcove {
namespace {

Error call_failed(const std::string& path, std::string_view call, int error_number) {
  const bool full = error_number == ENOSPC || error_number == EDQUOT;
  return fail(full ? ErrorCode::kDiskFull : ErrorCode::kIo, "{}: {}: {}", path, call,
              std::generic_category().message(error_number));
}

// Owns a file descriptor.
class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  Descriptor(Descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Descriptor& operator=(Descriptor&&) = delete;
  ~Descriptor() {
    // What must last was synced before, and that is where a failure shows.
    if (fd_ >= 0) ::close(fd_);
  }
  int get() const { return fd_; }

 private:
  int fd_;
};

Result<Descriptor> open_descriptor(const std::string& path, int flags) {
  constexpr mode_t kOwnerOnly = 0600;
  int fd = -1;
  do {
    fd = ::open(path.c_str(), flags | O_CLOEXEC, kOwnerOnly);
  } while (fd < 0 && errno == EINTR);
  if (fd < 0) return call_failed(path, "open", errno);
  return Descriptor(fd);
}

Result<std::uint64_t> size_of(const Descriptor& descriptor, const std::string& path) {
  struct stat status = {};
  if (::fstat(descriptor.get(), &status) != 0) return call_failed(path, "fstat", errno);
  return static_cast<std::uint64_t>(status.st_size);
}

class PosixFile final : public File {
 public:
  PosixFile(Descriptor descriptor, std::string path)
      : descriptor_(std::move(descriptor)), path_(std::move(path)) {}

  Result<std::size_t> read(std::uint64_t offset, char* into, std::size_t size) const override {
    std::size_t done = 0;
    while (done < size) {
      const ssize_t got = ::pread(descriptor_.get(), into + done, size - done,
                                  static_cast<off_t>(offset + done));
      if (got < 0 && errno == EINTR) continue;
      if (got < 0) return call_failed(path_, "pread", errno);
      if (got == 0) break;
      done += static_cast<std::size_t>(got);
    }
    return done;
  }

  Status write(std::uint64_t offset, std::string_view bytes) override {
    while (!bytes.empty()) {
      const ssize_t put = ::pwrite(descriptor_.get(), bytes.data(), bytes.size(),
                                   static_cast<off_t>(offset));
      if (put < 0 && errno == EINTR) continue;
      if (put < 0) return call_failed(path_, "pwrite", errno);
      bytes.remove_prefix(static_cast<std::size_t>(put));
      offset += static_cast<std::uint64_t>(put);
    }
    return {};
  }

  Status allocate(std::uint64_t offset, std::uint64_t size) override {
    if (size == 0) return {};
    int error_number = 0;
    do {
      error_number = ::posix_fallocate(descriptor_.get(), static_cast<off_t>(offset),
                                       static_cast<off_t>(size));
    } while (error_number == EINTR);
    if (error_number != 0) return call_failed(path_, "posix_fallocate", error_number);
    return {};
  }

  // Without the flags to wait it takes no error away from fdatasync.
  void start_writeback(std::uint64_t offset, std::uint64_t size) override {
    static_cast<void>(::sync_file_range(descriptor_.get(), static_cast<off_t>(offset),
                                        static_cast<off_t>(size), SYNC_FILE_RANGE_WRITE));
  }

  // Never tried twice, not even after EINTR: the kernel reports a lost page once.
  Status sync() override {
    if (::fdatasync(descriptor_.get()) != 0) return call_failed(path_, "fdatasync", errno);
    return {};
  }

  Status truncate(std::uint64_t size) override {
    int result = -1;
    do {
      result = ::ftruncate(descriptor_.get(), static_cast<off_t>(size));
    } while (result != 0 && errno == EINTR);
    if (result != 0) return call_failed(path_, "ftruncate", errno);
    return {};
  }

  Result<std::uint64_t> size() const override { return size_of(descriptor_, path_); }
  const std::string& path() const override { return path_; }

 private:
  Descriptor descriptor_;
  std::string path_;
};

// One live mapping, as the signal handler sees it. A slot is free while its begin is 0.
struct MappingSlot {
  std::atomic<std::uintptr_t> begin;
  std::atomic<std::size_t> bytes;
  std::atomic<unsigned> faulted;  // 1 once a page could not be read
};
static_assert(std::atomic<std::uintptr_t>::is_always_lock_free);
static_assert(std::atomic<std::size_t>::is_always_lock_free);
static_assert(std::atomic<unsigned>::is_always_lock_free);

// As many as Linux by default lets a process have. Static, since a signal handler must find it,
// and zero, so that slots never used take no memory.
constexpr std::size_t kMappingsMax = 65'536;
constinit std::array<MappingSlot, kMappingsMax> mapping_slots;
constinit std::atomic<unsigned> any_faulted = 0;  // 1 once one of them has
// Slots from here on were never used.
constinit std::atomic<std::size_t> mapping_slots_used = 0;

std::size_t page_bytes() {
  static const auto page = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
  return page;
}

std::size_t whole_pages(std::size_t bytes) {
  return (bytes + page_bytes() - 1) / page_bytes() * page_bytes();
}

// INVARIANT: a mapping stands in its slot from before its address is given out until after its
// last reader is done, so the handler always finds the slot of a faulting read; slots of other
// mappings may come and go meanwhile.
MappingSlot* find_slot(std::uintptr_t address) {
  const std::size_t used = mapping_slots_used.load();
  for (std::size_t i = 0; i < used; ++i) {
    MappingSlot& slot = mapping_slots[i];
    const std::uintptr_t begin = slot.begin.load();
    const std::size_t bytes = whole_pages(slot.bytes.load());
    if (begin == 0 || address < begin || address - begin >= bytes) continue;
    // Read again: the size may be that of the slot's next mapping.
    if (slot.begin.load() == begin) return &slot;
  }
  return nullptr;
}

// Zeros under all of the mapping and not the one page: a file cut short would otherwise cost a
// kernel mapping for each page touched, of which there is a limit. The marks come first, so that
// who reads the zeros finds them.
bool put_zeros_under(MappingSlot& slot) {
  slot.faulted.store(1);
  any_faulted.store(1);
  void* const at = reinterpret_cast<void*>(slot.begin.load());
  return ::mmap(at, whole_pages(slot.bytes.load()), PROT_READ,
                MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED | MAP_NORESERVE, -1, 0) != MAP_FAILED;
}

// Async-signal-safe: atomics and system calls only.
void on_bus_error(int signal, siginfo_t* info, void*) {
  const int saved_errno = errno;
  MappingSlot* const slot =
      info->si_code > 0 ? find_slot(reinterpret_cast<std::uintptr_t>(info->si_addr)) : nullptr;
  if (slot == nullptr || !put_zeros_under(*slot)) {
    // Pending until this handler returns, then the default death with its core.
    struct sigaction fatal = {};
    fatal.sa_handler = SIG_DFL;
    ::sigaction(signal, &fatal, nullptr);
    ::raise(signal);
  }
  errno = saved_errno;
}

void install_bus_error_handler() {
  static std::once_flag once;
  std::call_once(once, [] {
    whole_pages(0);  // so that the handler need not ask for the page size first
    struct sigaction action = {};
    action.sa_sigaction = on_bus_error;
    action.sa_flags = SA_SIGINFO | SA_ONSTACK;
    CHECK(::sigaction(SIGBUS, &action, nullptr) == 0, "SIGBUS can be handled");
  });
}

// Gives out slots to mappings. Thread-safe.
class SlotPool {
 public:
  // Null when all are in use.
  MappingSlot* take(const char* begin, std::size_t bytes) {
    const std::lock_guard lock(mutex_);
    std::size_t number = 0;
    if (!free_.empty()) {
      number = free_.back();
      free_.pop_back();
    } else if (mapping_slots_used.load() < kMappingsMax) {
      number = mapping_slots_used.fetch_add(1);
    } else {
      return nullptr;
    }
    MappingSlot& slot = mapping_slots[number];
    slot.faulted.store(0);
    slot.bytes.store(bytes);
    slot.begin.store(reinterpret_cast<std::uintptr_t>(begin));
    ++taken_;
    return &slot;
  }

  void give_back(MappingSlot* slot) {
    slot->begin.store(0);
    const std::lock_guard lock(mutex_);
    free_.push_back(static_cast<std::size_t>(slot - mapping_slots.data()));
    --taken_;
  }

  std::size_t taken() const { return taken_.load(std::memory_order_relaxed); }

 private:
  std::mutex mutex_;
  std::atomic<std::size_t> taken_ = 0;
  std::vector<std::size_t> free_;
};

SlotPool& slot_pool() {
  static SlotPool pool;
  return pool;
}

class PosixMapping final : public Mapping {
 public:
  // Takes over the mapping and its slot. An empty file has neither.
  PosixMapping(char* begin, std::size_t bytes, MappingSlot* slot)
      : begin_(begin), bytes_(bytes), slot_(slot) {}
  PosixMapping(const PosixMapping&) = delete;
  PosixMapping& operator=(const PosixMapping&) = delete;
  ~PosixMapping() override {
    if (slot_ == nullptr) return;
    // The slot goes first: once unmapped, the addresses may be another mapping's.
    slot_pool().give_back(slot_);
    ::munmap(begin_, bytes_);
  }

  std::string_view bytes() const override { return {begin_, bytes_}; }
  bool faulted() const override {
    // Not a load: that would let the reads of the bytes before it pass it.
    return slot_ != nullptr && slot_->faulted.fetch_or(0) != 0;
  }
  void will_read(std::uint64_t offset, std::uint64_t size) const override {
    if (slot_ == nullptr) return;
    // Of more than the disk takes in one request, on some 128 KiB, the kernel leaves out the rest.
    constexpr std::uint64_t kRequestBytes = 128 * 1024;
    const std::uint64_t end = offset + size;
    for (std::uint64_t at = offset / page_bytes() * page_bytes(); at < end; at += kRequestBytes) {
      ::madvise(begin_ + at, std::min(kRequestBytes, end - at), MADV_WILLNEED);
    }
  }
  void release_pages() const override {
    // Only a hint, and the pages of a file come back from it.
    if (slot_ != nullptr) ::madvise(begin_, bytes_, MADV_DONTNEED);
  }

 private:
  char* begin_;
  std::size_t bytes_;
  MappingSlot* slot_;
};

class PosixFileLock final : public FileLock {
 public:
  explicit PosixFileLock(Descriptor descriptor) : descriptor_(std::move(descriptor)) {}

 private:
  Descriptor descriptor_;  // the lock goes with its open file description
};

int open_flags(OpenMode mode) {
  switch (mode) {
    case OpenMode::kRead: return O_RDONLY;
    case OpenMode::kReadWrite: return O_RDWR;
    case OpenMode::kCreate: return O_RDWR | O_CREAT | O_EXCL;
  }
  return O_RDONLY;
}

}  // namespace

Result<std::unique_ptr<File>> PosixFileSystem::open(const std::string& path, OpenMode mode) {
  Descriptor descriptor = TRY(open_descriptor(path, open_flags(mode)));
  return std::make_unique<PosixFile>(std::move(descriptor), path);
}

Result<std::unique_ptr<Mapping>> PosixFileSystem::map(const std::string& path,
                                                      std::uint64_t bytes) {
  install_bus_error_handler();
  const Descriptor descriptor = TRY(open_descriptor(path, O_RDONLY));
  const std::uint64_t actual = TRY(size_of(descriptor, path));
  if (actual != bytes) {
    return fail(ErrorCode::kCorruption, "{}: {} bytes long, should be {}", path, actual, bytes);
  }
  if (bytes == 0) return std::make_unique<PosixMapping>(nullptr, 0, nullptr);
  const auto size = static_cast<std::size_t>(bytes);
  void* const mapped = ::mmap(nullptr, size, PROT_READ, MAP_SHARED, descriptor.get(), 0);
  if (mapped == MAP_FAILED) return call_failed(path, "mmap", errno);
  char* const begin = static_cast<char*>(mapped);
  MappingSlot* const slot = slot_pool().take(begin, size);
  if (slot == nullptr) {
    ::munmap(mapped, size);
    return fail(ErrorCode::kIo, "{}: mmap: more than {} mappings", path, kMappingsMax);
  }
  return std::make_unique<PosixMapping>(begin, size, slot);
}

std::size_t PosixFileSystem::mapping_count() const { return slot_pool().taken(); }

bool PosixFileSystem::mappings_faulted() const { return any_faulted.fetch_or(0) != 0; }  // as PosixMapping::faulted()

Status PosixFileSystem::rename(const std::string& from, const std::string& to) {
  if (std::rename(from.c_str(), to.c_str()) != 0) return call_failed(from, "rename", errno);
  return {};
}

Status PosixFileSystem::link(const std::string& from, const std::string& to) {
  if (::link(from.c_str(), to.c_str()) != 0) return call_failed(from, "link", errno);
  return {};
}

Status PosixFileSystem::unlink(const std::string& path) {
  if (::unlink(path.c_str()) != 0 && errno != ENOENT) return call_failed(path, "unlink", errno);
  return {};
}

Status PosixFileSystem::create_directory(const std::string& path) {
  constexpr mode_t kOwnerOnly = 0700;
  if (::mkdir(path.c_str(), kOwnerOnly) == 0) return {};
  const int error_number = errno;
  struct stat status = {};
  if (error_number == EEXIST && ::stat(path.c_str(), &status) == 0 && S_ISDIR(status.st_mode)) {
    return {};
  }
  return call_failed(path, "mkdir", error_number);
}

Status PosixFileSystem::sync_directory(const std::string& path) {
  const Descriptor descriptor = TRY(open_descriptor(path, O_RDONLY | O_DIRECTORY));
  if (::fsync(descriptor.get()) != 0) return call_failed(path, "fsync", errno);
  return {};
}

Result<bool> PosixFileSystem::exists(const std::string& path) {
  struct stat status = {};
  if (::stat(path.c_str(), &status) == 0) return true;
  if (errno == ENOENT || errno == ENOTDIR) return false;
  return call_failed(path, "stat", errno);
}

Result<std::vector<std::string>> PosixFileSystem::list(const std::string& path) {
  std::vector<std::string> names;
  std::error_code error;
  std::filesystem::directory_iterator entry(path, error);
  const std::filesystem::directory_iterator end;
  while (!error && entry != end) {
    names.push_back(entry->path().filename().string());
    entry.increment(error);
  }
  if (error) return call_failed(path, "readdir", error.value());
  std::sort(names.begin(), names.end());
  return names;
}

Result<std::unique_ptr<FileLock>> PosixFileSystem::lock(const std::string& path) {
  Descriptor descriptor = TRY(open_descriptor(path, O_RDWR | O_CREAT));
  struct flock whole = {};
  whole.l_type = F_WRLCK;
  whole.l_whence = SEEK_SET;
  if (::fcntl(descriptor.get(), F_OFD_SETLK, &whole) == 0) {
    return std::make_unique<PosixFileLock>(std::move(descriptor));
  }
  if (errno == EAGAIN || errno == EACCES) {
    return fail(ErrorCode::kIo, "{}: another process holds the lock", path);
  }
  return call_failed(path, "fcntl", errno);
}

}  // namespace alcove
