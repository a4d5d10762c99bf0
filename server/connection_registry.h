#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>

#include "base/random.h"
#include "base/result.h"

namespace alcove::server {

// What may be done to a session from outside.
enum class SessionSignal : unsigned char {
  kCancel,     // the statement under way fails with 57014
  kTerminate,  // so does it, and the session ends with 57P01
};

// Every open session, by the process id that its client knows it by: who may signal whom, and how
// many there are. Thread-safe.
class ConnectionRegistry {
 public:
  // Called from any thread, under the registry's lock: short, and never back into the registry.
  using Receiver = std::function<void(SessionSignal)>;

  struct Key {
    std::int32_t process_id = 0;  // positive, unique among the open sessions
    std::uint32_t secret_key = 0;
  };

  // `random` gives the secret keys and must outlive the registry.
  ConnectionRegistry(Random& random, std::size_t sessions_max)
      : random_(random), sessions_max_(sessions_max) {}

  // Whose session it is.
  struct Owner {
    std::string user;
    // A group of sessions that may have so many at the same time; empty: none.
    std::string group = {};
    std::size_t group_max = 0;
  };
  // Takes a place. Errors: kTooManyConnections, of all or of the owner's group.
  Result<Key> add(Owner owner);
  // From now on signals reach the session. Requires: a place taken by add().
  void connect(std::int32_t process_id, Receiver receiver);
  // Once it has returned, the receiver is neither running nor called again.
  void disconnect(std::int32_t process_id);
  // Gives the place back. Requires: the session is gone.
  void remove(std::int32_t process_id);

  // Cancels if the key is the session's, and says nothing of whether it was.
  void cancel(Key key);
  // False if there is no such session, or, where `user` is given, none of this user.
  bool signal(std::int32_t process_id, SessionSignal signal,
              const std::optional<std::string>& user = std::nullopt);
  void signal_all(SessionSignal signal);

  std::size_t count() const;
  // False if there are still sessions when the time is over.
  bool wait_until_empty(std::chrono::milliseconds timeout);

 private:
  struct Entry {
    std::uint32_t secret_key = 0;
    Owner owner;
    Receiver receiver;  // empty while the session is being opened
  };
  Random& random_;
  const std::size_t sessions_max_;
  mutable std::mutex mutex_;
  std::condition_variable emptied_;
  std::unordered_map<std::int32_t, Entry> entries_;
  std::unordered_map<std::string, std::size_t> group_counts_;  // of groups that have sessions
};

}  // namespace alcove::server
