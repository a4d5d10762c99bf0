#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

#include <fmt/format.h>

#include "executor/constant_function.h"
#include "executor/postgres_type.h"
#include "executor/system_translator.h"

// Expressions, by how closely their operators bind: OR, AND, NOT, IS, comparisons, LIKE and IN, other
// operators, sums, products, signs, casts.

namespace alcove::executor {
namespace {

using Token = parser::SqlToken;
using TokenKind = Token::Kind;

bool is_one_of(std::string_view text, std::span<const std::string_view> words) {
  return std::find(words.begin(), words.end(), text) != words.end();
}

constexpr std::array<std::string_view, 7> kComparisons = {"=", "<>", "!=", "<", ">", "<=", ">="};
constexpr std::array<std::string_view, 2> kSums = {"+", "-"};
constexpr std::array<std::string_view, 3> kProducts = {"*", "/", "%"};
constexpr std::array<std::string_view, 10> kNoOperators = {"(", ")", "[", "]", ",",
                                                           ";", ".", ":", "::", "^"};

std::string words_of(const std::vector<SystemExpression>& arguments) {
  std::string words;
  for (const SystemExpression& argument : arguments) {
    if (!words.empty()) words += ", ";
    words += type_words(argument.type);
  }
  return words;
}

std::uint32_t oid_of(ConstantType type) { return find_type(type_name(type))->oid; }

Error no_function(std::string_view name, const std::vector<SystemExpression>& arguments,
                  std::size_t offset) {
  return fail(ErrorCode::kUndefinedFunction, "function {}({}) does not exist", name,
              words_of(arguments))
      .at(offset);
}

Result<SystemExpression> join_truths(SystemExpression left, std::string_view word,
                                     SystemExpression right) {
  SystemExpression joined = value_of(std::move(left.sql), type_oid::kBool);
  joined.sql.insert(0, "(");
  joined.sql += fmt::format(" {} {})", word, right.sql);
  joined.offset = left.offset;
  joined.depth = std::max(left.depth, right.depth) + 1;
  if (joined.depth > kExpressionDepthMax) {
    return fail(ErrorCode::kNestedTooDeep, "an expression is more than {} operators deep",
                kExpressionDepthMax)
        .at(left.offset);
  }
  return joined;
}

}  // namespace

// ---- Truth --------------------------------------------------------------------------------------

Status SystemTranslator::truth(SystemExpression& expression, std::string_view where) {
  TRY(settle(expression, type_oid::kBool, parameter_types()));
  if (expression.type == type_oid::kBool) return {};
  return fail(ErrorCode::kWrongType, "argument of {} must be type boolean, not type {}", where,
              type_words(expression.type))
      .at(expression.offset);
}

Result<SystemExpression> SystemTranslator::expression() {
  const Nesting nesting(shared_);
  TRY(nesting.entered(peek().offset));
  SystemExpression left = TRY(conjunction());
  while (is_word("or")) {
    TRY(truth(left, "OR"));
    ++at_;
    SystemExpression right = TRY(conjunction());
    TRY(truth(right, "OR"));
    left = TRY(join_truths(std::move(left), "OR", std::move(right)));
  }
  return left;
}

Result<SystemExpression> SystemTranslator::conjunction() {
  SystemExpression left = TRY(negation());
  while (is_word("and")) {
    TRY(truth(left, "AND"));
    ++at_;
    SystemExpression right = TRY(negation());
    TRY(truth(right, "AND"));
    left = TRY(join_truths(std::move(left), "AND", std::move(right)));
  }
  return left;
}

Result<SystemExpression> SystemTranslator::negation() {
  std::size_t count = 0;
  while (accept_word("not")) ++count;
  SystemExpression value = TRY(condition());
  if (count == 0) return value;
  TRY(truth(value, "NOT"));
  value.sql = fmt::format("({} {})", count % 2 == 1 ? "NOT" : "NOT NOT", value.sql);
  value.label = "?column?";
  value.depth += 2;
  return value;
}

// IS, and below it comparisons, LIKE, IN and BETWEEN, which do not associate.
Result<SystemExpression> SystemTranslator::condition() {
  SystemExpression left = TRY(operators(0));
  while (true) {
    if (is_word("is") || is_word("isnull") || is_word("notnull")) {
      left = TRY(is_what(std::move(left)));
      continue;
    }
    const bool negated = is_word("not") && (is_word("in", 1) || is_word("like", 1) ||
                                            is_word("ilike", 1) || is_word("between", 1));
    if (negated) ++at_;
    if (accept_word("in")) {
      left = TRY(in_list(std::move(left), negated));
    } else if (is_word("like") || is_word("ilike")) {
      const std::string symbol = fmt::format("{}~~{}", negated ? "!" : "",
                                             is_word("ilike") ? "*" : "");
      ++at_;
      SystemExpression pattern = TRY(operators(0));
      if (accept_word("escape")) {
        SystemExpression escape = TRY(operators(0));
        TRY(settle(pattern, type_oid::kText, parameter_types()));
        TRY(settle(escape, type_oid::kText, parameter_types()));
        pattern.sql = fmt::format("pg_like_escape({}, {})", pattern.sql, escape.sql);
        ++pattern.depth;
      }
      left = TRY(apply_binary(symbol, std::move(left), std::move(pattern), parameter_types()));
    } else if (accept_word("between")) {
      left = TRY(between(std::move(left), negated));
    } else if (peek().kind == TokenKind::kSymbol && is_one_of(peek().text, kComparisons)) {
      const std::string symbol = peek().text;
      ++at_;
      if (is_word("any") || is_word("some") || is_word("all")) {
        left = TRY(quantified(symbol, std::move(left)));
        continue;
      }
      SystemExpression right = TRY(operators(0));
      left = TRY(apply_binary(symbol, std::move(left), std::move(right), parameter_types()));
    } else {
      return left;
    }
  }
}

Result<SystemExpression> SystemTranslator::is_what(SystemExpression left) {
  bool negated = accept_word("notnull");
  std::string_view what = "NULL";
  std::string other;
  if (!negated && !accept_word("isnull")) {
    ++at_;
    negated = accept_word("not");
    if (accept_word("distinct")) {
      TRY(expect_word("from"));
      SystemExpression right = TRY(operators(0));
      TRY(settle_operands(left, right, "=", parameter_types()));
      negated = !negated;
      other = right.sql;
      what = other;
    } else if (accept_word("true")) {
      TRY(truth(left, "IS TRUE"));
      what = "TRUE";
    } else if (accept_word("false")) {
      TRY(truth(left, "IS FALSE"));
      what = "FALSE";
    } else if (!accept_word("unknown")) {
      TRY(expect_word("null"));
    }
  }
  TRY(settle(left, type_oid::kText, parameter_types()));
  SystemExpression result =
      value_of(fmt::format("({} IS {}{})", left.sql, negated ? "NOT " : "", what), type_oid::kBool);
  result.depth = left.depth + 1;
  result.offset = left.offset;
  return result;
}

Result<SystemExpression> SystemTranslator::in_list(SystemExpression left, bool negated) {
  TRY(expect_symbol("("));
  std::string list;
  if (begins_query()) {
    const Query query = TRY(this->query());
    if (query.outputs.size() == 1) {
      SystemExpression element = value_of({}, query.outputs.front().type);
      TRY(settle_operands(left, element, "=", parameter_types()));
    }
    list = query.sql;
  } else {
    std::vector<SystemExpression> items;
    do {
      SystemExpression item = TRY(expression());
      items.push_back(std::move(item));
    } while (accept_symbol(","));
    if (left.is_untyped()) TRY(settle(left, items.front().type, parameter_types()));
    for (SystemExpression& item : items) {
      TRY(settle_operands(left, item, "=", parameter_types()));
      list += (list.empty() ? "" : ", ") + item.sql;
    }
    if (left.type == type_oid::kRecord) list.insert(0, "VALUES ");  // SQLite wants rows there
  }
  TRY(expect_symbol(")"));
  SystemExpression result = value_of(
      fmt::format("({} {}IN ({}))", left.sql, negated ? "NOT " : "", list), type_oid::kBool);
  result.depth = left.depth + 2;
  result.offset = left.offset;
  return result;
}

Result<SystemExpression> SystemTranslator::between(SystemExpression left, bool negated) {
  SystemExpression low = TRY(operators(0));
  TRY(expect_word("and"));
  SystemExpression high = TRY(operators(0));
  TRY(settle_operands(left, low, "<=", parameter_types()));
  TRY(settle_operands(left, high, "<=", parameter_types()));
  SystemExpression result =
      value_of(fmt::format("({} {}BETWEEN {} AND {})", left.sql, negated ? "NOT " : "", low.sql,
                           high.sql),
               type_oid::kBool);
  result.depth = std::max({left.depth, low.depth, high.depth}) + 1;
  return result;
}

Result<SystemExpression> SystemTranslator::quantified(std::string_view symbol,
                                                      SystemExpression left) {
  const bool all = is_word("all");
  ++at_;
  if (is_symbol("(") && begins_query(1)) {
    if (!(symbol == "=" && !all) && !(symbol == "<>" && all)) {
      return not_supported("ANY or ALL of a subquery with this operator");
    }
    return in_list(std::move(left), all);
  }
  TRY(expect_symbol("("));
  SystemExpression array = TRY(expression());
  TRY(expect_symbol(")"));
  return apply_quantified(symbol, all, std::move(left), std::move(array), parameter_types());
}

// ---- Operators ----------------------------------------------------------------------------------

// Levels: 0 the operators that PostgreSQL lists nowhere (`||`, `~`), 1 sums, 2 products.
Result<SystemExpression> SystemTranslator::operators(int level) {
  if (level == 3) return unary();
  SystemExpression left = TRY(operators(level + 1));
  while (true) {
    std::string symbol;
    const std::size_t begin = at_;
    if (level == 0 && is_word("operator") && is_symbol("(", 1)) {
      at_ += 2;
      while (is_name()) {
        ++at_;
        TRY(expect_symbol("."));
      }
      symbol = peek().text;
      ++at_;
      TRY(expect_symbol(")"));
    } else if (peek().kind == TokenKind::kSymbol) {
      const std::string& text = peek().text;
      const bool sum = is_one_of(text, kSums);
      const bool product = is_one_of(text, kProducts);
      const bool other = !sum && !product && !is_one_of(text, kComparisons) &&
                         !is_one_of(text, kNoOperators);
      if ((level == 0 && other) || (level == 1 && sum) || (level == 2 && product)) {
        symbol = text;
        ++at_;
      }
    }
    if (symbol.empty()) return left;
    if (is_word("any") || is_word("all")) return not_supported("ANY or ALL with this operator");
    SystemExpression right = TRY(operators(level + 1));
    if (left.offset == 0) left.offset = tokens_[begin].offset;
    left = TRY(apply_binary(symbol, std::move(left), std::move(right), parameter_types()));
    if (left.depth > kExpressionDepthMax) {
      return fail(ErrorCode::kNestedTooDeep, "an expression is more than {} operators deep",
                  kExpressionDepthMax)
          .at(tokens_[begin].offset);
    }
  }
}

Result<SystemExpression> SystemTranslator::unary() {
  bool negative = false;
  bool has_sign = false;
  while (is_symbol("-") || is_symbol("+")) {
    has_sign = true;
    if (is_symbol("-")) negative = !negative;
    ++at_;
  }
  SystemExpression value = TRY(postfix());
  if (!has_sign) return value;
  TRY(settle(value, type_oid::kInt4, parameter_types()));
  if (negative) value.sql = "(-" + value.sql + ')';
  return value;
}

Result<SystemExpression> SystemTranslator::postfix() {
  SystemExpression value = TRY(primary());
  while (true) {
    if (accept_symbol("::")) {
      const std::uint32_t type = TRY(type_name());
      if (value.label == "?column?") value.label = last_type_label_;
      value = TRY(cast_to(std::move(value), type, parameter_types()));
    } else if (is_symbol("[")) {
      ++at_;
      SystemExpression index = TRY(expression());
      TRY(settle(index, type_oid::kInt4, parameter_types()));
      if (is_symbol(":")) return not_supported("a slice of an array");
      TRY(expect_symbol("]"));
      const bool from_zero =
          value.type == type_oid::kInt2Vector || value.type == type_oid::kOidVector;
      const std::uint32_t element = element_type(value.type);
      if (element == 0) {
        return fail(ErrorCode::kWrongType, "cannot subscript type {} because it is not an array",
                    type_words(value.type))
            .at(value.offset);
      }
      value.sql = fmt::format("json_extract({}, '$[' || ({}{}) || ']')", value.sql, index.sql,
                              from_zero ? "" : " - 1");
      value.type = element;
      value.depth = std::max(value.depth, index.depth) + 3;
    } else if (value.type == type_oid::kRecord && is_symbol(".")) {
      ++at_;
      const std::string field = TRY(expect_name());
      if (field != "x" && field != "n") return syntax_error();
      value.sql = fmt::format("json_extract({}, '$.{}')", value.sql, field);
      value.type = type_oid::kInt4;
      value.label = field;
      ++value.depth;
    } else if (is_word("collate")) {
      ++at_;
      do {
        TRY(expect_name());
      } while (accept_symbol("."));
    } else if (is_word("at") && is_word("time", 1)) {
      return not_supported("AT TIME ZONE");
    } else {
      return value;
    }
    if (value.depth > kExpressionDepthMax) {
      return fail(ErrorCode::kNestedTooDeep, "an expression is too deep").at(peek().offset);
    }
  }
}

// ---- Values -------------------------------------------------------------------------------------

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
  TRY(settle(first, type_oid::kText, parameter_types()));
  SystemExpression row = value_of('(' + first.sql, type_oid::kRecord);
  row.depth = first.depth + 1;
  while (accept_symbol(",")) {
    SystemExpression next = TRY(expression());
    TRY(settle(next, type_oid::kText, parameter_types()));
    row.sql += ", " + next.sql;
    row.depth = std::max(row.depth, next.depth + 1);
  }
  TRY(expect_symbol(")"));
  row.sql += ')';
  row.offset = offset;
  return row;
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

// ---- Calls --------------------------------------------------------------------------------------

// ( [DISTINCT] argument, … [ORDER BY …] ), with `*` as no argument. `order` is what pg_array_agg()
// and pg_string_agg() take for it.
Status SystemTranslator::arguments(std::vector<SystemExpression>& arguments, std::string& order) {
  TRY(expect_symbol("("));
  Select* const select = std::exchange(select_, nullptr);
  const auto read = [&]() -> Status {
    if (accept_symbol(")")) return {};
    if (is_symbol("*") && is_symbol(")", 1)) {
      at_ += 2;
      return {};
    }
    do {
      accept_word("variadic");
      SystemExpression argument = TRY(expression());
      arguments.push_back(std::move(argument));
    } while (accept_symbol(","));
    if (accept_word("order")) {
      TRY(expect_word("by"));
      std::string directions;
      const std::string keys = TRY(order_keys(directions));
      order = fmt::format("'{}', {}", directions, keys);
    }
    return expect_symbol(")");
  };
  const Status status = read();
  select_ = select;
  return status;
}

Result<std::string> SystemTranslator::order_keys(std::string& directions) {
  std::string keys;
  do {
    SystemExpression key = TRY(expression());
    TRY(settle(key, type_oid::kText, parameter_types()));
    keys += (keys.empty() ? "" : ", ") + key.sql;
    const bool descending = accept_word("desc");
    if (!descending) accept_word("asc");
    directions += descending ? 'd' : 'a';
    if (accept_word("nulls") && !accept_word("first")) TRY(expect_word("last"));
  } while (accept_symbol(","));
  return keys;
}

Result<SystemExpression> SystemTranslator::call(const std::string& name, std::size_t offset) {
  std::vector<SystemExpression> values;
  std::string order;
  const bool distinct = is_word("distinct", 1);
  if (distinct) {
    // Behind its bracket: taken away for the arguments' sake.
    TRY(expect_symbol("("));
    ++at_;
    do {
      SystemExpression value = TRY(expression());
      values.push_back(std::move(value));
    } while (accept_symbol(","));
    if (accept_word("order")) return not_supported("DISTINCT with ORDER BY in a function");
    TRY(expect_symbol(")"));
  } else {
    TRY(arguments(values, order));
  }
  const SystemFunction* const function = find_system_function(name, values.size());
  if (function == nullptr) return constant_call(name, std::move(values), offset);
  if (distinct && values.size() > 1) return not_supported("DISTINCT of several arguments");
  SystemExpression value =
      TRY(finish_call(*function, std::move(values), distinct, order, offset));
  if (function->kind == SystemFunction::Kind::kSet) {
    SystemExpression element = TRY(set_item(*function, value));
    element.label = name;
    return element;
  }
  value.label = name;
  value.offset = offset;
  if (function->kind != SystemFunction::Kind::kScalar) TRY(after_call(value.sql));
  return value;
}

Status SystemTranslator::settle_arguments(const SystemFunction& function,
                                          std::vector<SystemExpression>& arguments) {
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    const std::uint32_t parameter =
        function.parameters[std::min(i, function.parameters.size() - 1)];
    SystemExpression& argument = arguments[i];
    if (parameter == SystemFunction::kAny) {
      const bool like_first = i > 0 && !arguments.front().is_untyped() &&
                              function.result == SystemFunction::kFirst;
      TRY(settle(argument, like_first ? arguments.front().type : type_oid::kText,
                 parameter_types()));
    } else if (parameter == SystemFunction::kAnyArray) {
      TRY(settle(argument, type_oid::kTextArray, parameter_types()));
      if (!is_array(argument.type)) return no_function(function.name, arguments, argument.offset);
    } else {
      TRY(settle(argument, parameter, parameter_types()));
      SystemExpression of_type = value_of({}, parameter);
      if (!settle_operands(argument, of_type, "=", parameter_types())) {
        return no_function(function.name, arguments, argument.offset);
      }
    }
  }
  return {};
}

Result<SystemExpression> SystemTranslator::finish_call(const SystemFunction& function,
                                                       std::vector<SystemExpression> arguments,
                                                       bool distinct, const std::string& order,
                                                       std::size_t offset) {
  TRY(settle_arguments(function, arguments));
  std::string all;
  std::uint32_t depth = 1;
  for (const SystemExpression& argument : arguments) {
    all += (all.empty() ? "" : ", ") + argument.sql;
    depth = std::max(depth, argument.depth);
  }
  if (function.name == "count" && all.empty()) all = "*";
  if (distinct) all = "DISTINCT " + all;
  std::string sql;
  for (std::size_t at = 0; at < function.sql.size(); ++at) {
    const std::string_view rest = function.sql.substr(at);
    if (rest.starts_with("$*")) {
      sql += all;
      ++at;
    } else if (rest.starts_with(", $order")) {
      if (!order.empty()) sql += ", " + order;
      at += 7;
    } else if (rest.front() != '$') {
      sql += rest.front();
    } else {
      const auto number = static_cast<std::size_t>(rest[1] - '1');
      const bool first = distinct && number == 0;
      if (first) sql += "DISTINCT ";
      sql += arguments.at(number).sql;
      ++at;
    }
  }
  const std::uint32_t first = arguments.empty() ? type_oid::kText : arguments.front().type;
  std::uint32_t type = function.result;
  if (function.kind == SystemFunction::Kind::kSet) type = first;
  if (type == SystemFunction::kFirst) type = first;
  if (type == SystemFunction::kElement) type = element_type(first);
  if (type == SystemFunction::kArray) {
    type = array_type(first);
    if (type == 0) type = type_oid::kTextArray;
  }
  SystemExpression value = value_of(std::move(sql), type);
  value.offset = offset;
  value.depth = depth + 3;
  return value;
}

// One of constant_function.h, by its number in what they are called through.
Result<SystemExpression> SystemTranslator::constant_call(const std::string& name,
                                                         std::vector<SystemExpression> arguments,
                                                         std::size_t offset) {
  std::vector<ConstantType> types;
  for (const SystemExpression& argument : arguments) {
    const auto type = find_type(argument.type);
    if (!type || !type->constant) return no_function(name, arguments, offset);
    types.push_back(*type->constant);
  }
  const auto function = find_function(name, types);
  if (!function) return function.error().at(offset);
  if ((*function)->result == ConstantType::kVoid || name == "pg_typeof") {
    return not_supported(name + "()");
  }
  std::string sql = fmt::format("pg_constant({}", function_number(**function));
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    TRY(settle(arguments[i], oid_of(*(*function)->parameters[i]), parameter_types()));
    sql += ", " + arguments[i].sql;
  }
  SystemExpression value = value_of(sql + ')', oid_of((*function)->result));
  value.label = name;
  value.offset = offset;
  return value;
}

// A function that makes rows stands among a SELECT's items: it is joined to what it selects from. The
// second goes in step with the first.
Result<SystemExpression> SystemTranslator::set_item(const SystemFunction& function,
                                                    const SystemExpression& array) {
  if (select_ == nullptr) {
    return not_supported(fmt::format("{}() here", function.name));
  }
  Select& select = *select_;
  const std::string alias_sql = next_alias();
  const std::string source = fmt::format("json_each({}) AS {}", array.sql, alias_sql);
  if (select.from.empty()) {
    select.from = source;
  } else if (select.first_set.empty()) {
    select.from += " JOIN " + source;
  } else {
    select.from += fmt::format(" JOIN {} ON {}.key = {}.key", source, alias_sql, select.first_set);
  }
  if (select.first_set.empty()) select.first_set = alias_sql;
  return element_of_set(function, array, alias_sql);
}

// [FILTER (WHERE …)] [OVER ([PARTITION BY …] [ORDER BY …])]
Status SystemTranslator::after_call(std::string& sql) {
  if (is_word("filter") && is_symbol("(", 1)) {
    at_ += 2;
    TRY(expect_word("where"));
    SystemExpression where = TRY(expression());
    TRY(truth(where, "FILTER"));
    TRY(expect_symbol(")"));
    sql += fmt::format(" FILTER (WHERE {})", where.sql);
  }
  if (!accept_word("over")) return {};
  TRY(expect_symbol("("));
  sql += " OVER (";
  if (accept_word("partition")) {
    TRY(expect_word("by"));
    std::string_view separator = "PARTITION BY ";
    do {
      SystemExpression key = TRY(expression());
      TRY(settle(key, type_oid::kText, parameter_types()));
      sql += fmt::format("{}{}", separator, key.sql);
      separator = ", ";
    } while (accept_symbol(","));
    sql += ' ';
  }
  if (accept_word("order")) {
    TRY(expect_word("by"));
    Query nothing;
    Select over;
    TRY(order_by(&over, nothing, sql));
  }
  sql += ')';
  return expect_symbol(")");
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
