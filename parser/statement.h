#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "base/record.h"

namespace alcove::parser {

// What a statement says, before anything is known about indexes, types or limits. Plain values,
// immutable once parsed, owning their text. Offsets are bytes from the beginning of the text given
// to parse(), so that whoever finds a fault later can say where.

// ---- Values -------------------------------------------------------------------------------------

struct Null {};
struct Parameter {
  std::uint32_t number = 0;  // $1 is 1
};
struct Number {
  double value = 0;
  std::string text;  // as written, for who needs an integer or a float exactly
};
using Floats = std::vector<float>;  // a bare [ … ] vector, each rounded once from its text
struct Object {
  std::string json;  // a bare { … }, JSON by grammar (parse() has checked)
};
struct Value;
struct Array {
  std::vector<Value> items;  // ARRAY[ … ]; not nested
};

// The type named by a cast, in the spelling of the statement, lower case, without pg_catalog.,
// public. or (modifiers): `real[]`, `vector`, `jsonb`, `double precision`, `character varying`;
// `"char"` keeps its quotes. Empty: no cast.
using TypeName = std::string;

struct Value {
  std::variant<Null, bool, Number, std::string, Floats, Object, Array, Parameter> what;
  TypeName cast;  // the outermost
  std::size_t offset = 0;
};

struct Name {
  std::string text;
  std::size_t offset = 0;
};

// A namespace as written: a name or a string (in both cases text), or a parameter.
struct NamespaceName {
  std::variant<std::string, Parameter> what;
  std::size_t offset = 0;
};

// ---- Filters ------------------------------------------------------------------------------------

enum class Comparison : unsigned char {
  kEqual,
  kNotEqual,
  kLess,
  kLessEqual,
  kGreater,
  kGreaterEqual
};

struct FilterSubject {
  enum class Kind : unsigned char { kId, kValues, kMetadata, kField };
  Kind kind = Kind::kField;
  std::string field;  // of kField
  std::size_t offset = 0;
};

// One step of a filter in postfix order: predicates push a truth value, NOT takes one, AND and OR
// take two. So neither parser nor evaluator recurses.
struct FilterNode {
  struct Compare { FilterSubject subject; Comparison comparison; Value value; };
  struct In { FilterSubject subject; bool negated; std::vector<Value> values; };
  struct EqualAny { FilterSubject subject; Value value; };  // = ANY($1 | ARRAY[…] | '{…}')
  struct Contains { FilterSubject subject; Value value; };
  struct Exists { FilterSubject subject; };
  struct IsNull { FilterSubject subject; bool negated; };
  struct Like { FilterSubject subject; bool negated; Value pattern; };
  struct Not {};
  struct And {};
  struct Or {};
  std::variant<Compare, In, EqualAny, Contains, Exists, IsNull, Like, Not, And, Or> what;
};
struct Filter {
  std::vector<FilterNode> nodes;
};

// ---- Definition ---------------------------------------------------------------------------------

struct CreateIndex {
  Name index;
  bool if_not_exists = false;
  Value dimension;
  std::optional<Name> metric;
};
struct DropIndex {
  Name index;
  bool if_exists = false;
};
struct CreateNamespace {
  NamespaceName name;
  Name index;
  bool if_not_exists = false;
};
struct DropNamespace {
  NamespaceName name;
  Name index;
  bool if_exists = false;
};

// ---- Writing ------------------------------------------------------------------------------------

struct UpsertRow {
  Value id;
  Value values;
  std::optional<Value> metadata;
};
struct Upsert {
  Name index;
  std::optional<NamespaceName> name;
  std::vector<UpsertRow> rows;
};
struct FieldAssignment {
  Name field;  // without a metadata. prefix
  Value value;
};
struct Update {
  Name index;
  std::optional<NamespaceName> name;
  std::optional<Value> values;
  std::optional<Value> metadata;        // SET METADATA = …; never beside fields (42601)
  std::vector<FieldAssignment> fields;  // each name once (42601)
  std::optional<Filter> filter;
  std::size_t offset = 0;
};
struct Delete {
  Name index;
  std::optional<NamespaceName> name;
  std::optional<Filter> filter;
  std::size_t offset = 0;
};
struct Copy {
  enum class Direction : unsigned char { kFromStdin, kToStdout };
  Direction direction = Direction::kFromStdin;
  Name index;
  std::optional<NamespaceName> name;  // also from "namespace"."index"
  bool by_namespace = false;
  std::vector<Name> columns;
  // Lower-case name, value as written; an option without a value is "true".
  std::vector<std::pair<std::string, std::string>> options;
};

// ---- Reading ------------------------------------------------------------------------------------

struct AllNamespaces {};
struct NearestId {
  Value id;
};
struct Query {
  std::optional<Name> index;
  std::variant<std::monostate, std::vector<NamespaceName>, AllNamespaces> namespaces;
  std::variant<Value, NearestId> nearest;
  std::optional<Filter> filter;
  Value top;
  bool exact = false;
  bool include_values = false;
  bool include_metadata = false;
  std::optional<Value> recall;
  std::size_t offset = 0;
};
enum class RecordColumn : unsigned char { kId, kValues, kMetadata, kCount };
struct SelectRecords {
  // `*` is already id, values, metadata. kCount stands alone. The label is the column's name in
  // the reply: the AS name, else id, values, metadata, count.
  std::vector<std::pair<RecordColumn, std::string>> columns;
  Name index;
  std::optional<NamespaceName> name;  // also from "namespace"."index"
  std::optional<Filter> filter;
  enum class Order : unsigned char { kNone, kAscending, kDescending };
  Order order = Order::kNone;
  std::optional<Value> limit;  // LIMIT ALL and LIMIT NULL are none
  std::optional<Value> offset;
};

// ---- SELECT without an index: what drivers and pools ask ----------------------------------------

// In postfix order, as filters.
struct ExpressionNode {
  // The function in lower case, without pg_catalog.
  struct Call { std::string function; std::uint32_t arguments; };
  struct Cast { TypeName type; };
  struct Operator { char symbol; };  // + - * / (two operands), 'n' unary minus, '|' for ||
  // Lower case unless quoted: current_user, user, …; a lone `*` is "*", and then there is a FROM.
  struct ColumnName { std::string name; };
  std::variant<Value, Call, Cast, Operator, ColumnName> what;
  std::size_t offset = 0;
};
struct SelectItem {
  std::vector<ExpressionNode> nodes;
  std::string label;  // AS name; else the function's, column's or type's (int4) name; else ?column?
};
struct SelectConstants {
  std::vector<SelectItem> items;
  // FROM current_schema(), FROM generate_series(1, 3) [AS g]: a function as the only table.
  std::optional<SelectItem> from;
};
// A SELECT of an index, or a COPY, that is beyond this grammar: it parses, and answers 0A000.
struct SelectUnsupported {
  std::string what;
};

// ---- SELECT on PostgreSQL's catalogue: what tools and drivers ask -------------------------------

struct SqlToken {
  enum class Kind : unsigned char {
    kWord,        // in lower case
    kQuotedName,  // without its quotes
    kString,      // what it stands for
    kNumber,
    kParameter,   // `$1`
    kSymbol,      // an operator or punctuation, in one piece: `<>`, `::`
    kEnd,         // the last
  };
  Kind kind = Kind::kEnd;
  std::string text;
  std::size_t offset = 0;
};
// Any other SELECT, WITH or VALUES.
struct SystemSelect {
  struct NumberedValue {
    std::uint32_t number = 0;
    Value value;
  };
  std::shared_ptr<const std::vector<SqlToken>> tokens;  // shared with its copies
  std::vector<NumberedValue> parameters;                // each once, by number
};

// ---- Looking around -----------------------------------------------------------------------------

struct ShowIndexes {};
struct ShowNamespaces {
  Name index;
  std::optional<Value> like;
  std::optional<NamespaceName> after;
  std::optional<Value> limit;
};
struct DescribeIndex {
  Name index;
};
struct DescribeNamespace {
  NamespaceName name;
  Name index;
};
struct Explain {
  bool analyze = false;
  Query query;
};
struct ShowUsage {
  std::optional<Name> index;
  std::optional<NamespaceName> name;
};
struct ShowRecall {
  Name index;
  NamespaceName name;
  std::optional<Value> sample;
};
struct Checkpoint {};
struct Compact {
  NamespaceName name;
  Name index;
};

// ---- Settings and session -----------------------------------------------------------------------

struct ShowSetting {
  // Lower case; `TIME ZONE` is timezone, `TRANSACTION ISOLATION LEVEL` transaction_isolation.
  std::string name;
};
struct ShowAll {};
struct SetSetting {
  bool local = false;
  std::string name;                                // lower case, as in ShowSetting
  std::optional<std::vector<std::string>> values;  // none: DEFAULT. Numbers and names as written
  std::size_t offset = 0;
};
struct ResetSetting {
  std::string name;  // lower case
};
struct ResetAll {};
struct Discard {
  std::string what;  // all, plans, sequences, temp
};
enum class Isolation : unsigned char { kReadCommitted, kRepeatableRead, kSerializable };
struct TransactionModes {
  std::optional<Isolation> isolation;  // READ UNCOMMITTED is read committed
  std::optional<bool> read_only;
};
struct Begin {
  TransactionModes modes;
  bool start_transaction = false;  // spelled START TRANSACTION, which is then its tag
};
struct Commit {};    // also END
struct Rollback {};  // also ABORT
struct SetTransaction {
  bool session = false;  // SET SESSION CHARACTERISTICS AS TRANSACTION
  TransactionModes modes;
};
struct Savepoint { Name name; };
struct RollbackTo { Name name; };
struct ReleaseSavepoint { Name name; };
struct Listen { Name channel; };
struct Unlisten { std::optional<Name> channel; };  // none: *
// COMMIT AND CHAIN and its like: a later version gives them meaning.
struct NotYet {
  std::string what;  // in the statement's words
};

// ---- What a session holds by name: prepared statements and cursors ------------------------------

// PREPARE name (types) AS text. The text is one UPSERT, UPDATE, DELETE, QUERY or SELECT, which has
// been parsed once and is what a Parse message would carry; its parameters are its own.
struct Prepare {
  Name name;
  std::vector<Name> types;  // of $1, $2, …, each a TypeName
  std::string text;
  std::size_t offset = 0;   // of the text
};
struct Execute {
  Name name;
  std::vector<Value> values;
};
struct Deallocate { std::optional<Name> name; };  // none: ALL
struct DeclareCursor {
  Name name;
  bool binary = false;
  bool scroll = false;
  bool hold = false;
  std::variant<Query, SelectRecords, SelectConstants, SelectUnsupported, SystemSelect> query;
  std::size_t bytes = 0;  // of the query's text
};
struct FetchDirection {
  static constexpr std::int64_t kAll = INT64_MAX;
  enum class Kind : unsigned char { kForward, kBackward, kAbsolute, kRelative };
  Kind kind = Kind::kForward;
  std::int64_t count = 1;
};
struct FetchCursor {
  Name name;
  bool move = false;  // MOVE, which returns no rows
  FetchDirection direction;
};
struct CloseCursor { std::optional<Name> name; };  // none: ALL

// ---- Who may do what ----------------------------------------------------------------------------

struct RoleOptions {
  std::optional<bool> login;
  std::optional<bool> superuser;
  std::optional<std::string> password;  // PASSWORD NULL is ""
  std::optional<std::pair<NamespaceName, Name>> bound_to;  // NAMESPACE … OF …
};
struct CreateRole { Name role; RoleOptions options; };
struct AlterRole { Name role; RoleOptions options; };
struct DropRole { Name role; bool if_exists = false; };
enum class Privilege : unsigned char { kRead, kWrite, kAdmin };
struct Grant {
  bool revoke = false;
  Privilege privilege = Privilege::kRead;
  std::optional<NamespaceName> name;  // none: ON INDEX
  Name index;
  Name role;
};
struct ShowGrants { std::optional<Name> role; };

using Statement =
    std::variant<CreateIndex, DropIndex, CreateNamespace, DropNamespace, Upsert, Update, Delete,
                 Copy, Query, SelectRecords, SelectConstants, SelectUnsupported, SystemSelect,
                 ShowIndexes, ShowNamespaces, DescribeIndex, DescribeNamespace, Explain, ShowUsage, ShowRecall,
                 Checkpoint, Compact, ShowSetting, ShowAll, SetSetting, ResetSetting, ResetAll,
                 Discard, Begin, Commit, Rollback, SetTransaction, Savepoint, RollbackTo,
                 ReleaseSavepoint, Listen, Unlisten, NotYet, Prepare, Execute, Deallocate,
                 DeclareCursor, FetchCursor, CloseCursor, CreateRole, AlterRole, DropRole, Grant,
                 ShowGrants>;

}  // namespace alcove::parser
