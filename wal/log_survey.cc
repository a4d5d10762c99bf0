#include "wal/log_survey.h"

#include <algorithm>
#include <limits>
#include <memory>
#include <utility>

#include "wal/log_reader.h"

namespace alcove::wal {
namespace {

class Surveyor {
 public:
  Surveyor(FileSystem& file_system, const LogOptions& options, const RecoveryPoint& point,
           const std::function<void(std::uint64_t)>& read)
      : file_system_(file_system), options_(options), point_(point), read_(read) {}

  Result<LogExtent> survey(std::vector<LogFile> files);

 private:
  std::string path_of(const LogFileName& name) const {
    return options_.directory + "/" + name.text();
  }
  // What the manifest proves. The redo LSN is only written there once the log before it is durable.
  Lsn durable_lsn() const { return std::max(point_.durable_lsn, point_.redo_lsn - 1); }

  Status check_order(const std::vector<LogFile>& files) const;
  Result<std::unique_ptr<LogReader>> open(const LogFileName& name) const;
  Status survey_inner(LogFile& file, const LogFileName& next) const;
  Status survey_last(LogFile& file, LogExtent& extent) const;

  FileSystem& file_system_;
  const LogOptions& options_;
  const RecoveryPoint& point_;
  const std::function<void(std::uint64_t)>& read_;
};

Result<LogExtent> Surveyor::survey(std::vector<LogFile> files) {
  TRY(check_order(files));
  LogExtent extent{.files = std::move(files)};
  for (std::size_t i = 0; i + 1 < extent.files.size(); ++i) {
    LogFile& file = extent.files[i];
    const LogFileName& next = extent.files[i + 1].name;
    if (file.name.first_lsn < next.first_lsn) TRY(survey_inner(file, next));
    read_(file.file_bytes);
  }
  TRY(survey_last(extent.files.back(), extent));
  read_(extent.files.back().file_bytes);
  return extent;
}

// A file, and so a generation, only ever begins where all before it is durable.
Status Surveyor::check_order(const std::vector<LogFile>& files) const {
  if (files.empty()) {
    return fail(ErrorCode::kCorruption, "{}: there is no log file", options_.directory);
  }
  const LogFileName& first = files.front().name;
  if (first.first_lsn > point_.redo_lsn) {
    return damage(path_of(first), 0,
                  fmt::format("the log begins with LSN {}, but LSN {} is needed", first.first_lsn,
                              point_.redo_lsn));
  }
  for (std::size_t i = 1; i < files.size(); ++i) {
    if (files[i].name.first_lsn < files[i - 1].name.first_lsn) {
      return damage(path_of(files[i].name), 0,
                    fmt::format("it begins before its predecessor {}", files[i - 1].name.text()));
    }
  }
  if (files.back().name.generation == std::numeric_limits<std::uint32_t>::max()) {
    return damage(path_of(files.back().name), 0, "no generation can follow its own");
  }
  return {};
}

Result<std::unique_ptr<LogReader>> Surveyor::open(const LogFileName& name) const {
  std::unique_ptr<LogReader> reader = TRY(LogReader::open(file_system_, path_of(name)));
  const FileHeader& header = reader->header();
  if (header.name != name) {
    return damage(reader->path(), 0, fmt::format("its header is that of {}", header.name.text()));
  }
  if (header.database_id != options_.database_id) {
    return damage(reader->path(), 0,
                  fmt::format("it belongs to database {:016x}, not {:016x}", header.database_id,
                              options_.database_id));
  }
  return reader;
}

Status Surveyor::survey_inner(LogFile& file, const LogFileName& next) const {
  const std::unique_ptr<LogReader> reader = TRY(open(file.name));
  const auto ignore = [](const Frame&) { return Status(); };
  const bool whole = TRY(reader->read_to(next.first_lsn, ignore));
  if (!whole) {
    std::string what =
        fmt::format("{}, but LSN {} was durable", reader->refusal(), next.first_lsn - 1);
    const std::unique_ptr<LogReader> successor = TRY(open(next));
    const auto predecessor = successor->header().predecessor;
    // One of which nothing counts may be gone.
    if (predecessor && *predecessor != file.name && predecessor->first_lsn < next.first_lsn) {
      what += fmt::format("; {} follows {}, which is missing", next.text(), predecessor->text());
    }
    return damage(reader->path(), reader->offset(), what);
  }
  file.frame_bytes = reader->offset() - kFileHeaderBytes;
  return {};
}

Status Surveyor::survey_last(LogFile& file, LogExtent& extent) const {
  const std::unique_ptr<LogReader> reader = TRY(open(file.name));
  Lsn proven = file.name.first_lsn - 1;
  TRY(reader->read_to(kLsnMax, [&](const Frame& frame) -> Status {
    proven = std::max(proven, frame.header.synced_lsn);
    // The manifest may name an LSN inside a frame, but a frame is durable as a whole.
    if (frame.header.first_lsn <= durable_lsn()) {
      proven = std::max(proven, frame.header.last_lsn());
    }
    return {};
  }));
  const LogReader::Traces traces = TRY(reader->search_rest());
  const Lsn missing = reader->next_lsn();
  const Lsn durable =
      std::max({durable_lsn(), traces.synced_lsn, reader->header().copied_through_lsn});
  if (durable >= missing) {
    return damage(reader->path(), reader->offset(),
                  fmt::format("{}, but LSN {} was durable", reader->refusal(), durable));
  }
  // A mark is synced before anything is written behind it.
  if (traces.next_lsn) {
    return damage(reader->path(), reader->offset(),
                  fmt::format("{}, but LSN {} stands behind it", reader->refusal(), missing));
  }
  extent.end_lsn = missing - 1;
  extent.proven_lsn = std::max(proven, traces.synced_lsn);
  file.frame_bytes = reader->offset() - kFileHeaderBytes;
  return {};
}

}  // namespace

Result<LogListing> list_log(FileSystem& file_system, const std::string& directory, Lsn redo_lsn) {
  LogListing listing;
  std::vector<LogFileName> files;
  const std::vector<std::string> names = TRY(file_system.list(directory));
  for (const std::string& name : names) {
    if (const auto file = parse_log_file_name(name)) files.push_back(*file);
    if (const auto spare = parse_spare_file_name(name)) listing.spares.push_back(*spare);
  }
  std::sort(files.begin(), files.end());
  const auto newest = std::find_if(files.rbegin(), files.rend(), [&](const LogFileName& name) {
    return name.first_lsn <= redo_lsn;
  });
  const auto first = newest == files.rend() ? files.begin() : newest.base() - 1;
  listing.unneeded.assign(files.begin(), first);
  for (auto name = first; name != files.end(); ++name) {
    const std::unique_ptr<File> file =
        TRY(file_system.open(directory + "/" + name->text(), OpenMode::kRead));
    const std::uint64_t file_bytes = TRY(file->size());
    listing.files.push_back({.name = *name, .file_bytes = file_bytes});
  }
  return listing;
}

Result<LogExtent> survey_log(FileSystem& file_system, const LogOptions& options,
                             const RecoveryPoint& point, std::vector<LogFile> files,
                             const std::function<void(std::uint64_t)>& read) {
  return Surveyor(file_system, options, point, read).survey(std::move(files));
}

}  // namespace alcove::wal
