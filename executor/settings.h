#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "executor/row.h"

namespace alcove::executor {

// One setting that a session can see: ours, and PostgreSQL's own, which are accepted and, where
// they mean nothing here, ignored.
struct SettingDefinition {
  // How the value is read and printed. Numbers with a unit are written as PostgreSQL writes them:
  // in the largest unit that divides them (`30s`, `4MB`), and read with any of its units; without
  // one they count milliseconds, seconds, bytes, kilobytes or pages of 8 kB.
  enum class Kind : unsigned char {
    kText,  // at most `maximum` bytes
    kBool,
    kInteger,
    kReal,
    kFraction,  // a real above 0, at most 1
    kMilliseconds,
    kSeconds,
    kEnum,
    kBytes,
    kKilobytes,
    kPages,
    kNames,      // a list of names, those that need it in double quotes
    kDateStyle,  // an output style and an order of fields, either of which may be left as it was
    kTimeZone,   // kept as written: there is no zone database, time stamps are written in UTC
    kEncoding,   // always UTF8
  };
  const char* name;           // as SHOW prints it; looked up in lower case
  Kind kind;
  const char* initial;        // in canonical text
  double minimum = 0;         // of numbers, in the unit they count without one
  double maximum = 0;
  const char* choices = "";   // of kEnum, separated by '|'
  bool read_only = false;     // SET is 55P02-like: kInvalidValue
  bool reported = false;      // ParameterStatus
  const char* description = "";  // empty: accepted for PostgreSQL's clients, without effect
};

// The settings of one session: initial values, start-up options, SET, SET LOCAL, undone by ROLLBACK
// and DISCARD ALL. A name with a dot is anybody's, is kept as text, and exists as long as it has a
// value. Memory is bounded: an idle session keeps only what differs. Externally synchronised.
class Settings {
 public:
  // Of one value.
  static constexpr std::size_t kValueBytesMax = 8 * 1024;
  // Of the names with a dot of one session and their values.
  static constexpr std::size_t kCustomBytesMax = 64 * 1024;

  // Ordered by name, without regard to case.
  static std::span<const SettingDefinition> definitions();

  // The value in force, in canonical text (`on`, `0.95`, `30s`). Errors: kUndefinedObject.
  Result<std::string> show(const std::string& name) const;
  // The name as SHOW heads its column with it: DateStyle for datestyle. Errors: kUndefinedObject.
  Result<std::string> canonical_name(const std::string& name) const;
  // name, value, description of all, by name; without those with a dot.
  std::vector<std::array<std::string, 3>> show_all() const;

  // Requires: the caller tells transactions begin and end. `local` lasts until the transaction
  // ends, and outside one has no effect; so has transaction_isolation and its like, which are
  // always local. `values` empty (nullopt) is DEFAULT.
  // Errors: kUndefinedObject, kInvalidValue, kTooLong, kLimitExceeded past kCustomBytesMax,
  // kNotSupported for serializable isolation.
  Status set(const std::string& name, const std::optional<std::vector<std::string>>& values,
             bool local);
  // The same from one text as set_config() gives it, in which a list is written as a whole
  // (`"$user", public`).
  Status set_text(const std::string& name, const std::optional<std::string>& text, bool local);
  Status set_startup(const std::string& name, const std::string& value);
  // What the session itself decides (session_authorization, is_superuser), though clients may not
  // set it. Requires: `name` has a definition; called before reported() is sent.
  void fix(const std::string& name, const std::string& value);
  // As fix(), of a setting that clients may set but not to anything else: kNotGranted.
  void pin(const std::string& name, const std::string& value);
  Status reset(const std::string& name);
  void reset_all();

  // Only the first begin counts until the next end, and an end without one does nothing.
  void begin_transaction();
  void commit_transaction();
  void rollback_transaction();

  // Those that clients are told of. Requires: sent after the start-up options are set, so that
  // take_changed() tells only of what changed since.
  std::vector<std::pair<std::string, std::string>> reported() const;
  std::vector<std::pair<std::string, std::string>> take_changed();

  // ---- what the engine asks, typed ----
  std::uint64_t statement_timeout_ms() const;       // 0: none
  bool synchronous_commit() const;
  double recall_target() const;
  bool require_namespace() const;
  std::string default_namespace() const;            // setting `namespace`; empty: none
  std::string default_index() const;                // setting `index`; empty: none
  bool repeatable_read_by_default() const;          // default_transaction_isolation
  bool read_only() const;                           // transaction_read_only
  std::string client_min_messages() const;
  Type vector_type() const;                         // of columns of vectors: vector_output
  // idle_session_timeout, idle_in_transaction_session_timeout; 0: none.
  std::uint64_t idle_session_timeout_ms() const;
  std::uint64_t idle_in_transaction_timeout_ms() const;

  // What SET has set, to come back to within the transaction.
  class Mark;
  Mark mark() const;
  void return_to(const Mark& mark);

 private:
  // Lower-case name to canonical text, only where it differs from the level below.
  using Values = std::map<std::string, std::string, std::less<>>;

  // What every statement asks for, so that it is not looked up and read each time.
  struct InForce {
    std::uint64_t statement_timeout_ms;
    std::uint64_t idle_session_timeout_ms;
    std::uint64_t idle_in_transaction_timeout_ms;
    double recall_target;
    Type vector_type;
    bool read_only;
  };
  const InForce& in_force() const;
  void changed();

  // The level that RESET falls back to: start-up options, then initial values.
  std::optional<std::string> base_value(std::string_view lower_name) const;
  std::optional<std::string> current(std::string_view lower_name) const;
  std::string known(std::string_view lower_name) const;  // current(), of a name with a definition
  double number(std::string_view lower_name) const;
  std::uint64_t milliseconds(std::string_view lower_name) const;
  Result<std::string> canonical(const std::string& lower_name, const std::string& text) const;
  Status assign(const std::string& lower_name, const std::optional<std::string>& text, bool local);
  Status check_pinned(const std::string& lower_name, const std::string& text) const;
  Status check_custom_bytes(const std::string& lower_name, const std::string& value) const;

  Values startup_;
  Values pinned_;
  Values session_;
  Values local_;                         // may equal the level below, which it hides
  std::optional<Values> saved_session_;  // session_ as it was when the transaction began
  Values told_;      // reported values the client knows, where they differ from the initial ones
  bool touched_ = false;  // something was set since take_changed()
  mutable std::optional<InForce> in_force_;  // none after a change, until it is asked for
};

class Settings::Mark {
 private:
  friend class Settings;
  Values session_;
  Values local_;
};

}  // namespace alcove::executor
