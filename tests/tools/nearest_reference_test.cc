#include "tools/nearest_reference.h"

#include <gtest/gtest.h>

#include <cmath>

namespace alcove::tools {
namespace {

// Word 0 asks; 1 is parallel to it, 2 at 45 degrees, 3 at a right angle, 4 is opposite.
class NearestReferenceTest : public testing::Test {
 protected:
  NearestReferenceTest() {
    words_.dimension = 2;
    words_.words = {"query", "parallel", "slanted", "upright", "opposite"};
    words_.values = {1, 0, 2, 0, 1, 1, 0, 3, -1, 0};
  }

  NearestReference::Verdict judge(std::vector<Neighbour> answer) const {
    const NearestReference reference(words_, {1, 2, 3, 4});
    return reference.judge(reference.scores(0), [](std::size_t word) { return word != 3; }, 2,
                           answer);
  }

  WordVectors words_;
  const double slanted_ = std::sqrt(0.5);
};

TEST_F(NearestReferenceTest, ScoresByCosine) {
  const NearestReference reference(words_, {1, 2, 3, 4});
  const std::vector<double> scores = reference.scores(0);
  ASSERT_EQ(scores.size(), 4U);
  EXPECT_NEAR(scores[0], 1, 1e-12);
  EXPECT_NEAR(scores[1], slanted_, 1e-12);
  EXPECT_NEAR(scores[2], 0, 1e-12);
  EXPECT_NEAR(scores[3], -1, 1e-12);
}

TEST_F(NearestReferenceTest, AcceptsTheRightAnswer) {
  const auto verdict = judge({{1, 1}, {2, slanted_}});
  EXPECT_EQ(verdict.fault, "");
  EXPECT_EQ(verdict.found, 2U);
  EXPECT_EQ(verdict.expected, 2U);
}

TEST_F(NearestReferenceTest, CountsWhatIsMissing) {
  const auto verdict = judge({{1, 1}, {4, -1}});
  EXPECT_EQ(verdict.fault, "");
  EXPECT_EQ(verdict.found, 1U);
}

TEST_F(NearestReferenceTest, NoticesEveryKindOfFault) {
  EXPECT_NE(judge({{1, 1}}).fault, "") << "too few";
  EXPECT_NE(judge({{1, 1}, {2, 0.5}}).fault, "") << "a wrong score";
  EXPECT_NE(judge({{2, slanted_}, {1, 1}}).fault, "") << "a wrong order";
  EXPECT_NE(judge({{1, 1}, {3, 0}}).fault, "") << "filtered out";
  EXPECT_NE(judge({{0, 1}, {1, 1}}).fault, "") << "never stored";
  EXPECT_NE(judge({{1, 1}, {1, 1}}).fault, "") << "twice";
}

}  // namespace
}  // namespace alcove::tools
