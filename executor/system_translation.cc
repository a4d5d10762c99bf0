#include "executor/system_translation.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include <fmt/format.h>

#include "executor/postgres_type.h"
#include "executor/system_translator.h"

namespace alcove::executor {

using Token = parser::SqlToken;
using TokenKind = Token::Kind;

// Each is compared with each expression of ORDER BY.
constexpr std::size_t kDistinctOnMax = 32;

// ---- Tokens -------------------------------------------------------------------------------------

const Token& SystemTranslator::peek(std::size_t ahead) const {
  return tokens_[std::min(at_ + ahead, tokens_.size() - 1)];
}

bool SystemTranslator::is_word(std::string_view word, std::size_t ahead) const {
  return peek(ahead).kind == TokenKind::kWord && peek(ahead).text == word;
}

bool SystemTranslator::is_symbol(std::string_view symbol, std::size_t ahead) const {
  return peek(ahead).kind == TokenKind::kSymbol && peek(ahead).text == symbol;
}

bool SystemTranslator::is_name(std::size_t ahead) const {
  return peek(ahead).kind == TokenKind::kWord || peek(ahead).kind == TokenKind::kQuotedName;
}

bool SystemTranslator::accept_word(std::string_view word) {
  if (!is_word(word)) return false;
  ++at_;
  return true;
}

bool SystemTranslator::accept_symbol(std::string_view symbol) {
  if (!is_symbol(symbol)) return false;
  ++at_;
  return true;
}

Status SystemTranslator::expect_word(std::string_view word) {
  if (accept_word(word)) return {};
  return syntax_error();
}

Status SystemTranslator::expect_symbol(std::string_view symbol) {
  if (accept_symbol(symbol)) return {};
  return syntax_error();
}

Error SystemTranslator::syntax_error() const {
  if (peek().kind == TokenKind::kEnd) {
    return fail(ErrorCode::kSyntax, "syntax error at end of input").at(peek().offset);
  }
  return fail(ErrorCode::kSyntax, "syntax error at or near \"{}\"", peek().text.substr(0, 64))
      .at(peek().offset);
}

Error SystemTranslator::not_supported(std::string_view what) const {
  return fail(ErrorCode::kNotSupported, "{} is not supported in statements on the catalogue", what)
      .with_hint("Records are read by SELECT … FROM index NAMESPACE name, or by QUERY.")
      .at(peek().offset);
}

Result<std::string> SystemTranslator::expect_name() {
  if (!is_name()) return syntax_error();
  return tokens_[at_++].text;
}

bool SystemTranslator::begins_query(std::size_t ahead) const {
  while (is_symbol("(", ahead)) ++ahead;
  return is_word("select", ahead) || is_word("with", ahead) || is_word("values", ahead);
}

// ---- Queries ------------------------------------------------------------------------------------

Result<SystemTranslator::Query> SystemTranslator::statement() {
  Query whole = TRY(query());
  if (peek().kind != TokenKind::kEnd) return syntax_error();
  return whole;
}

Result<SystemTranslator::Query> SystemTranslator::query() {
  const Nesting nesting(shared_);
  TRY(nesting.entered(peek().offset));
  const std::size_t common_tables = common_tables_.size();
  bool has_with = false;
  std::string sql;
  TRY(with(has_with, sql));
  std::optional<Select> only;
  Query whole = TRY(term(only));
  if (joins_queries()) {
    only.reset();
    TRY(join_queries(whole, nullptr));
  }
  sql += whole.sql;
  if (accept_word("order")) {
    TRY(expect_word("by"));
    Scope* const outer = std::exchange(scope_, only ? &only->scope : scope_);
    const Status ordered = order_by(only ? &*only : nullptr, whole, sql);
    scope_ = outer;
    TRY(ordered);
  }
  TRY(limits(sql));
  common_tables_.resize(common_tables);
  whole.sql = std::move(sql);
  return whole;
}

Status SystemTranslator::with(bool& written, std::string& sql) {
  if (!accept_word("with")) return {};
  written = true;
  const bool recursive = accept_word("recursive");
  sql += recursive ? "WITH RECURSIVE " : "WITH ";
  do {
    if (sql.back() != ' ') sql += ", ";
    TRY(common_table(recursive, sql));
  } while (accept_symbol(","));
  sql += ' ';
  return {};
}

Status SystemTranslator::common_table(bool recursive, std::string& sql) {
  CommonTable table;
  table.name = TRY(expect_name());
  table.alias = next_alias();
  std::vector<std::string> names;
  if (accept_symbol("(")) {
    do {
      std::string name = TRY(expect_name());
      names.push_back(std::move(name));
    } while (accept_symbol(","));
    TRY(expect_symbol(")"));
  }
  TRY(expect_word("as"));
  if (accept_word("not")) TRY(expect_word("materialized"));
  else accept_word("materialized");
  TRY(expect_symbol("("));
  for (const std::string& name : names) table.outputs.push_back({name, 0});
  Query query;
  if (recursive && !is_word("with")) {
    const std::size_t common_tables = common_tables_.size();
    std::optional<Select> unused;
    Query first = TRY(term(unused));
    query = std::move(first);
    TRY(join_queries(query, &table));
    if (accept_word("order")) {
      TRY(expect_word("by"));
      TRY(order_by(nullptr, query, query.sql));
    }
    TRY(limits(query.sql));
    common_tables_.resize(common_tables);
  } else {
    Query plain = TRY(this->query());
    query = std::move(plain);
  }
  TRY(expect_symbol(")"));
  if (names.size() > query.outputs.size()) return syntax_error();
  table.outputs = std::move(query.outputs);
  for (std::size_t i = 0; i < names.size(); ++i) table.outputs[i].label = names[i];
  sql += table.alias + '(';
  for (std::size_t i = 0; i < table.outputs.size(); ++i) {
    sql += fmt::format("{}c{}", i == 0 ? "" : ", ", i + 1);
  }
  sql += ") AS (" + query.sql + ')';
  common_tables_.push_back(std::move(table));
  return {};
}

bool SystemTranslator::joins_queries() const {
  return is_word("union") || is_word("intersect") || is_word("except");
}

// What UNION and its like add to the first term. Where they define `recursive`, that is known from
// the second term on, with the first one's types.
Status SystemTranslator::join_queries(Query& whole, CommonTable* recursive) {
  std::optional<Select> unused;
  std::string_view previous;
  while (joins_queries()) {
    const std::string_view word = peek().text;
    if (!previous.empty() && (word == "intersect") != (previous == "intersect")) {
      return not_supported("INTERSECT beside UNION or EXCEPT");
    }
    previous = word;
    ++at_;
    const bool all = accept_word("all");
    if (!all) accept_word("distinct");
    if (all && word != "union") return not_supported("INTERSECT ALL and EXCEPT ALL");
    if (recursive != nullptr) {
      for (std::size_t i = 0; i < whole.outputs.size(); ++i) {
        if (i < recursive->outputs.size()) {
          recursive->outputs[i].type = whole.outputs[i].type;
        } else {
          recursive->outputs.push_back(whole.outputs[i]);
        }
      }
      common_tables_.push_back(*recursive);
    }
    const std::size_t offset = peek().offset;
    const Query other = TRY(term(unused));
    if (other.outputs.size() != whole.outputs.size()) {
      return fail(ErrorCode::kSyntax, "each {} query must have the same number of columns", word)
          .at(offset);
    }
    for (std::size_t i = 0; i < other.outputs.size(); ++i) {
      if (whole.outputs[i].type == type_oid::kUnknown) whole.outputs[i].type = other.outputs[i].type;
    }
    whole.sql += fmt::format(" {}{} {}", word, all ? " all" : "", other.sql);
  }
  return {};
}

Result<SystemTranslator::Query> SystemTranslator::term(std::optional<Select>& of_select) {
  const Nesting nesting(shared_);
  TRY(nesting.entered(peek().offset));
  if (accept_word("select")) {
    of_select.emplace();
    return select(*of_select);
  }
  if (accept_word("values")) return values();
  TRY(expect_symbol("("));
  Query inner = TRY(query());
  TRY(expect_symbol(")"));
  inner.sql = "SELECT * FROM (" + inner.sql + ')';
  return inner;  // with its DISTINCT ON: an ORDER BY that follows is its own
}

Result<SystemTranslator::Query> SystemTranslator::values() {
  Query query;
  std::vector<std::vector<SystemExpression>> rows;
  do {
    TRY(expect_symbol("("));
    std::vector<SystemExpression>& row = rows.emplace_back();
    do {
      SystemExpression value = TRY(expression());
      row.push_back(std::move(value));
    } while (accept_symbol(","));
    TRY(expect_symbol(")"));
    if (row.size() != rows.front().size()) {
      return fail(ErrorCode::kSyntax, "VALUES lists must all be the same length")
          .at(row.front().offset);
    }
  } while (accept_symbol(","));
  for (std::size_t column = 0; column < rows.front().size(); ++column) {
    std::vector<SystemExpression*> of_column;
    for (auto& row : rows) of_column.push_back(&row[column]);
    TRY(settle_alike(of_column, parameter_types()));
    query.outputs.push_back({fmt::format("column{}", column + 1), of_column.front()->type});
  }
  for (const auto& row : rows) {
    query.sql += query.sql.empty() ? "SELECT " : " UNION ALL SELECT ";
    for (std::size_t i = 0; i < row.size(); ++i) {
      query.sql += fmt::format("{}{} AS c{}", i == 0 ? "" : ", ", row[i].sql, i + 1);
    }
  }
  return query;
}

// Where the FROM of the SELECT whose items begin here stands; its end if it has none. The items can
// be read only when it is known what they are taken from.
std::size_t SystemTranslator::find_from() const {
  std::size_t open = 0;
  for (std::size_t at = at_; at < tokens_.size(); ++at) {
    const Token& token = tokens_[at];
    if (token.kind == TokenKind::kEnd) return at;
    if (token.kind == TokenKind::kSymbol) {
      if (token.text == "(" || token.text == "[") ++open;
      if ((token.text == ")" || token.text == "]") && open-- == 0) return at;
    }
    if (open > 0 || token.kind != TokenKind::kWord) continue;
    const bool of_distinct = at > at_ && tokens_[at - 1].text == "distinct";
    if (token.text == "from" && !of_distinct) return at;
    for (const std::string_view end : {"where", "group", "having", "order", "limit", "offset",
                                       "fetch", "union", "intersect", "except"}) {
      const bool is_label = at > at_ && (tokens_[at - 1].text == "as" || tokens_[at - 1].text == ".");
      if (token.text == end && !is_label) return at;
    }
  }
  return tokens_.size() - 1;
}

Result<SystemTranslator::Query> SystemTranslator::select(Select& select) {
  select.scope.outer = scope_;
  Scope* const outer_scope = std::exchange(scope_, &select.scope);
  Select* const outer_select = std::exchange(select_, nullptr);
  const auto read = [&]() -> Result<Query> {
    Query query;
    const bool distinct = accept_word("distinct");
    const bool on = distinct && accept_word("on");
    const std::size_t on_begin = on ? TRY(pass_over_brackets()) : at_;
    if (!distinct) accept_word("all");
    const std::size_t items_begin = at_;
    const std::size_t items_end = find_from();
    at_ = items_end;
    if (accept_word("from")) TRY(from(select));
    const std::size_t from_end = at_;
    at_ = items_begin;
    select_ = &select;
    const std::size_t group_calls = group_calls_;
    TRY(items(select, query));
    select_ = nullptr;
    if (at_ != items_end) return syntax_error();
    if (on && group_calls_ > group_calls) return not_supported("an aggregate or a window beside DISTINCT ON");
    if (on) {
      TRY(distinct_on(select, on_begin, query));
      if (at_ != items_begin) return syntax_error();
    }
    at_ = from_end;
    query.sql = distinct && !on ? "SELECT DISTINCT " : "SELECT ";
    for (std::size_t i = 0; i < select.items.size(); ++i) {
      query.sql += fmt::format("{}{} AS c{}", i == 0 ? "" : ", ", select.items[i].sql, i + 1);
    }
    if (select.items.empty()) return not_supported("SELECT without columns");
    if (!select.from.empty()) query.sql += " FROM " + select.from;
    if (accept_word("where")) {
      SystemExpression where = TRY(expression());
      TRY(truth(where, "WHERE"));
      query.sql += " WHERE " + where.sql;
    }
    if (on && (is_word("group") || is_word("having"))) return not_supported("GROUP BY beside DISTINCT ON");
    TRY(group_by(select, query, query.sql));
    // With a sign, so that no number is a column's.
    for (std::size_t i = 0; i < query.distinct_on.size(); ++i) {
      query.sql += (i == 0 ? " GROUP BY +" : ", +") + query.distinct_on[i];
    }
    if (accept_word("having")) {
      SystemExpression having = TRY(expression());
      TRY(truth(having, "HAVING"));
      query.sql += " HAVING " + having.sql;
    }
    return query;
  };
  Result<Query> query = read();
  scope_ = outer_scope;
  select_ = outer_select;
  return query;
}

// Returns where they open.
Result<std::size_t> SystemTranslator::pass_over_brackets() {
  const std::size_t begin = at_;
  TRY(expect_symbol("("));
  for (std::size_t open = 1; open > 0; ++at_) {
    if (peek().kind == TokenKind::kEnd) return syntax_error();
    if (is_symbol("(")) ++open;
    if (is_symbol(")")) --open;
  }
  return begin;
}

// Its rows are groups in SQLite, of which columns are from any row.
Status SystemTranslator::distinct_on(const Select& select, std::size_t begin, Query& query) {
  at_ = begin + 1;
  do {
    if (query.distinct_on.size() == kDistinctOnMax) return not_supported("DISTINCT ON of so many expressions");
    std::string key = TRY(distinct_key(select, query));
    query.distinct_on.push_back(std::move(key));
  } while (accept_symbol(","));
  return expect_symbol(")");
}

// An expression, or the label of an item.
Result<std::string> SystemTranslator::distinct_key(const Select& select, const Query& query) {
  const bool alone = is_symbol(",", 1) || is_symbol(")", 1);
  if (alone && peek().kind == TokenKind::kNumber) return not_supported("a position in DISTINCT ON");
  for (std::size_t i = 0; alone && is_name() && i < query.outputs.size(); ++i) {
    if (query.outputs[i].label != peek().text) continue;
    ++at_;
    return select.items[i].sql;
  }
  SystemExpression key = TRY(expression());
  TRY(settle(key, type_oid::kText, parameter_types()));
  return std::move(key.sql);
}

Status SystemTranslator::items(Select& select, Query& query) {
  do {
    TRY(item(select, query));
  } while (accept_symbol(","));
  return {};
}

Status SystemTranslator::item(Select& select, Query& query) {
  if (accept_symbol("*")) return star(select, {}, query);
  if (is_name() && is_symbol(".", 1) && is_symbol("*", 2)) {
    const std::string source = peek().text;
    at_ += 3;
    return star(select, source, query);
  }
  SystemExpression value = TRY(expression());
  TRY(settle(value, type_oid::kText, parameter_types()));
  if (accept_word("as")) {
    value.label = TRY(expect_name());
  } else if (begins_alias()) {
    value.label = TRY(expect_name());
  }
  query.outputs.push_back({value.label, value.type});
  select.items.push_back(std::move(value));
  return {};
}

Status SystemTranslator::star(Select& select, const std::string& source, Query& query) {
  bool found = false;
  for (const Source& each : select.scope.sources) {
    if (!source.empty() && each.name != source) continue;
    found = true;
    for (const SourceColumn& column : each.columns) {
      if (column.merged && source.empty()) continue;
      SystemExpression value = value_of(column.sql, column.type);
      value.label = column.name;
      query.outputs.push_back({column.name, column.type});
      select.items.push_back(std::move(value));
    }
  }
  if (found) return {};
  if (source.empty()) {
    return fail(ErrorCode::kSyntax, "SELECT * with no tables specified is not valid")
        .at(tokens_[at_ - 1].offset);
  }
  return fail(ErrorCode::kUndefinedIndex, "missing FROM-clause entry for table \"{}\"", source)
      .at(tokens_[at_ - 3].offset);
}

Status SystemTranslator::group_by(Select& select, const Query& query, std::string& sql) {
  if (!accept_word("group")) return {};
  TRY(expect_word("by"));
  std::string_view separator = " GROUP BY ";
  do {
    sql += separator;
    separator = ", ";
    const bool alone = is_symbol(",", 1) || peek(1).kind == TokenKind::kEnd || is_symbol(")", 1) ||
                       peek(1).kind == TokenKind::kWord;
    std::size_t number = 0;
    if (peek().kind == TokenKind::kNumber && alone) {
      std::from_chars(peek().text.data(), peek().text.data() + peek().text.size(), number);
      if (number == 0 || number > select.items.size()) {
        return fail(ErrorCode::kSyntax, "GROUP BY position {} is not in select list", peek().text)
            .at(peek().offset);
      }
      ++at_;
      sql += select.items[number - 1].sql;
      continue;
    }
    const std::size_t begin = at_;
    Result<SystemExpression> key = expression();
    if (!key && tokens_[begin].kind != TokenKind::kEnd && alone) {
      // A label of the items, where no column is called so.
      for (std::size_t i = 0; i < query.outputs.size() && number == 0; ++i) {
        if (query.outputs[i].label == tokens_[begin].text) number = i + 1;
      }
      if (number == 0) return key.error();
      at_ = begin + 1;
      sql += select.items[number - 1].sql;
      continue;
    }
    if (!key) return key.error();
    sql += key->sql;
  } while (accept_symbol(","));
  return {};
}

// Which row of those that are alike comes first is told by keys beyond DISTINCT ON's own: those of SQLite's groups are not
// put in order.
Status SystemTranslator::order_distinct(const Query& query, std::size_t place, std::string_view key) const {
  const auto& own = query.distinct_on;
  if (own.empty() || (place < own.size() && std::find(own.begin(), own.end(), key) != own.end())) return {};
  return not_supported("ORDER BY anything but the expressions of DISTINCT ON");
}

Status SystemTranslator::order_by(const Select* select, const Query& query, std::string& sql) {
  std::string_view separator = " ORDER BY ";
  std::size_t place = 0;
  do {
    sql += separator;
    separator = ", ";
    const bool alone = is_symbol(",", 1) || peek(1).kind == TokenKind::kEnd || is_symbol(")", 1) ||
                       is_word("asc", 1) || is_word("desc", 1) || is_word("nulls", 1) ||
                       is_word("limit", 1) || is_word("offset", 1) || is_word("fetch", 1) ||
                       is_word("collate", 1);
    std::size_t number = 0;
    if (alone && peek().kind == TokenKind::kNumber) {
      std::from_chars(peek().text.data(), peek().text.data() + peek().text.size(), number);
      if (number == 0 || number > query.outputs.size()) {
        return fail(ErrorCode::kSyntax, "ORDER BY position {} is not in select list", peek().text)
            .at(peek().offset);
      }
    } else if (alone && is_name()) {
      for (std::size_t i = 0; i < query.outputs.size() && number == 0; ++i) {
        if (query.outputs[i].label == peek().text) number = i + 1;
      }
    }
    if (number > 0) {
      TRY(order_distinct(query, place, select == nullptr ? std::string_view() : select->items[number - 1].sql));
      ++at_;
      sql += std::to_string(number);
    } else if (select == nullptr) {
      return not_supported("ORDER BY an expression behind UNION");
    } else {
      SystemExpression key = TRY(expression());
      TRY(settle(key, type_oid::kText, parameter_types()));
      TRY(order_distinct(query, place, key.sql));
      sql += key.sql;
    }
    ++place;
    if (accept_word("collate")) {
      do {
        TRY(expect_name());
      } while (accept_symbol("."));
    }
    const bool descending = accept_word("desc");
    if (!descending) accept_word("asc");
    bool nulls_first = descending;
    if (accept_word("nulls")) {
      nulls_first = accept_word("first");
      if (!nulls_first) TRY(expect_word("last"));
    }
    sql += descending ? " DESC" : " ASC";
    sql += nulls_first ? " NULLS FIRST" : " NULLS LAST";
  } while (accept_symbol(","));
  return {};
}

Status SystemTranslator::limits(std::string& sql) {
  std::string limit;
  std::string skip;
  while (true) {
    const bool is_limit = is_word("limit");
    if (is_limit || is_word("offset")) {
      ++at_;
      if (is_limit && accept_word("all")) continue;
      SystemExpression count = TRY(expression());
      TRY(settle(count, type_oid::kInt8, parameter_types()));
      (is_limit ? limit : skip) = count.sql;
      if (!is_limit && !accept_word("rows")) accept_word("row");
    } else if (accept_word("fetch")) {
      if (!accept_word("first")) TRY(expect_word("next"));
      SystemExpression count = TRY(expression());
      TRY(settle(count, type_oid::kInt8, parameter_types()));
      limit = count.sql;
      if (!accept_word("rows")) TRY(expect_word("row"));
      TRY(expect_word("only"));
    } else {
      break;
    }
  }
  // To SQLite a negative number, and to PostgreSQL NULL, is no limit.
  if (!limit.empty()) sql += fmt::format(" LIMIT coalesce({}, -1)", limit);
  if (!skip.empty()) {
    sql += fmt::format("{} OFFSET coalesce({}, 0)", limit.empty() ? " LIMIT -1" : "", skip);
  }
  return {};
}

// ---- The whole ----------------------------------------------------------------------------------

Result<SystemTranslation> translate(const parser::SystemSelect& select) {
  if (select.tokens->size() > kSystemTokensMax) {
    return fail(ErrorCode::kLimitExceeded,
                "a statement on the catalogue has at most {} words and symbols", kSystemTokensMax);
  }
  SystemTranslator::Shared shared;
  for (const auto& parameter : select.parameters) {
    shared.parameter_numbers.push_back(parameter.number);
  }
  SystemTranslator translator(*select.tokens, shared);
  SystemTranslator::Query query = TRY(translator.statement());
  SystemTranslation made = std::move(shared.translation);
  made.sql = std::move(query.sql);
  for (auto& output : query.outputs) {
    if (output.type == type_oid::kRecord) {
      return fail(ErrorCode::kNotSupported, "a column that holds a record is not supported");
    }
    made.columns.push_back({std::move(output.label), output.type});
  }
  return made;
}

Status infer_parameters(parser::SystemSelect& select) {
  const SystemTranslation translation = TRY(translate(select));
  for (auto& parameter : select.parameters) {
    const auto found = translation.parameters.find(parameter.number);
    if (found != translation.parameters.end()) parameter.value.cast = type_words(found->second);
  }
  return {};
}

}  // namespace alcove::executor
