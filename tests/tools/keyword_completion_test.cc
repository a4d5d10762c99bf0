#include "tools/keyword_completion.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace alcove::tools {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

TEST(KeywordCompletion, CompletesTheOnlyCandidateWithABlank) {
  EXPECT_EQ(complete_keyword("UPS").suffix, "ERT ");
  EXPECT_EQ(complete_keyword("QUERY a NEAR").suffix, "EST ");
}

TEST(KeywordCompletion, KeepsTheCaseThatWasBegun) {
  EXPECT_EQ(complete_keyword("ups").suffix, "ert ");
  EXPECT_EQ(complete_keyword("Near").suffix, "est ");
}

TEST(KeywordCompletion, GoesAsFarAsAllCandidatesAgree) {
  const Completion completion = complete_keyword("NAM");
  EXPECT_EQ(completion.suffix, "ESPACE");
  EXPECT_THAT(completion.candidates, ElementsAre("NAMESPACE", "NAMESPACES"));
  EXPECT_EQ(complete_keyword("DESC").suffix, "RIBE ");
}

TEST(KeywordCompletion, OffersNothingForNothingUnknownWordsAndStrings) {
  for (const char* line : {"", "SELECT ", "xyz", "WHERE id = 'de"}) {
    EXPECT_EQ(complete_keyword(line).suffix, "") << line;
    EXPECT_THAT(complete_keyword(line).candidates, IsEmpty()) << line;
  }
}

}  // namespace
}  // namespace alcove::tools
