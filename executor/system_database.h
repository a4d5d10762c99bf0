#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>

#include "base/result.h"
#include "executor/row.h"
#include "executor/system_native.h"
#include "executor/system_translation.h"
#include "parser/statement.h"

struct sqlite3;
struct sqlite3_stmt;

namespace alcove::executor {

// A database of SQLite's in memory, made for one statement on the catalogue: it holds the tables that
// the statement names, as they are now, and runs it. It touches no file. Externally synchronised.
//
// Limits: all such databases together take at most kBytesMax (kOutOfMemory past it), one statement
// at most kStepsMax instructions (kLimitExceeded).
class SystemDatabase {
 public:
  static constexpr std::int64_t kBytesMax = 256 << 20;        // setting catalogue_memory_bytes
  static constexpr std::uint64_t kStepsMax = 50'000'000;     // setting catalogue_steps_max

  // Asked every now and then while a statement runs; its error ends it.
  using Interrupt = std::function<Status()>;

  SystemDatabase(NativeContext context, Interrupt interrupt);
  ~SystemDatabase();
  SystemDatabase(const SystemDatabase&) = delete;
  SystemDatabase& operator=(const SystemDatabase&) = delete;

  // Makes the tables and prepares the statement. To be called once, before the others.
  Status open(const SystemTranslation& translation);
  // The value of the statement's parameter `number` as SQLite counts them, from 1.
  // Errors: kInvalidText where it is not of the type.
  Status bind(int number, const parser::Value& value, std::uint32_t type);
  // Goes on to the next row; false at the end. Errors: what a function fails with, the limits'.
  Result<bool> step();
  // Of the row, which step() has come to.
  void send(std::span<const SystemColumn> columns, RowSink& sink);

 private:
  Status execute(const std::string& sql);
  Status fill(const SystemTable& table);
  Status check(int result);
  static int progress(void* self);

  NativeContext context_;
  Interrupt interrupt_;
  std::uint64_t steps_ = 0;
  sqlite3* connection_ = nullptr;
  sqlite3_stmt* statement_ = nullptr;
};

}  // namespace alcove::executor
