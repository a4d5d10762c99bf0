#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"
#include "server/portal.h"
#include "server/server.h"

namespace alcove::server {

// The open portals of a session, cursors among them, by name; the unnamed one under "". They end
// with their transaction, or with ROLLBACK TO a savepoint that is older than they. Externally
// synchronised.
class PortalSet {
 public:
  explicit PortalSet(const ServerOptions& options) : options_(options) {}

  // Whether one more fits. Errors: kDuplicatePortal, kLimitExceeded.
  Status check_room(std::string_view name, std::uint64_t bytes) const;
  // Whether all of them fit now. Errors: kLimitExceeded.
  Status check_bytes() const { return check_bytes(0); }
  // Requires: check_room(), or the name is "", whose portal is replaced.
  void insert(std::string_view name, std::shared_ptr<Portal> portal);
  std::shared_ptr<Portal> find(std::string_view name) const;  // null: there is none
  bool erase(std::string_view name);                          // false: there is none
  void clear() { portals_.clear(); }

  // What is left of them is what WITH HOLD has made, in this transaction only if it has committed.
  void end_transaction(bool committed);
  // So many savepoints are left after ROLLBACK TO the last of them, or after an error since then.
  void roll_back_to(std::size_t savepoints);
  // So many savepoints are left after RELEASE of others.
  void release_to(std::size_t savepoints);

 private:
  Status check_bytes(std::uint64_t more) const;

  const ServerOptions& options_;
  std::map<std::string, std::shared_ptr<Portal>, std::less<>> portals_;
};

}  // namespace alcove::server
