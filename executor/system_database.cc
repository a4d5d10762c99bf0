#include "executor/system_database.h"

#include <charconv>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <sqlite3.h>

#include "base/check.h"
#include "executor/postgres_type.h"
#include "executor/system_array.h"
#include "executor/system_name.h"
#include "executor/system_native.h"
#include "parser/vector_text.h"

namespace alcove::executor {
namespace {

constexpr int kStepsPerQuestion = 10'000;
constexpr int kTextBytesMax = 16 << 20;  // of one value
constexpr int kColumnsMax = 1'000;

std::string_view affinity_of(std::uint32_t type) {
  for (const TypeEntry& entry : type_entries()) {
    if (entry.oid != type) continue;
    if (entry.category == 'B') return "INTEGER DEFAULT 0";
    if (type == type_oid::kFloat4 || type == type_oid::kFloat8) return "REAL DEFAULT 0";
    if (entry.category == 'N') return "INTEGER DEFAULT 0";
  }
  return "TEXT";
}

std::string definition_of(const SystemTable& table) {
  std::string sql = fmt::format("CREATE TABLE \"{}\"(", table.oid);
  for (std::size_t i = 0; i < table.columns.size(); ++i) {
    const SystemColumn& column = table.columns[i];
    const bool key = column.name == "oid";
    sql += fmt::format("{}{} {}", i == 0 ? "" : ", ", column.name,
                       key ? "INTEGER PRIMARY KEY" : affinity_of(column.type));
  }
  return sql + ')';
}

void bind_text(sqlite3_stmt* statement, int at, std::string_view text) {
  sqlite3_bind_text64(statement, at, text.data(), text.size(), SQLITE_TRANSIENT, SQLITE_UTF8);
}

void bind_cell(sqlite3_stmt* statement, int at, const TableRun::OwnedCell& cell) {
  struct Bind {
    sqlite3_stmt* statement;
    int at;
    void operator()(std::monostate) const { sqlite3_bind_null(statement, at); }
    void operator()(bool value) const { sqlite3_bind_int(statement, at, value ? 1 : 0); }
    void operator()(std::int64_t value) const { sqlite3_bind_int64(statement, at, value); }
    void operator()(double value) const { sqlite3_bind_double(statement, at, value); }
    void operator()(const std::string& value) const { bind_text(statement, at, value); }
  };
  std::visit(Bind{statement, at}, cell);
}

// A statement may read what is there, and nothing else.
int authorize(void*, int action, const char*, const char*, const char*, const char*) {
  switch (action) {
    case SQLITE_SELECT:
    case SQLITE_READ:
    case SQLITE_FUNCTION:
    case SQLITE_RECURSIVE: return SQLITE_OK;
    default: return SQLITE_DENY;
  }
}

std::string_view text_at(sqlite3_stmt* statement, int at) {
  const auto* bytes = reinterpret_cast<const char*>(sqlite3_column_text(statement, at));
  if (bytes == nullptr) return {};
  return {bytes, static_cast<std::size_t>(sqlite3_column_bytes(statement, at))};
}

bool is_array_column(Type type) {
  switch (type) {
    case Type::kInt2Array:
    case Type::kInt4Array:
    case Type::kInt8Array:
    case Type::kOidArray:
    case Type::kTextArray:
    case Type::kNameArray:
    case Type::kRecordArray:
    case Type::kCharArray: return true;
    default: return false;
  }
}

// `text` keeps what the cell is a view of, where it is made here.
Cell cell_at(sqlite3_stmt* statement, int at, std::uint32_t oid, const SystemFacts& facts,
             std::string& text) {
  if (sqlite3_column_type(statement, at) == SQLITE_NULL) return std::monostate{};
  const Type type = column_type(oid);
  switch (type) {
    case Type::kBool: return sqlite3_column_int64(statement, at) != 0;
    case Type::kInt2:
    case Type::kInt4:
    case Type::kInt8:
    case Type::kOid: return std::int64_t{sqlite3_column_int64(statement, at)};
    case Type::kFloat4: return static_cast<float>(sqlite3_column_double(statement, at));
    case Type::kFloat8: return sqlite3_column_double(statement, at);
    default: break;
  }
  const std::string_view written = text_at(statement, at);
  if (is_reg(oid)) {
    text = reg_text(oid, facts, static_cast<std::uint32_t>(sqlite3_column_int64(statement, at)));
  } else if (is_array_column(type)) {
    text = array_text(written);
  } else if (type == Type::kInt2Vector || type == Type::kOidVector) {
    text = vector_text(written);
  } else {
    return written;
  }
  return std::string_view(text);
}

}  // namespace

SystemDatabase::SystemDatabase(NativeContext context, Interrupt interrupt)
    : context_(std::move(context)), interrupt_(std::move(interrupt)) {
  // Of the whole process, and of nothing but these databases: only they are SQLite's.
  [[maybe_unused]] static const auto limit = sqlite3_hard_heap_limit64(kBytesMax);
}

SystemDatabase::~SystemDatabase() {
  sqlite3_finalize(statement_);
  sqlite3_close_v2(connection_);
}

int SystemDatabase::progress(void* self) {
  auto& database = *static_cast<SystemDatabase*>(self);
  database.steps_ += kStepsPerQuestion;
  Status status = database.interrupt_();
  if (status && database.steps_ > kStepsMax) {
    status = fail(ErrorCode::kLimitExceeded,
                  "a statement on the catalogue takes more than {} steps", kStepsMax)
                 .with_hint("Ask for fewer tables at once, or join them by their OIDs.");
  }
  if (status) return 0;
  database.context_.error = status.error();
  return 1;
}

Status SystemDatabase::check(int result) {
  if (result == SQLITE_OK || result == SQLITE_ROW || result == SQLITE_DONE) return {};
  if (context_.error) return std::exchange(context_.error, std::nullopt).value();
  const int kind = result & 0xff;
  if (kind == SQLITE_NOMEM) return Error(ErrorCode::kOutOfMemory, "out of memory");
  if (kind == SQLITE_TOOBIG) {
    return Error(ErrorCode::kLimitExceeded, "a value or the statement is too long");
  }
  const std::string_view words = sqlite3_errmsg(connection_);
  if (words.find("stack overflow") != std::string_view::npos) {
    return Error(ErrorCode::kNestedTooDeep, "the statement is nested too deep");
  }
  // What the translation lets through and SQLite refuses is a form that we do not support.
  return Error(ErrorCode::kNotSupported, "this form of SELECT on the catalogue is not supported")
      .with_detail(std::string(words));
}

Status SystemDatabase::execute(const std::string& sql) {
  return check(sqlite3_exec(connection_, sql.c_str(), nullptr, nullptr, nullptr));
}

Status SystemDatabase::fill(const SystemTable& table) {
  TRY(execute(definition_of(table)));
  const SystemRows rows = rows_of(table, context_.facts);
  if (rows.rows.empty()) return {};
  std::string sql = fmt::format("INSERT INTO \"{}\"({}) VALUES (?", table.oid, rows.columns);
  for (std::size_t i = 1; i < rows.rows.front().size(); ++i) sql += ", ?";
  sqlite3_stmt* insert = nullptr;
  TRY(check(sqlite3_prepare_v2(connection_, (sql + ')').c_str(), -1, &insert, nullptr)));
  const std::unique_ptr<sqlite3_stmt, int (*)(sqlite3_stmt*)> owner(insert, sqlite3_finalize);
  for (const auto& row : rows.rows) {
    for (std::size_t i = 0; i < row.size(); ++i) {
      bind_cell(insert, static_cast<int>(i) + 1, row[i]);
    }
    TRY(check(sqlite3_step(insert)));
    sqlite3_reset(insert);
  }
  return {};
}

Status SystemDatabase::open(const SystemTranslation& translation) {
  constexpr int kFlags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_MEMORY |
                         SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_PRIVATECACHE;
  TRY(check(sqlite3_open_v2(":memory:", &connection_, kFlags, nullptr)));
  sqlite3_limit(connection_, SQLITE_LIMIT_LENGTH, kTextBytesMax);
  sqlite3_limit(connection_, SQLITE_LIMIT_SQL_LENGTH, kTextBytesMax);
  sqlite3_limit(connection_, SQLITE_LIMIT_COLUMN, kColumnsMax);
  sqlite3_limit(connection_, SQLITE_LIMIT_ATTACHED, 0);
  sqlite3_limit(connection_, SQLITE_LIMIT_WORKER_THREADS, 0);
  sqlite3_progress_handler(connection_, kStepsPerQuestion, progress, this);
  add_natives(connection_, context_);
  // What does not fit stays in memory too: a temporary file would be one behind the engine's back.
  // json_each is there from its first use, which the authorizer would not let make it.
  TRY(execute("PRAGMA temp_store = MEMORY; SELECT value FROM json_each('[]'); BEGIN"));
  for (const SystemTable* const table : translation.tables) TRY(fill(*table));
  TRY(execute("COMMIT"));
  sqlite3_set_authorizer(connection_, authorize, nullptr);
  return check(sqlite3_prepare_v2(connection_, translation.sql.c_str(),
                                  static_cast<int>(translation.sql.size()), &statement_, nullptr));
}

Status SystemDatabase::bind(int number, const parser::Value& value, std::uint32_t type) {
  const bool array = element_type(type) != 0;
  if (std::holds_alternative<parser::Null>(value.what)) {
    return check(sqlite3_bind_null(statement_, number));
  }
  if (const bool* const boolean = std::get_if<bool>(&value.what)) {
    return check(sqlite3_bind_int(statement_, number, *boolean ? 1 : 0));
  }
  if (const auto* written = std::get_if<parser::Number>(&value.what)) {
    std::int64_t integer = 0;
    const char* const end = written->text.data() + written->text.size();
    const auto [stop, code] = std::from_chars(written->text.data(), end, integer);
    if (is_text_type(type)) {
      bind_text(statement_, number, written->text);
      return {};
    }
    if (code == std::errc{} && stop == end) {
      return check(sqlite3_bind_int64(statement_, number, integer));
    }
    return check(sqlite3_bind_double(statement_, number, written->value));
  }
  if (const auto* items = std::get_if<parser::Array>(&value.what)) {
    std::vector<std::optional<std::string>> texts;
    bool numbers = false;
    for (const parser::Value& item : items->items) {
      if (const auto* text = std::get_if<std::string>(&item.what)) texts.emplace_back(*text);
      if (const auto* each = std::get_if<parser::Number>(&item.what)) {
        texts.emplace_back(each->text);
        numbers = true;
      }
    }
    bind_text(statement_, number, array_json(texts, numbers));
    return {};
  }
  const auto* text = std::get_if<std::string>(&value.what);
  if (text == nullptr) {
    return Error(ErrorCode::kWrongType, "a vector cannot be compared with the catalogue");
  }
  if (!array) {
    bind_text(statement_, number, *text);
    return {};
  }
  const std::vector<std::string> items = TRY(parser::parse_text_array(*text));
  std::vector<std::optional<std::string>> texts(items.begin(), items.end());
  bind_text(statement_, number,
            array_json(texts, affinity_of(element_type(type)).starts_with("INTEGER")));
  return {};
}

Result<bool> SystemDatabase::step() {
  const int result = sqlite3_step(statement_);
  TRY(check(result));
  return result == SQLITE_ROW;
}

void SystemDatabase::send(std::span<const SystemColumn> columns, RowSink& sink) {
  std::vector<std::string> texts(columns.size());
  std::vector<Cell> cells;
  cells.reserve(columns.size());
  for (std::size_t i = 0; i < columns.size(); ++i) {
    cells.push_back(
        cell_at(statement_, static_cast<int>(i), columns[i].type, context_.facts, texts[i]));
  }
  sink.row(cells);
}

}  // namespace alcove::executor
