#include "wal/spare_files.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include "wal/log_format.h"

namespace alcove::wal {
namespace {

constexpr std::size_t kSparesKept = 2;
constexpr std::uint64_t kZerosBytes = 1024 * 1024;

}  // namespace

SpareFiles::SpareFiles(FileSystem& file_system, std::string directory, std::uint64_t file_bytes,
                       std::vector<std::uint64_t> leftovers)
    : file_system_(file_system),
      directory_(std::move(directory)),
      file_bytes_(file_bytes),
      leftovers_(std::move(leftovers)) {
  for (const std::uint64_t number : leftovers_) {
    next_number_ = std::max(next_number_, number + 1);
  }
}

Result<std::unique_ptr<File>> SpareFiles::take(LogSpace space) {
  const std::size_t left_behind = space == LogSpace::kOrdinary ? 1 : 0;
  TRY(make_until(left_behind + 1));
  const std::lock_guard lock(mutex_);
  std::unique_ptr<File> spare = std::move(ready_.back());
  ready_.pop_back();
  return spare;
}

void SpareFiles::give_back(const std::string& path) {
  const auto number = parse_spare_file_name(path.substr(directory_.size() + 1));
  const std::lock_guard lock(mutex_);
  if (number) leftovers_.push_back(*number);
}

bool SpareFiles::wants() const { return ready_count() < kSparesKept; }

Status SpareFiles::prepare() { return make_until(kSparesKept); }

std::uint64_t SpareFiles::bytes_on_disk() const {
  const std::lock_guard lock(mutex_);
  return (ready_.size() + leftovers_.size()) * file_bytes_;
}

std::size_t SpareFiles::ready_count() const {
  const std::lock_guard lock(mutex_);
  return ready_.size();
}

Status SpareFiles::make_until(std::size_t count) {
  if (ready_count() >= count) return {};
  const std::lock_guard making(making_);
  while (ready_count() < count) TRY(make());
  return {};
}

Status SpareFiles::make() {
  std::uint64_t number = 0;
  OpenMode mode = OpenMode::kCreate;
  {
    const std::lock_guard lock(mutex_);
    if (leftovers_.empty()) {
      number = next_number_++;
    } else {
      number = leftovers_.back();
      mode = OpenMode::kReadWrite;
      leftovers_.pop_back();
    }
  }
  const std::string path = directory_ + "/" + spare_file_name(number);
  std::unique_ptr<File> file = TRY(file_system_.open(path, mode));
  const Status filled = fill(*file);
  if (!filled) {
    if (filled.error().code() != ErrorCode::kDiskFull) {
      return filled.error().with_code(ErrorCode::kPanic);
    }
    file.reset();
    // A spare that cannot be unlinked either is a leftover of the next start.
    (void)file_system_.unlink(path);
    return filled;
  }
  const std::lock_guard lock(mutex_);
  ready_.push_back(std::move(file));
  return {};
}

Status SpareFiles::fill(File& file) {
  const std::uint64_t size = TRY(file.size());
  if (size > file_bytes_) TRY(file.truncate(file_bytes_));
  TRY(file.allocate(0, file_bytes_));
  const std::string zeros(static_cast<std::size_t>(std::min(kZerosBytes, file_bytes_)), '\0');
  for (std::uint64_t offset = 0; offset < file_bytes_; offset += zeros.size()) {
    const std::uint64_t rest = file_bytes_ - offset;
    TRY(file.write(offset, std::string_view(zeros).substr(0, static_cast<std::size_t>(rest))));
  }
  TRY(file.sync());
  return file_system_.sync_directory(directory_);
}

}  // namespace alcove::wal
