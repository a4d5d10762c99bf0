#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

#include <gtest/gtest.h>

#include "parser/parse.h"

namespace alcove::parser {

// The one statement of a text, as a T. Fails the test where the text is anything else.
template <class T>
T parse_one(std::string_view text) {
  auto statements = parse(text);
  if (!statements) {
    ADD_FAILURE() << text << "\n" << statements.error().message();
    return T{};
  }
  if (statements->size() != 1 || !std::holds_alternative<T>(statements->front())) {
    ADD_FAILURE() << "another statement than expected: " << text;
    return T{};
  }
  return std::get<T>(std::move(statements->front()));
}

// The error of a text that must not parse.
inline Error parse_error(std::string_view text, const ParseLimits& limits = {}) {
  auto statements = parse(text, limits);
  if (statements) {
    ADD_FAILURE() << "parsed: " << text.substr(0, 200);
    return Error(ErrorCode::kInternal, "no error");
  }
  return statements.error();
}

// How many statements a text holds, none where it does not parse.
inline std::optional<std::size_t> statement_count(std::string_view text) {
  auto statements = parse(text);
  if (!statements) return std::nullopt;
  return statements->size();
}

// Expects a kSyntax error with this message where `text` has its first '^', which is taken out.
inline void expect_syntax_error(std::string text, std::string_view message,
                                std::string_view hint = {}) {
  const std::size_t offset = text.find('^');
  ASSERT_NE(offset, std::string::npos) << text;
  text.erase(offset, 1);
  const Error error = parse_error(text);
  EXPECT_EQ(error.code(), ErrorCode::kSyntax) << text;
  EXPECT_EQ(error.message(), message) << text;
  EXPECT_EQ(error.offset(), offset) << text;
  if (!hint.empty()) {
    EXPECT_EQ(error.hint(), hint) << text;
  }
}

inline std::string text_of(const NamespaceName& name) { return std::get<std::string>(name.what); }

inline std::uint32_t parameter_of(const Value& value) {
  return std::get<Parameter>(value.what).number;
}
inline std::string string_of(const Value& value) { return std::get<std::string>(value.what); }
inline std::string number_of(const Value& value) { return std::get<Number>(value.what).text; }
inline Floats floats_of(const Value& value) { return std::get<Floats>(value.what); }

}  // namespace alcove::parser
