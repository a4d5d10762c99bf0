#include "tools/tls_files.h"

#include <sys/stat.h>

#include <cstdint>

namespace alcove::tools {
namespace {

constexpr std::uint64_t kFileBytesMax = 1 << 20;

Status check_key_is_private(const std::string& path) {
  struct stat file {};
  if (::stat(path.c_str(), &file) != 0) return {};  // reading it says why
  const bool roots = file.st_uid == 0;
  const mode_t forbidden = roots ? S_IRWXO | S_IWGRP | S_IXGRP : S_IRWXO | S_IRWXG;
  if ((file.st_mode & forbidden) == 0) return {};
  return fail(ErrorCode::kInvalidValue, "{}: the key may be read by others than its owner", path)
      .with_hint("chmod 600 it, or 640 where it is root's.");
}

}  // namespace

Result<server::TlsCredentials> read_tls_files(FileSystem& file_system,
                                              const std::string& certificate_path,
                                              const std::string& key_path) {
  server::TlsCredentials credentials;
  credentials.certificates = TRY(read_file(file_system, certificate_path, kFileBytesMax));
  TRY(check_key_is_private(key_path));
  credentials.key = TRY(read_file(file_system, key_path, kFileBytesMax));
  return credentials;
}

}  // namespace alcove::tools
