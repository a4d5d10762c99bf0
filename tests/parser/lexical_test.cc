#include "tests/parser/parsing.h"

namespace alcove::parser {
namespace {

// A value as it stands in a filter, where any may.
Value value_of(const std::string& text) {
  const auto it = parse_one<Delete>("DELETE FROM a WHERE f = " + text);
  if (!it.filter) return {};
  return std::get<FilterNode::Compare>(it.filter->nodes.at(0).what).value;
}
std::string text_of(const std::string& text) { return string_of(value_of(text)); }

void expect_no_number(const std::string& text) {
  const Error error = parse_error("DELETE FROM a WHERE f = " + text);
  EXPECT_EQ(error.code(), ErrorCode::kSyntax) << text;
  EXPECT_EQ(error.message(), "\"" + text + "\" is not a number");
  EXPECT_EQ(error.offset(), 24U);
}

TEST(Strings, DoubleTheirQuote) {
  EXPECT_EQ(text_of("'it''s'"), "it's");
  EXPECT_EQ(text_of("''"), "");
  EXPECT_EQ(text_of("'a\\n;--'"), "a\\n;--");
}

TEST(Strings, GoOnAfterALineBreak) {
  EXPECT_EQ(text_of("'a' \n 'b'"), "ab");
  EXPECT_EQ(text_of("E'a'\n'\\t'"), "a\t");
  expect_syntax_error("DELETE FROM a WHERE f = 'a' ^'b'", "syntax error at or near \"'b'\"");
}

TEST(Strings, EscapeAsPostgresqlDoes) {
  EXPECT_EQ(text_of("E'\\b\\f\\n\\r\\t\\\\\\'\\q'"), "\b\f\n\r\t\\'q");
  EXPECT_EQ(text_of("e'\\101\\7\\x41\\x4a!'"), "A\aAJ!");
  EXPECT_EQ(text_of("E'\\u00e9\\U0001F600'"), "é😀");
  EXPECT_EQ(text_of("E'\\uD83D\\uDE00'"), "😀");
  EXPECT_EQ(text_of("E'\\xc3\\xa9'"), "é");
  EXPECT_EQ(text_of("E'a''b'"), "a'b");
}

TEST(Strings, RefuseBrokenEscapes) {
  expect_syntax_error("SELECT E'^\\u12'", "invalid Unicode escape",
                      "Unicode escapes must be \\uXXXX or \\UXXXXXXXX.");
  expect_syntax_error("SELECT E'^\\u0000'", "invalid Unicode escape value");
  expect_syntax_error("SELECT E'^\\U00110000'", "invalid Unicode escape value");
  expect_syntax_error("SELECT E'\\uD83D^x'", "invalid Unicode surrogate pair");
  expect_syntax_error("SELECT E'\\uD83D^'", "invalid Unicode surrogate pair");
  expect_syntax_error("SELECT E'^\\uDE00'", "invalid Unicode surrogate pair");
  EXPECT_EQ(parse_error("SELECT E'\\xff'").code(), ErrorCode::kBadEncoding);
  EXPECT_EQ(parse_error("SELECT E'\\x00'").code(), ErrorCode::kBadEncoding);
}

TEST(Strings, AreDollarQuotedWithAnyTag) {
  EXPECT_EQ(text_of("$$it's$$"), "it's");
  EXPECT_EQ(text_of("$a$ $$ $b$ $a$"), " $$ $b$ ");
  EXPECT_EQ(text_of("$é$x$é$"), "x");
  expect_syntax_error("SELECT ^$a$ $b$", "unterminated dollar-quoted string");
}

TEST(Strings, NeedTheirEnd) {
  expect_syntax_error("SELECT ^'abc", "unterminated quoted string");
  expect_syntax_error("SELECT ^E'abc\\'", "unterminated quoted string");
  expect_syntax_error("DROP INDEX ^\"abc", "unterminated quoted name");
  expect_syntax_error("DROP INDEX ^\"\"", "zero-length delimited identifier at or near \"\"\"\"");
}

TEST(Comments, StandWhereBlanksDo) {
  EXPECT_EQ(parse_one<DropIndex>("DROP/**/INDEX--x\n/* a /* b */ ; */ tenant1--c").index.text,
            "tenant1");
  EXPECT_EQ(parse_one<DropIndex>("DROP INDEX a-b--c").index.text, "a-b");
  EXPECT_EQ(statement_count("-- nothing"), 0U);
  expect_syntax_error("DROP ^/* a /* b */", "unterminated /* comment");
}

TEST(Numbers, FollowJson) {
  EXPECT_EQ(number_of(value_of("-0.5e+3")), "-0.5e+3");
  EXPECT_EQ(std::get<Number>(value_of("2020").what).value, 2020);
  EXPECT_EQ(number_of(value_of("12345678901234567890")), "12345678901234567890");
  for (const char* text : {".5", "1.", "+1", "01", "-.5", "1e", "0x10", "12ab", "1.5.2", "-01"}) {
    expect_no_number(text);
  }
  EXPECT_EQ(parse_error("DELETE FROM a WHERE f = 1e400").code(), ErrorCode::kInvalidValue);
}

TEST(Vectors, FollowJson) {
  for (const std::string text : {".5", "1.", "+1", "01", "-.5", "1e", "12ab"}) {
    const Error error = parse_error("QUERY a NEAREST [1, " + text + "] TOP 1");
    EXPECT_EQ(error.code(), ErrorCode::kSyntax);
    EXPECT_EQ(error.message(), "\"" + text + "\" is not a number");
    EXPECT_EQ(error.offset(), 20U);
  }
  expect_syntax_error("QUERY a NEAREST [1, ^nan] TOP 1", "expected a number in the vector");
  expect_syntax_error("QUERY a NEAREST [1, ^] TOP 1", "expected a number in the vector");
  expect_syntax_error("QUERY a NEAREST [1, ^[2]] TOP 1", "expected a number in the vector");
  expect_syntax_error("QUERY a NEAREST [1 ^2] TOP 1", "expected \",\" or \"]\" in the vector");
  expect_syntax_error("QUERY a NEAREST [1, 2^", "expected \"]\" at the end of the vector");
  const Error beyond = parse_error("QUERY a NEAREST [1, -1e39] TOP 1");
  EXPECT_EQ(beyond.code(), ErrorCode::kInvalidValue);
  EXPECT_EQ(beyond.offset(), 20U);
  EXPECT_EQ(beyond.message(), "\"-1e39\" is out of range for type real");
}

TEST(Parameters, AreNumberedFromOne) {
  EXPECT_EQ(parameter_of(value_of("$65535")), 65535U);
  EXPECT_EQ(parse_error("SELECT $0").code(), ErrorCode::kUndefinedParameter);
  EXPECT_EQ(parse_error("SELECT $65536").code(), ErrorCode::kLimitExceeded);
  EXPECT_EQ(parse_error("SELECT $99999999999").code(), ErrorCode::kLimitExceeded);
  expect_syntax_error("SELECT ^$1a", "trailing junk after a parameter");
}

TEST(Casts, NameTypesAsPostgresqlSpellsThem) {
  const auto cast = [](const std::string& type) { return value_of("$1::" + type).cast; };
  EXPECT_EQ(cast("TEXT"), "text");
  EXPECT_EQ(cast("pg_catalog.int4"), "int4");
  EXPECT_EQ(cast("public.vector(3)"), "vector");
  EXPECT_EQ(cast("Double  Precision"), "double precision");
  EXPECT_EQ(cast("character varying(10)[]"), "character varying[]");
  EXPECT_EQ(cast("numeric(10, 2)"), "numeric");
  EXPECT_EQ(cast("timestamp(3) with time zone"), "timestamp with time zone");
  EXPECT_EQ(cast("real[3]"), "real[]");
  EXPECT_EQ(cast("real array"), "real[]");
  EXPECT_EQ(cast("\"vector\""), "vector");
  EXPECT_EQ(cast("int::text"), "text");
  EXPECT_EQ(value_of("CAST(CAST($1 AS int) AS text)").cast, "text");
  EXPECT_EQ(value_of("CAST($1 AS int)::text").cast, "text");
  expect_syntax_error("DELETE FROM a WHERE f = $1::^", "expected a type after \":\"");
  expect_syntax_error("DELETE FROM a WHERE f = CAST($1 ^text)", "expected AS after 1");
}

TEST(Objects, EndWhereTheirBracketsDo) {
  const auto json = [](const std::string& text) {
    return std::get<Object>(value_of(text).what).json;
  };
  EXPECT_EQ(json("{\"a\": \"}\\\"}\", \"b\": [\"{\"]}"), "{\"a\": \"}\\\"}\", \"b\": [\"{\"]}");
  EXPECT_EQ(json("{}"), "{}");
  // JSON, though no metadata: whoever binds the value says so.
  EXPECT_EQ(json("{\"a\": {\"b\": 1}}"), "{\"a\": {\"b\": 1}}");
}

TEST(Objects, AreJson) {
  for (const char* text : {"{a: 1}", "{\"a\" 1}", "{\"a\": nope}", "{\"a\": 01}", "{'a': 1}",
                           "{\"a\": 1,}", "{\"a\": 1", "{\"a", "{]"}) {
    EXPECT_EQ(parse_error("DELETE FROM a WHERE f = " + std::string(text)).code(),
              ErrorCode::kSyntax)
        << text;
  }
  EXPECT_EQ(parse_error("DELETE FROM a WHERE f = {\"a\": nope}").offset(), 30U);
  expect_syntax_error("DELETE FROM a WHERE f = ^{\"a\": 1",
                      "the object has no end: expected \"}\"");
}

TEST(Texts, AreUtf8WithoutNul) {
  const Error bad = parse_error("SELECT 'a\xff'");
  EXPECT_EQ(bad.code(), ErrorCode::kBadEncoding);
  EXPECT_EQ(bad.offset(), 9U);
  EXPECT_EQ(parse_error(std::string_view("SELECT 1\0", 9)).code(), ErrorCode::kBadEncoding);
  EXPECT_EQ(text_of("'é😀'"), "é😀");
  expect_syntax_error("^é", "syntax error at or near \"é\"");
}

TEST(Texts, HoldStatements) {
  EXPECT_EQ(statement_count(""), 0U);
  EXPECT_EQ(statement_count(" ;; ; "), 0U);
  EXPECT_EQ(statement_count("SHOW ALL;;SHOW INDEXES"), 2U);
  expect_syntax_error("SHOW INDEXES; ^bogus; SHOW ALL", "syntax error at or near \"bogus\"");
  expect_syntax_error("SHOW INDEXES ^SHOW ALL", "syntax error at or near \"SHOW\"");
  expect_syntax_error("^\"quoted\" x", "syntax error at or near \"\"quoted\"\"");
}

TEST(Texts, SayWhatOtherDatabasesStatementsAreCalledHere) {
  expect_syntax_error("^INSERT INTO x VALUES (1)", "syntax error at or near \"INSERT\"",
                      "Use UPSERT INTO index NAMESPACE name VALUES (id, vector, metadata).");
  expect_syntax_error("^truncate x", "syntax error at or near \"truncate\"",
                      "Use DELETE FROM index NAMESPACE name, or DROP NAMESPACE name FROM index.");
  expect_syntax_error("^UPSRET INTO x", "syntax error at or near \"UPSRET\"",
                      "Did you mean UPSERT?");
}

}  // namespace
}  // namespace alcove::parser
