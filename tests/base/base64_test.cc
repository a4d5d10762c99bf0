#include "base/base64.h"

#include <gtest/gtest.h>

namespace alcove {
namespace {

TEST(Base64, EncodesAndDecodes) {
  const std::pair<std::string, std::string> pairs[] = {
      {"", ""},         {"f", "Zg=="},       {"fo", "Zm8="},
      {"foo", "Zm9v"},  {"foob", "Zm9vYg=="}, {std::string("\x00\xff\xfe", 3), "AP/+"}};
  for (const auto& [bytes, text] : pairs) {
    EXPECT_EQ(base64_encode(bytes), text);
    EXPECT_EQ(base64_decode(text), bytes);
  }
}

TEST(Base64, RefusesWhatNoEncoderMakes) {
  for (const char* text : {"Zg", "Zg=", "Zh==", "Zm9=", "Zm9v=", "====", "Z", "Zm9v\n", "Zm-v",
                           "Zg==Zg==", "=", "Zm 9v"}) {
    EXPECT_FALSE(base64_decode(text)) << text;
  }
}

}  // namespace
}  // namespace alcove
