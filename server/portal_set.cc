#include "server/portal_set.h"

#include <algorithm>
#include <utility>

namespace alcove::server {

Status PortalSet::check_room(std::string_view name, std::uint64_t bytes) const {
  if (!name.empty() && portals_.contains(name)) {
    return fail(ErrorCode::kDuplicatePortal, "cursor \"{}\" already exists", name);
  }
  if (portals_.size() >= options_.portals_max) {
    return fail(ErrorCode::kLimitExceeded, "a session has at most portals_max = {} open portals",
                options_.portals_max)
        .with_hint("CLOSE those that are not needed any more.");
  }
  return bytes > kSmallBytes ? check_bytes(bytes) : Status();
}

Status PortalSet::check_bytes(std::uint64_t more) const {
  for (const auto& [name, portal] : portals_) more += portal->bytes;
  if (more <= options_.statement_bytes_max) return {};
  return fail(ErrorCode::kLimitExceeded,
              "a session's open portals take more than statement_bytes_max = {} bytes",
              options_.statement_bytes_max);
}

void PortalSet::insert(std::string_view name, std::shared_ptr<Portal> portal) {
  portals_.insert_or_assign(std::string(name), std::move(portal));
}

std::shared_ptr<Portal> PortalSet::find(std::string_view name) const {
  const auto found = portals_.find(name);
  return found == portals_.end() ? nullptr : found->second;
}

bool PortalSet::erase(std::string_view name) {
  const auto found = portals_.find(name);
  if (found == portals_.end()) return false;
  portals_.erase(found);
  return true;
}

void PortalSet::end_transaction(bool committed) {
  std::erase_if(portals_, [committed](const auto& entry) {
    const Portal& portal = *entry.second;
    return !portal.committed && !(portal.holds && committed);
  });
  for (auto& [name, portal] : portals_) portal->committed = true;
}

void PortalSet::roll_back_to(std::size_t savepoints) {
  std::erase_if(portals_, [savepoints](const auto& entry) {
    return !entry.second->committed && entry.second->savepoints >= savepoints;
  });
}

void PortalSet::release_to(std::size_t savepoints) {
  for (auto& [name, portal] : portals_) {
    portal->savepoints = std::min(portal->savepoints, savepoints);
  }
}

}  // namespace alcove::server
