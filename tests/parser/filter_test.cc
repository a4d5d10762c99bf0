#include "tests/parser/parsing.h"

namespace alcove::parser {
namespace {

Filter filter_of(const std::string& condition) {
  return parse_one<Delete>("DELETE FROM a WHERE " + condition).filter.value_or(Filter{});
}

std::string subject_text(const FilterSubject& subject) {
  switch (subject.kind) {
    case FilterSubject::Kind::kId: return "ID";
    case FilterSubject::Kind::kValues: return "VALUES";
    case FilterSubject::Kind::kMetadata: return "METADATA";
    case FilterSubject::Kind::kField: return subject.field;
  }
  return "?";
}

// The nodes in order, by what they are: `year>= genre= AND`.
std::string postfix(const std::string& condition) {
  struct Words {
    std::string operator()(const FilterNode::Compare& it) const {
      constexpr const char* kSymbols[] = {"=", "<>", "<", "<=", ">", ">="};
      return subject_text(it.subject) + kSymbols[static_cast<std::size_t>(it.comparison)];
    }
    std::string operator()(const FilterNode::In& it) const {
      return subject_text(it.subject) + (it.negated ? " not in " : " in ") +
             std::to_string(it.values.size());
    }
    std::string operator()(const FilterNode::EqualAny& it) const {
      return subject_text(it.subject) + " any";
    }
    std::string operator()(const FilterNode::Contains& it) const {
      return subject_text(it.subject) + " contains";
    }
    std::string operator()(const FilterNode::Exists& it) const {
      return subject_text(it.subject) + " exists";
    }
    std::string operator()(const FilterNode::IsNull& it) const {
      return subject_text(it.subject) + (it.negated ? " is not null" : " is null");
    }
    std::string operator()(const FilterNode::Like& it) const {
      return subject_text(it.subject) + (it.negated ? " not like" : " like");
    }
    std::string operator()(FilterNode::Not) const { return "NOT"; }
    std::string operator()(FilterNode::And) const { return "AND"; }
    std::string operator()(FilterNode::Or) const { return "OR"; }
  };
  std::string text;
  for (const FilterNode& node : filter_of(condition).nodes) {
    text += (text.empty() ? "" : "; ") + std::visit(Words(), node.what);
  }
  return text;
}

TEST(Filter, KnowsEveryPredicate) {
  EXPECT_EQ(postfix("f = 1"), "f=");
  EXPECT_EQ(postfix("f <> 1"), "f<>");
  EXPECT_EQ(postfix("f != 1"), "f<>");
  EXPECT_EQ(postfix("f<-1"), "f<");
  EXPECT_EQ(postfix("f<=1"), "f<=");
  EXPECT_EQ(postfix("f>1"), "f>");
  EXPECT_EQ(postfix("f>=1"), "f>=");
  EXPECT_EQ(postfix("f IN (1, 'a', $1)"), "f in 3");
  EXPECT_EQ(postfix("f NOT IN (1)"), "f not in 1");
  EXPECT_EQ(postfix("f = ANY($1)"), "f any");
  EXPECT_EQ(postfix("f = ANY(ARRAY['a'])"), "f any");
  EXPECT_EQ(postfix("f CONTAINS 'x'"), "f contains");
  EXPECT_EQ(postfix("f EXISTS"), "f exists");
  EXPECT_EQ(postfix("f IS NULL"), "f is null");
  EXPECT_EQ(postfix("f IS NOT NULL"), "f is not null");
  EXPECT_EQ(postfix("id LIKE 'a%'"), "ID like");
  EXPECT_EQ(postfix("id NOT LIKE 'a%'"), "ID not like");
}

TEST(Filter, BindsNotBeforeAndBeforeOr) {
  EXPECT_EQ(postfix("a=1 OR b=1 AND c=1"), "a=; b=; c=; AND; OR");
  EXPECT_EQ(postfix("a=1 AND b=1 OR c=1"), "a=; b=; AND; c=; OR");
  EXPECT_EQ(postfix("NOT a=1 AND b=1"), "a=; NOT; b=; AND");
  EXPECT_EQ(postfix("NOT (a=1 AND b=1)"), "a=; b=; AND; NOT");
  EXPECT_EQ(postfix("(a=1 OR b=1) AND c=1"), "a=; b=; OR; c=; AND");
  EXPECT_EQ(postfix("NOT NOT a=1"), "a=; NOT; NOT");
  EXPECT_EQ(postfix("a=1 AND b=1 AND c=1"), "a=; b=; AND; c=; AND");
}

TEST(Filter, TellsTheRecordsPartsFromFields) {
  EXPECT_EQ(postfix("Id = 'a'"), "ID=");
  EXPECT_EQ(postfix("\"id\" = 'a'"), "id=");
  EXPECT_EQ(postfix("metadata.id = 'a'"), "id=");
  EXPECT_EQ(postfix("METADATA.\"a b\" = 'a'"), "a b=");
  EXPECT_EQ(postfix("METADATA IS NULL"), "METADATA is null");
  EXPECT_EQ(postfix("values IS NULL"), "VALUES is null");
  EXPECT_EQ(postfix("\"metadata\" = 1"), "metadata=");
}

TEST(Filter, FieldsCalledLikeOperatorsAreQuotedOrPrefixed) {
  for (const std::string word : {"EXISTS", "in", "LIKE", "Is", "CONTAINS"}) {
    EXPECT_EQ(postfix("\"" + word + "\" = 1"), word + "=");
    EXPECT_EQ(postfix("metadata." + word + " = 1"), word + "=");
    const std::string hint =
        "A field of that name is written \"" + word + "\" or metadata." + word + ".";
    expect_syntax_error("DELETE FROM a WHERE ^" + word + " = 1",
                        "expected a field, and " + word + " is an operator", hint);
  }
  EXPECT_EQ(postfix("\"NOT\" = 1 AND metadata.not = 1"), "NOT=; not=; AND");
  expect_syntax_error("DELETE FROM a WHERE NOT ^= 1", "expected a condition after NOT");
  EXPECT_EQ(postfix("and = 1 AND or = 2"), "and=; or=; AND");
}

TEST(Filter, TakesTheLongestFieldName) {
  EXPECT_EQ(postfix("first-seen-2=1"), "first-seen-2=");
  EXPECT_EQ(postfix("2020=1"), "2020=");
}

TEST(Filter, KeepsOperandsWithCastsAndOffsets) {
  const Filter filter = filter_of("year >= '2020'::int");
  const auto& compare = std::get<FilterNode::Compare>(filter.nodes.at(0).what);
  EXPECT_EQ(string_of(compare.value), "2020");
  EXPECT_EQ(compare.value.cast, "int");
  EXPECT_EQ(compare.subject.offset, 20U);
  EXPECT_EQ(compare.value.offset, 28U);
}

TEST(Filter, ComparesNothingWithNull) {
  const char* const message = "nothing can be compared with NULL";
  const char* const hint = "Use IS NULL or IS NOT NULL.";
  expect_syntax_error("DELETE FROM a WHERE f = ^NULL", message, hint);
  expect_syntax_error("DELETE FROM a WHERE f <> ^null::text", message, hint);
  expect_syntax_error("DELETE FROM a WHERE f < ^CAST(NULL AS int)", message, hint);
  expect_syntax_error("DELETE FROM a WHERE f IN (1, ^NULL)", message, hint);
  expect_syntax_error("DELETE FROM a WHERE f NOT IN (^NULL)", message, hint);
}

TEST(Filter, ErrorsSayWhatWasExpected) {
  expect_syntax_error("DELETE FROM a WHERE f^", "expected an operator after f");
  expect_syntax_error("DELETE FROM a WHERE f =^= 1", "expected a value after \"=\"");
  expect_syntax_error("DELETE FROM a WHERE f = ^b", "expected a value after \"=\"");
  expect_syntax_error("DELETE FROM a WHERE f IN ^1", "expected \"(\" after IN");
  expect_syntax_error("DELETE FROM a WHERE f IN (^)", "expected a value after \"(\"");
  expect_syntax_error("DELETE FROM a WHERE f NOT ^= 1", "expected IN or LIKE after NOT");
  expect_syntax_error("DELETE FROM a WHERE f IS ^TRUE", "expected NULL after IS");
  expect_syntax_error("DELETE FROM a WHERE (f = 1^", "expected \")\" after 1");
  expect_syntax_error("DELETE FROM a WHERE f = 1 AND ^", "expected a condition after AND");
  expect_syntax_error("DELETE FROM a WHERE f = 1 ^& g = 2", "syntax error at or near \"&\"");
  expect_syntax_error("DELETE FROM a WHERE 1 ^+ f = 2", "expected an operator after 1");
  expect_syntax_error("DELETE FROM a WHERE metadata.^= 1", "expected a field after metadata.");
}

TEST(Filter, LimitsNestingAndItems) {
  const ParseLimits limits{.filter_nesting_max = 3, .in_items_max = 2};
  const auto code = [&limits](const std::string& condition) {
    const auto statements = parse("DELETE FROM a WHERE " + condition, limits);
    return statements ? std::nullopt : std::optional(statements.error().code());
  };
  EXPECT_EQ(code("(((f = 1)))"), std::nullopt);
  EXPECT_EQ(code("((((f = 1))))"), ErrorCode::kNestedTooDeep);
  EXPECT_EQ(code("NOT (NOT f = 1) AND NOT NOT NOT f = 1"), std::nullopt);
  EXPECT_EQ(code("NOT NOT NOT NOT f = 1"), ErrorCode::kNestedTooDeep);
  EXPECT_EQ(code("f IN (1, 2)"), std::nullopt);
  EXPECT_EQ(code("f IN (1, 2, 3)"), ErrorCode::kLimitExceeded);
  EXPECT_EQ(code("f = ANY(ARRAY[1, 2, 3])"), ErrorCode::kLimitExceeded);
}

}  // namespace
}  // namespace alcove::parser
