#include <algorithm>
#include <charconv>
#include <utility>

#include <fmt/format.h>

#include "executor/constant_function.h"
#include "executor/postgres_type.h"
#include "executor/system_translator.h"

// What expressions are made of: constants, columns, queries in brackets, what has a grammar of its own, and
// the names of types.

namespace alcove::executor {
namespace {

using Token = parser::SqlToken;
using TokenKind = Token::Kind;

}  // namespace

Result<SystemExpression> SystemTranslator::primary() {
  const Token& token = peek();
  switch (token.kind) {
    case TokenKind::kNumber: {
      ++at_;
      std::int64_t integer = 0;
      const char* const end = token.text.data() + token.text.size();
      const auto [stop, code] = std::from_chars(token.text.data(), end, integer);
      const bool whole = code == std::errc{} && stop == end;
      const bool small = whole && static_cast<std::int32_t>(integer) == integer;
      SystemExpression value = value_of(
          whole ? std::to_string(integer) : fmt::format("CAST({} AS REAL)", quoted_sql(token.text)),
          small ? type_oid::kInt4 : whole ? type_oid::kInt8 : type_oid::kFloat8);
      value.offset = token.offset;
      return value;
    }
    case TokenKind::kString: {
      ++at_;
      SystemExpression value = value_of(quoted_sql(token.text), type_oid::kUnknown);
      value.form = SystemExpression::Form::kText;
      value.text = token.text;
      value.offset = token.offset;
      return value;
    }
    case TokenKind::kParameter: return parameter();
    case TokenKind::kWord:
    case TokenKind::kQuotedName: return word_value();
    case TokenKind::kSymbol:
      if (token.text == "(") return parenthesised();
      break;
    case TokenKind::kEnd: break;
  }
  return syntax_error();
}

Result<SystemExpression> SystemTranslator::parameter() {
  const Token& token = peek();
  ++at_;
  SystemExpression value;
  std::from_chars(token.text.data() + 1, token.text.data() + token.text.size(), value.parameter);
  const auto& numbers = shared_.parameter_numbers;
  const auto place = std::lower_bound(numbers.begin(), numbers.end(), value.parameter);
  value.sql = fmt::format("?{}", place - numbers.begin() + 1);
  value.offset = token.offset;
  const auto known = parameter_types().find(value.parameter);
  if (known == parameter_types().end()) {
    value.form = SystemExpression::Form::kParameter;
    value.type = type_oid::kUnknown;
  } else {
    value.type = known->second;
  }
  return value;
}

Result<SystemExpression> SystemTranslator::subquery(std::string_view label) {
  Query query = TRY(this->query());
  TRY(expect_symbol(")"));
  SystemExpression value = value_of('(' + query.sql + ')', query.outputs.front().type);
  value.label = label.empty() ? query.outputs.front().label : std::string(label);
  if (query.outputs.size() > 1) value.type = type_oid::kRecord;
  value.depth = 2;
  return value;
}

Result<SystemExpression> SystemTranslator::parenthesised() {
  const std::size_t offset = peek().offset;
  ++at_;
  if (begins_query() && !is_symbol("(")) return subquery({});
  SystemExpression first = TRY(expression());
  if (!is_symbol(",")) {
    TRY(expect_symbol(")"));
    return first;
  }
  return row(std::move(first), offset);
}

// What stands behind its first value, with the bracket that closes it.
Result<SystemExpression> SystemTranslator::row(SystemExpression first, std::size_t offset) {
  SystemExpression made = value_of("(", type_oid::kRecord);
  made.label = "row";
  made.offset = offset;
  made.record_text = "pg_record(";
  bool has_text = true;
  const auto add = [&](SystemExpression value, std::string_view separator) -> Status {
    TRY(settle(value, type_oid::kText, parameter_types()));
    made.sql.append(separator).append(value.sql);
    made.depth = std::max(made.depth, value.depth + 3);
    const bool truth = value.type == type_oid::kBool;
    const auto text = cast_to(std::move(value), type_oid::kText, parameter_types());
    has_text = has_text && text;
    if (text) made.record_text += fmt::format(fmt::runtime(truth ? "{}substr({}, 1, 1)" : "{}{}"), separator, text->sql);
    return {};
  };
  TRY(add(std::move(first), ""));
  while (accept_symbol(",")) {
    SystemExpression next = TRY(expression());
    TRY(add(std::move(next), ", "));
  }
  TRY(expect_symbol(")"));
  made.sql += ')';
  made.record_text += ')';
  if (!has_text) made.record_text.clear();
  return made;
}

Result<SystemExpression> SystemTranslator::case_of() {
  ++at_;
  std::optional<SystemExpression> subject;
  if (!is_word("when")) subject = TRY(expression());
  std::string sql = "CASE";
  std::vector<std::pair<std::string, SystemExpression>> arms;
  std::uint32_t depth = 1;
  while (accept_word("when")) {
    SystemExpression when = TRY(expression());
    if (subject) {
      SystemExpression of_subject = *subject;
      when = TRY(apply_binary("=", std::move(of_subject), std::move(when), parameter_types()));
    }
    TRY(truth(when, "CASE/WHEN"));
    TRY(expect_word("then"));
    SystemExpression then = TRY(expression());
    depth = std::max({depth, when.depth, then.depth});
    arms.emplace_back(std::move(when.sql), std::move(then));
  }
  if (arms.empty()) return syntax_error();
  std::optional<SystemExpression> otherwise;
  if (accept_word("else")) otherwise = TRY(expression());
  TRY(expect_word("end"));
  std::vector<SystemExpression*> values;
  for (auto& [when, then] : arms) values.push_back(&then);
  if (otherwise) values.push_back(&*otherwise);
  TRY(settle_alike(values, parameter_types()));
  for (const auto& [when, then] : arms) sql += fmt::format(" WHEN {} THEN {}", when, then.sql);
  if (otherwise) sql += " ELSE " + otherwise->sql;
  SystemExpression value = value_of(fmt::format("({} END)", sql), values.front()->type);
  value.label = "case";
  value.depth = std::max(depth, otherwise ? otherwise->depth : 1) + 1;
  return value;
}

Result<SystemExpression> SystemTranslator::array_of() {
  if (accept_symbol("(")) {
    SystemExpression inner = TRY(subquery("array"));
    const std::uint32_t type = array_type(inner.type);
    inner.sql = fmt::format("(SELECT json_group_array(c1) FROM {})", inner.sql);
    inner.type = type == 0 ? type_oid::kTextArray : type;
    return inner;
  }
  TRY(expect_symbol("["));
  std::vector<SystemExpression> items;
  if (!is_symbol("]")) {
    do {
      SystemExpression item = TRY(expression());
      items.push_back(std::move(item));
    } while (accept_symbol(","));
  }
  TRY(expect_symbol("]"));
  std::vector<SystemExpression*> alike;
  for (SystemExpression& item : items) alike.push_back(&item);
  TRY(settle_alike(alike, parameter_types()));
  std::string sql;
  std::uint32_t depth = 1;
  for (const SystemExpression& item : items) {
    sql += (sql.empty() ? "" : ", ") + item.sql;
    depth = std::max(depth, item.depth);
  }
  const std::uint32_t type = items.empty() ? 0 : array_type(items.front().type);
  SystemExpression array =
      value_of(fmt::format("json_array({})", sql), type == 0 ? type_oid::kTextArray : type);
  array.label = "array";
  array.depth = depth + 1;
  return array;
}

Result<SystemExpression> SystemTranslator::cast_call() {
  at_ += 2;
  SystemExpression value = TRY(expression());
  TRY(expect_word("as"));
  const std::uint32_t type = TRY(type_name());
  TRY(expect_symbol(")"));
  if (value.label == "?column?") value.label = last_type_label_;
  return cast_to(std::move(value), type, parameter_types());
}

Result<SystemExpression> SystemTranslator::coalesce() {
  ++at_;
  std::vector<SystemExpression> values;
  std::string order;
  TRY(arguments(values, order));
  if (values.empty()) return syntax_error();
  std::vector<SystemExpression*> alike;
  for (SystemExpression& value : values) alike.push_back(&value);
  TRY(settle_alike(alike, parameter_types()));
  SystemExpression result = value_of(values.front().sql, values.front().type);
  if (values.size() > 1) {
    result.sql.insert(0, "coalesce(");
    for (std::size_t i = 1; i < values.size(); ++i) result.sql += ", " + values[i].sql;
    result.sql += ')';
  }
  for (const auto& value : values) result.depth = std::max(result.depth, value.depth + 1);
  result.label = "coalesce";
  return result;
}

// trim(both 'x' from y)
Result<SystemExpression> SystemTranslator::trim() {
  const std::string_view side = peek(2).text;
  const std::string_view function =
      side == "leading" ? "ltrim" : side == "trailing" ? "rtrim" : "trim";
  at_ += 3;
  std::string characters;
  if (!is_word("from")) {
    SystemExpression set = TRY(expression());
    TRY(settle(set, type_oid::kText, parameter_types()));
    characters = ", " + set.sql;
  }
  TRY(expect_word("from"));
  SystemExpression text = TRY(expression());
  TRY(settle(text, type_oid::kText, parameter_types()));
  TRY(expect_symbol(")"));
  text.sql = fmt::format("{}({}{})", function, text.sql, characters);
  text.type = type_oid::kText;
  text.label = function == "trim" ? "btrim" : function;
  ++text.depth;
  return text;
}

// substring(x from 2 for 3), or with commas
Result<SystemExpression> SystemTranslator::substring() {
  at_ += 2;
  SystemExpression text = TRY(expression());
  TRY(settle(text, type_oid::kText, parameter_types()));
  text.sql.insert(0, "substr(");
  if (is_word("for")) text.sql += ", 1";
  while (is_word("from") || is_word("for") || is_symbol(",")) {
    ++at_;
    SystemExpression number = TRY(expression());
    TRY(settle(number, type_oid::kInt4, parameter_types()));
    if (is_text_type(number.type)) return not_supported("substring() by a pattern");
    text.sql += ", " + number.sql;
    text.depth = std::max(text.depth, number.depth + 1);
  }
  TRY(expect_symbol(")"));
  text.sql += ')';
  text.type = type_oid::kText;
  text.label = "substring";
  return text;
}

Result<SystemExpression> SystemTranslator::word_value() {
  const Token& first = peek();
  const bool quoted = first.kind == TokenKind::kQuotedName;
  if (!quoted) {
    if (first.text == "null") {
      ++at_;
      SystemExpression null = value_of("NULL", type_oid::kUnknown);
      null.form = SystemExpression::Form::kText;
      null.offset = first.offset;
      return null;
    }
    if (first.text == "true" || first.text == "false") {
      ++at_;
      SystemExpression value = value_of(first.text == "true" ? "1" : "0", type_oid::kBool);
      value.label = "bool";
      return value;
    }
    if (first.text == "case") return case_of();
    if (first.text == "cast" && is_symbol("(", 1)) return cast_call();
    if (first.text == "coalesce" && is_symbol("(", 1)) return coalesce();
    const bool trims = is_word("both", 2) || is_word("leading", 2) || is_word("trailing", 2);
    if (first.text == "trim" && is_symbol("(", 1) && trims) return trim();
    if (first.text == "substring" && is_symbol("(", 1)) return substring();
    if (first.text == "row" && is_symbol("(", 1)) {
      ++at_;
      return parenthesised();
    }
    if (first.text == "exists" && is_symbol("(", 1)) {
      at_ += 2;
      SystemExpression value = TRY(subquery("exists"));
      value.sql = "EXISTS " + value.sql;
      value.type = type_oid::kBool;
      return value;
    }
    if (first.text == "array" && (is_symbol("[", 1) || is_symbol("(", 1))) {
      ++at_;
      return array_of();
    }
    // A type's name before a string: int '1'.
    if (peek(1).kind == TokenKind::kString && find_type(first.text)) {
      const std::uint32_t type = TRY(type_name());
      SystemExpression value = TRY(primary());
      value.label = first.text;
      return cast_to(std::move(value), type, parameter_types());
    }
    if (first.text == "select" || first.text == "from" || first.text == "where") {
      return syntax_error();
    }
  }
  std::vector<std::string> names;
  do {
    std::string name = TRY(expect_name());
    names.push_back(std::move(name));
  } while (is_symbol(".") && is_name(1) && accept_symbol("."));
  if (is_symbol("(")) return call(names.back(), first.offset);
  if (names.size() == 1 && !quoted) {
    if (find_bare_function(names.front()) != nullptr) {
      return constant_call(names.front(), {}, first.offset);
    }
  }
  return column(std::move(names), first.offset);
}

Result<SystemExpression> SystemTranslator::column(std::vector<std::string> names,
                                                  std::size_t offset) {
  const std::string name = names.back();
  const std::string table = names.size() > 1 ? names[names.size() - 2] : std::string();
  bool table_found = false;
  for (const Scope* scope = scope_; scope != nullptr; scope = scope->outer) {
    const SourceColumn* found = nullptr;
    SystemExpression value;
    for (const Source& source : scope->sources) {
      if (!table.empty() && source.name != table) continue;
      table_found = true;
      for (const SourceColumn& each : source.columns) {
        if (each.name != name || (each.merged && table.empty())) continue;
        if (found != nullptr) {
          return fail(ErrorCode::kUndefinedColumn, "column reference \"{}\" is ambiguous", name)
              .at(offset);
        }
        found = &each;
        value = value_of(each.sql, each.type);
      }
      if (name == "tableoid" && source.table_oid != 0) {
        value = value_of(std::to_string(source.table_oid), type_oid::kOid);
        value.label = name;
        return value;
      }
      if (name == "xmin" && source.table_oid != 0) {
        value = value_of("1", type_oid::kXid);
        value.label = name;
        return value;
      }
    }
    if (found != nullptr) {
      value.label = name;
      value.offset = offset;
      return value;
    }
    if (!table.empty() && table_found) break;
  }
  if (!table.empty() && !table_found) {
    return fail(ErrorCode::kUndefinedIndex, "missing FROM-clause entry for table \"{}\"", table)
        .at(offset);
  }
  return fail(ErrorCode::kUndefinedColumn, "column {} does not exist",
              table.empty() ? fmt::format("\"{}\"", name) : fmt::format("{}.{}", table, name))
      .at(offset);
}

// ---- Types --------------------------------------------------------------------------------------

Result<std::uint32_t> SystemTranslator::type_name() {
  const std::size_t offset = peek().offset;
  std::string name = TRY(expect_name());
  bool quoted = tokens_[at_ - 1].kind == TokenKind::kQuotedName;
  while (accept_symbol(".")) {
    name = TRY(expect_name());
    quoted = tokens_[at_ - 1].kind == TokenKind::kQuotedName;
  }
  if (quoted && name == "char") name = "\"char\"";
  if (!quoted) {
    if ((name == "double" && accept_word("precision"))) name = "double precision";
    if ((name == "character" && accept_word("varying"))) name = "character varying";
    if (name == "timestamp" || name == "time") {
      const bool zone = is_word("with") && is_word("time", 1);
      if (zone || is_word("without")) {
        at_ += 3;
        name += zone ? " with time zone" : " without time zone";
      }
    }
  }
  if (accept_symbol("(")) {
    while (!accept_symbol(")")) {
      if (peek().kind == TokenKind::kEnd) return syntax_error();
      ++at_;
    }
  }
  const auto scalar = find_type(name);
  bool array = false;
  while (is_symbol("[") && (is_symbol("]", 1) || is_symbol("]", 2))) {
    at_ += is_symbol("]", 1) ? 2U : 3U;
    array = true;
  }
  std::optional<PostgresType> type = scalar;
  if (array && scalar) type = find_type(array_type(scalar->oid));
  if (!type) {
    return fail(ErrorCode::kUndefinedObject, "type \"{}{}\" does not exist", name,
                array ? "[]" : "")
        .at(offset);
  }
  last_type_label_ = name == "\"char\"" ? "char" : name;
  for (const TypeEntry& entry : type_entries()) {
    if (entry.oid == type->oid) last_type_label_ = entry.catalog_name;
  }
  return type->oid;
}

}  // namespace alcove::executor
