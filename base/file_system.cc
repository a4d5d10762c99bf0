#include "base/file_system.h"

namespace alcove {
namespace {

Status write_whole(FileSystem& file_system, const std::string& path, std::string_view bytes) {
  auto file = TRY(file_system.open(path, OpenMode::kCreate));
  TRY(file->write(0, bytes));
  return file->sync();
}

}  // namespace

Result<std::string> read_file(FileSystem& file_system, const std::string& path,
                              std::uint64_t bytes_max) {
  auto file = TRY(file_system.open(path, OpenMode::kRead));
  const std::uint64_t size = TRY(file->size());
  if (size > bytes_max) {
    return fail(ErrorCode::kLimitExceeded, "{}: {} bytes, more than the {} allowed", path, size,
                bytes_max);
  }
  std::string bytes(static_cast<std::size_t>(size), '\0');
  const std::size_t got = TRY(file->read(0, bytes.data(), bytes.size()));
  bytes.resize(got);
  return bytes;
}

Status replace_file(FileSystem& file_system, const std::string& path, std::string_view bytes) {
  const std::string fresh = path + ".new";
  // A crash may have left one behind.
  TRY(file_system.unlink(fresh));
  if (Status written = write_whole(file_system, fresh, bytes); !written) {
    // Gives the space back where that can be done; the write's error is the one to report.
    static_cast<void>(file_system.unlink(fresh));
    return written;
  }
  TRY(file_system.rename(fresh, path));
  return file_system.sync_directory(directory_of(path));
}

std::string directory_of(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

}  // namespace alcove
