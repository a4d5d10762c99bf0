#include "executor/constant_parameters.h"

#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "parser/parameter.h"
#include "parser/parse.h"

namespace alcove::executor {
namespace {

// The casts of the parameters, in the order in which they stand, those without one empty.
std::string casts(const std::string& text, const std::vector<std::uint32_t>& declared = {}) {
  auto statements = parser::parse(text);
  EXPECT_TRUE(statements) << text;
  infer_parameters(std::get<parser::SelectConstants>(statements->front()), declared);
  std::string all;
  for (const parser::ParameterUse& use : parser::find_parameters(statements->front())) {
    all += (all.empty() ? "" : ",") + (use.cast.empty() ? "-" : use.cast);
  }
  return all;
}

TEST(ConstantParameters, AreWhatTheFunctionTakes) {
  EXPECT_EQ(casts("SELECT pg_terminate_backend($1)"), "integer");
  EXPECT_EQ(casts("SELECT pg_cancel_backend($1)"), "integer");
  EXPECT_EQ(casts("SELECT pg_sleep($1)"), "double precision");
  EXPECT_EQ(casts("SELECT set_config($1, $2, $3)"), "text,text,boolean");
  EXPECT_EQ(casts("SELECT pg_advisory_lock($1)"), "bigint");
  EXPECT_EQ(casts("SELECT pg_advisory_lock($1, $2)"), "integer,integer");
}

TEST(ConstantParameters, OfASeriesAreItsNumbers) {
  EXPECT_EQ(casts("SELECT generate_series(1, $1)"), "integer");
  EXPECT_EQ(casts("SELECT generate_series($1, 5000000000)"), "bigint");
  EXPECT_EQ(casts("SELECT n FROM generate_series($1, $2) AS n"), "integer,integer");
  EXPECT_EQ(casts("SELECT n + $1 FROM generate_series(1, 5000000000) AS n"), "bigint");
}

TEST(ConstantParameters, AreWhatStandsAtTheOtherSideOfAnOperator) {
  EXPECT_EQ(casts("SELECT 100000 + $1"), "integer");
  EXPECT_EQ(casts("SELECT $1 - 5000000000"), "bigint");
  EXPECT_EQ(casts("SELECT 1 + 2 * $1"), "integer");
  EXPECT_EQ(casts("SELECT $1 || current_user"), "text");
  EXPECT_EQ(casts("SELECT 1 + $1 + $2"), "integer,integer");
  EXPECT_EQ(casts("SELECT $1 + $2::bigint"), "bigint,bigint");
}

TEST(ConstantParameters, AreTheSameWhereverTheyStand) {
  EXPECT_EQ(casts("SELECT $1 + 1, $1"), "integer,integer");
  EXPECT_EQ(casts("SELECT $1, $1 + 1"), "integer,integer");
  EXPECT_EQ(casts("SELECT $1::bigint, $1"), "bigint,bigint");
}

TEST(ConstantParameters, StayOpenWhereNothingTells) {
  EXPECT_EQ(casts("SELECT $1"), "-");
  EXPECT_EQ(casts("SELECT $1 + $2"), "-,-");
  EXPECT_EQ(casts("SELECT pg_typeof($1)"), "-");
  EXPECT_EQ(casts("SELECT nothing_of_the_kind($1)"), "-");
  EXPECT_EQ(casts("SELECT 'a' || $1"), "-");
}

TEST(ConstantParameters, AreWhatTheClientDeclares) {
  constexpr std::uint32_t kInt8 = 20;
  EXPECT_EQ(casts("SELECT 1 + $1", {kInt8}), "-");
  EXPECT_EQ(casts("SELECT $1 + $2", {kInt8}), "-,bigint");
  EXPECT_EQ(casts("SELECT 1 + $1", {0}), "integer");
}

}  // namespace
}  // namespace alcove::executor
