#include <algorithm>
#include <array>
#include <utility>

#include <fmt/format.h>

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

}  // namespace alcove::executor
