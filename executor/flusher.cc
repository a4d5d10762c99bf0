#include "executor/flusher.h"

#include <algorithm>
#include <set>
#include <shared_mutex>
#include <utility>

#include "segments/code.h"
#include "segments/merge.h"

namespace alcove::executor {
namespace {

// One manifest frame, and one pair of directory syncs, for so many namespaces.
constexpr std::size_t kBatchNamespaces = 64;
// To write a row and to merge it twice takes about as long as to compare it so often.
constexpr std::uint64_t kScansPerFlush = 256;

bool flush_pays(const segments::Memtable& memtable) {
  return memtable.scans() >= kScansPerFlush && memtable.row_count() >= segments::kCodedRowsMin &&
         memtable.dimension() >= segments::kCodedDimensionMin &&
         memtable.dimension() <= segments::kCodedDimensionMax;
}

}  // namespace

Result<bool> Flusher::flush_to_budget() {
  while (budget_.over_budget()) {
    std::set<NamespaceNumber> damaged;
    {
      std::lock_guard lock(noted_mutex_);
      damaged = damaged_;
    }
    std::vector<std::pair<std::uint64_t, NamespaceNumber>> by_size;
    {
      std::shared_lock lock(catalogue_.mutex());
      catalogue_.each_open([&](const Namespace& entry) {
        const Version& version = *entry.open->version;
        std::uint64_t bytes = version.memtable->empty() ? 0 : version.memtable->bytes();
        for (const auto& sealed : version.sealed) bytes += sealed->bytes();
        if (bytes > 0 && !damaged.contains(entry.number)) by_size.emplace_back(bytes, entry.number);
      });
    }
    std::sort(by_size.rbegin(), by_size.rend());
    std::vector<NamespaceNumber> victims;
    std::uint64_t freed = 0;
    for (const auto& [bytes, number] : by_size) {
      if (victims.size() == kBatchNamespaces || freed > budget_.bytes() / 2) break;
      victims.push_back(number);
      freed += bytes;
    }
    if (victims.empty()) return false;
    TRY(flush_batch(victims));
  }
  return true;
}

void Flusher::note_query(const NamespaceReader& reader) {
  for (const NamespaceReader::MemoryLayer& layer : reader.memory()) {
    if (layer.own || !flush_pays(*layer.memtable)) continue;
    std::lock_guard lock(noted_mutex_);
    if (!damaged_.contains(reader.number())) queried_.insert(reader.number());
  }
}

Status Flusher::flush_queried() {
  std::set<NamespaceNumber> queried;
  {
    std::lock_guard lock(noted_mutex_);
    queried.swap(queried_);
  }
  std::vector<NamespaceNumber> victims;
  {
    std::shared_lock lock(catalogue_.mutex());
    for (const NamespaceNumber number : queried) {
      // What was scanned may have been flushed meanwhile.
      const Namespace* entry = catalogue_.open_namespace(number);
      if (entry != nullptr && flush_pays(*entry->open->version->memtable)) victims.push_back(number);
    }
  }
  return flush_batches(victims);
}

Status Flusher::flush_all() {
  std::vector<NamespaceNumber> dirty;
  {
    std::lock_guard apply_lock(ledger_.apply_mutex());
    std::shared_lock lock(catalogue_.mutex());
    catalogue_.each_open([&](const Namespace& entry) {
      const Version& version = *entry.open->version;
      if (!version.memtable->empty() || !version.sealed.empty()) dirty.push_back(entry.number);
    });
  }
  std::sort(dirty.begin(), dirty.end());
  return flush_batches(dirty);
}

Status Flusher::flush_batches(const std::vector<NamespaceNumber>& victims) {
  Status damage;
  for (std::size_t first = 0; first < victims.size(); first += kBatchNamespaces) {
    const std::size_t last = std::min(victims.size(), first + kBatchNamespaces);
    const Status flushed = flush_batch({victims.begin() + static_cast<std::ptrdiff_t>(first),
                                        victims.begin() + static_cast<std::ptrdiff_t>(last)});
    if (!flushed && flushed.error().code() != ErrorCode::kCorruption) return flushed;
    if (!flushed) damage = flushed;
  }
  return damage;
}

Status Flusher::flush(NamespaceNumber name_space) { return flush_batch({name_space}); }

Lsn Flusher::first_unflushed_lsn() {
  Lsn first = ledger_.applied_lsn() + 1;
  std::shared_lock lock(catalogue_.mutex());
  catalogue_.each_open([&](const Namespace& entry) {
    const Version& version = *entry.open->version;
    if (!version.memtable->empty()) first = std::min(first, version.memtable->first_lsn());
    for (const auto& sealed : version.sealed) first = std::min(first, sealed->first_lsn());
  });
  return first;
}

std::shared_ptr<const Version> Flusher::seal(NamespaceNumber name_space) {
  std::lock_guard apply_lock(ledger_.apply_mutex());
  std::unique_lock lock(catalogue_.mutex());
  Namespace* entry = catalogue_.open_namespace(name_space);
  if (entry == nullptr) return nullptr;
  const Version& old = *entry->open->version;
  if (!old.memtable->empty()) {
    auto version = std::make_shared<Version>(old);
    version->sealed.push_back(old.memtable);
    version->memtable = budget_.make_memtable(old.index->dimension);
    catalogue_.install(*entry, std::move(version));
  }
  if (entry->open->version->sealed.empty()) return nullptr;
  return entry->open->version;
}

Result<Replacement> Flusher::write_one(const Version& version, const segments::Memtable& memtable,
                                       segments::Tombstones tombstones,
                                       std::vector<OpenSegment>& older) {
  Replacement replacement;
  replacement.name_space = version.name_space;
  replacement.sealed_done = 1;
  replacement.flushed_lsn = memtable.last_lsn();
  segments::SegmentIdentity identity = catalogue_.identity(*version.index, version.name_space);
  auto file = TRY(ledger_.take_file());
  replacement.file.emplace(std::move(file));
  identity.file = replacement.file->number();
  const std::string path = ledger_.path_of(identity.file);
  auto written = TRY(segments::write_memtable(
      env_.file_system, path, identity, memtable, tombstones, [] { return Status(); }));
  if (!written) return replacement;
  const Status counted = count_replaced(path, identity, *written, older, replacement);
  if (!counted) {
    static_cast<void>(env_.file_system.unlink(path));
    return counted.error();
  }
  return replacement;
}

Status Flusher::count_replaced(const std::string& path, const segments::SegmentIdentity& identity,
                               segments::SegmentDescriptor written, std::vector<OpenSegment>& older,
                               Replacement& replacement) {
  auto segment = TRY(segments::Segment::open(env_.file_system, path, written, identity));
  replacement.replaced = TRY(kill_rows(older, *segment));
  if (replacement.replaced > 0) {
    // A later merge holds what it leaves out against this number.
    written.replaced = replacement.replaced;
    segment = TRY(segments::Segment::open(env_.file_system, path, written, identity));
  }
  replacement.older = older;
  replacement.added = OpenSegment{segment, nullptr};
  older.push_back(*replacement.added);
  return {};
}

void Flusher::give_up(std::span<const Replacement> replacements) {
  for (const Replacement& each : replacements) {
    if (each.added) static_cast<void>(env_.file_system.unlink(each.added->segment->path()));
  }
}

Result<std::vector<Replacement>> Flusher::write_sealed(const Version& version) {
  std::vector<OpenSegment> older;
  const auto opened = version.segments->open();
  if (opened) {
    older.assign(opened->begin(), opened->end());
  } else if (opened.error().code() != ErrorCode::kCorruption) {
    return opened.error();
  }
  // Older segments that cannot be opened must not keep this tenant's newer writes, and with them everybody's memory and
  // log, from the disk. What these replace is not counted then: should the older ones be readable again, no merge takes them.
  const segments::Tombstones tombstones = version.segments->descriptors().empty()
                                              ? segments::Tombstones::kDrop
                                              : segments::Tombstones::kKeep;
  std::vector<Replacement> replacements;
  for (const auto& memtable : version.sealed) {
    auto written =
        write_one(version, *memtable, older.empty() ? tombstones : segments::Tombstones::kKeep, older);
    if (!written) {
      give_up(replacements);
      return written.error();
    }
    replacements.push_back(std::move(*written));
  }
  return replacements;
}

Status Flusher::flush_before(const std::vector<NamespaceNumber>& namespaces,
                             const std::function<Status()>& action) {
  std::lock_guard lock(flush_mutex_);
  TRY(flush_locked(namespaces));
  return action();
}

Status Flusher::flush_batch(const std::vector<NamespaceNumber>& victims) {
  std::lock_guard lock(flush_mutex_);
  return flush_locked(victims);
}

void Flusher::note_damage(NamespaceNumber name_space, bool damaged) {
  std::lock_guard lock(noted_mutex_);
  if (damaged) {
    damaged_.insert(name_space);
  } else {
    damaged_.erase(name_space);
  }
}

Status Flusher::flush_locked(const std::vector<NamespaceNumber>& victims) {
  std::vector<Replacement> replacements;
  std::vector<std::shared_ptr<const Version>> flushed;
  std::set<std::string> directories;
  Status failure;
  for (const NamespaceNumber victim : victims) {
    const auto version = seal(victim);
    if (version == nullptr) continue;
    auto written = write_sealed(*version);
    note_damage(victim, !written && written.error().code() == ErrorCode::kCorruption);
    if (!written) {
      // One damaged tenant must not keep the others' writes in memory.
      failure = written.error();
      if (written.error().code() == ErrorCode::kCorruption) continue;
      break;
    }
    for (auto& replacement : *written) {
      if (replacement.added) {
        directories.insert(directory_of(replacement.added->segment->path()));
      }
      replacements.push_back(std::move(replacement));
    }
    flushed.push_back(version);
  }
  for (const std::string& directory : directories) {
    TRY(env_.file_system.sync_directory(directory));
  }
  if (!replacements.empty()) {
    if (const Status published = ledger_.publish(replacements); !published) {
      // Then the manifest names none of them.
      if (published.error().code() == ErrorCode::kDiskFull) give_up(replacements);
      return published;
    }
    for (const auto& version : flushed) {
      for (const auto& memtable : version->sealed) budget_.note_kept(*memtable);
      if (flushed_) flushed_(version->name_space);
    }
  }
  budget_.set_disk_full(!failure && failure.error().code() == ErrorCode::kDiskFull);
  return failure;
}

}  // namespace alcove::executor
