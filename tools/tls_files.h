#pragma once

#include <string>

#include "base/file_system.h"
#include "base/result.h"
#include "server/tls_context.h"

namespace alcove::tools {

// The server's certificate and key from their files. Errors: as read_file(), and kInvalidValue for a
// key that others than its owner can read (of root's, its group may).
Result<server::TlsCredentials> read_tls_files(FileSystem& file_system,
                                              const std::string& certificate_path,
                                              const std::string& key_path);

}  // namespace alcove::tools
