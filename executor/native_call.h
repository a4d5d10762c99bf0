#pragma once

#include <cstddef>
#include <cstdint>
#include <exception>
#include <new>
#include <string_view>

#include <sqlite3.h>

#include "base/error.h"
#include "executor/system_native.h"

namespace alcove::executor {

// Without the blanks around it.
inline std::string_view trimmed(std::string_view text) {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  return text;
}

// A call of one of those functions: its arguments, and the one result to give. Lives as long as the
// call.
class NativeCall {
 public:
  NativeCall(sqlite3_context* call, int count, sqlite3_value** values)
      : call_(call), count_(static_cast<std::size_t>(count)), values_(values) {}

  NativeContext& context() const {
    return *static_cast<NativeContext*>(sqlite3_user_data(call_));
  }
  sqlite3_context* sqlite() const { return call_; }
  std::size_t count() const { return count_; }
  sqlite3_value* value(std::size_t at) const { return values_[at]; }
  bool is_null(std::size_t at) const { return sqlite3_value_type(values_[at]) == SQLITE_NULL; }
  bool any_null() const {
    for (std::size_t at = 0; at < count_; ++at) {
      if (is_null(at)) return true;
    }
    return false;
  }
  bool is_text(std::size_t at) const { return sqlite3_value_type(values_[at]) == SQLITE_TEXT; }
  std::int64_t integer(std::size_t at) const { return sqlite3_value_int64(values_[at]); }
  double real(std::size_t at) const { return sqlite3_value_double(values_[at]); }
  std::uint32_t oid(std::size_t at) const { return static_cast<std::uint32_t>(integer(at)); }
  std::string_view text(std::size_t at) const {
    const auto* bytes = sqlite3_value_text(values_[at]);
    if (bytes == nullptr) return {};
    return {reinterpret_cast<const char*>(bytes),
            static_cast<std::size_t>(sqlite3_value_bytes(values_[at]))};
  }

  void give_null() const { sqlite3_result_null(call_); }
  void give(std::int64_t value) const { sqlite3_result_int64(call_, value); }
  void give(double value) const { sqlite3_result_double(call_, value); }
  void give(bool value) const { sqlite3_result_int(call_, value ? 1 : 0); }
  void give(std::string_view text) const {
    sqlite3_result_text64(call_, text.data(), text.size(), SQLITE_TRANSIENT, SQLITE_UTF8);
  }
  void give(const Error& error) const {
    context().error = error;
    sqlite3_result_error(call_, error.message().c_str(), -1);
  }
  // The error that `text` is no value of the type.
  void give_bad_text(std::string_view type, std::string_view text) const {
    give(fail(ErrorCode::kInvalidText, "invalid input syntax for type {}: \"{}\"", type,
              text.substr(0, 128)));
  }

 private:
  sqlite3_context* call_;
  std::size_t count_;
  sqlite3_value** values_;
};

// A function as SQLite calls it: no exception may leave, SQLite is C.
template <void (*Body)(const NativeCall&)>
void guarded(sqlite3_context* sqlite, int count, sqlite3_value** values) {
  const NativeCall call(sqlite, count, values);
  try {
    Body(call);
  } catch (const std::bad_alloc&) {
    sqlite3_result_error_nomem(sqlite);
  } catch (const std::exception& exception) {
    call.give(Error(ErrorCode::kInternal, exception.what()));
  }
}

// The same, but NULL where an argument is.
template <void (*Body)(const NativeCall&)>
void strict(const NativeCall& call) {
  if (call.any_null()) return call.give_null();
  Body(call);
}

// A function with the name that SQLite knows it by: those named pg_… in system_function.cc and
// system_expression.cc.
struct Native {
  const char* name;
  void (*body)(sqlite3_context*, int, sqlite3_value**);
  bool constant = true;  // the same for the same arguments, within a statement
};

}  // namespace alcove::executor
