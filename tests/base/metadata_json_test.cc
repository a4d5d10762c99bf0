#include <bit>
#include <cmath>
#include <limits>
#include <optional>
#include <random>
#include <string>
#include <string_view>

#include <gtest/gtest.h>

#include "base/metadata.h"

namespace alcove {
namespace {

using namespace std::string_view_literals;

std::string canonical(std::string_view json) {
  const Result<Metadata> metadata = Metadata::parse_json(json);
  EXPECT_TRUE(metadata.has_value()) << json << ": " << metadata.error().message();
  return metadata ? metadata->view().to_json() : std::string();
}

void expect_error(std::string_view json, ErrorCode code, std::size_t offset) {
  const Result<Metadata> metadata = Metadata::parse_json(json);
  ASSERT_FALSE(metadata.has_value()) << json;
  EXPECT_EQ(metadata.error().code(), code) << json << ": " << metadata.error().message();
  EXPECT_EQ(metadata.error().offset(), offset) << json << ": " << metadata.error().message();
}

void expect_not_json(std::string_view json, std::size_t offset) {
  expect_error(json, ErrorCode::kInvalidText, offset);
}

void expect_not_metadata(std::string_view json, std::size_t offset) {
  expect_error(json, ErrorCode::kInvalidValue, offset);
}

TEST(MetadataJson, IsPrintedAsPostgresPrintsJsonb) {
  EXPECT_EQ(canonical(R"({"genre":"comedy","year":2020,"tags":["x","y"],"ok":true,"no":false})"),
            R"({"no": false, "ok": true, "tags": ["x", "y"], "year": 2020, "genre": "comedy"})");
  EXPECT_EQ(canonical(R"({"a": [], "b": [""], "c": ""})"), R"({"a": [], "b": [""], "c": ""})");
  EXPECT_EQ(canonical(" \t\r\n{ \"a\" : 1 , \"b\" : [ \"x\" , \"y\" ] } \n"),
            R"({"a": 1, "b": ["x", "y"]})");
}

TEST(MetadataJson, OrdersKeysByLengthThenBytes) {
  EXPECT_EQ(canonical(R"({"é": 1, "aaa": 2, "b": 3, "zz": 4, "B": 5, "": 6})"),
            R"({"": 6, "B": 5, "b": 3, "zz": 4, "é": 1, "aaa": 2})");
}

TEST(MetadataJson, TheLastOfADuplicateKeyWins) {
  EXPECT_EQ(canonical(R"({"a": 1, "b": 2, "a": "x"})"), R"({"a": "x", "b": 2})");
  EXPECT_EQ(canonical(R"({"a": 1, "\u0061": 2})"), R"({"a": 2})");
}

TEST(MetadataJson, ANullMemberIsAbsent) {
  EXPECT_EQ(canonical(R"({"a": null, "b": 1})"), R"({"b": 1})");
  EXPECT_EQ(canonical(R"({"a": 1, "a": null})"), "{}");
  EXPECT_EQ(canonical(R"({"a": null, "a": 1})"), R"({"a": 1})");
}

TEST(MetadataJson, UnescapesStringsAndKeys) {
  EXPECT_EQ(canonical(R"({"k\u00e9y": "\"\\\/\b\f\n\r\t"})"), R"({"kéy": "\"\\/\b\f\n\r\t"})");
  EXPECT_EQ(canonical(R"({"a": "\u0041\u00e9\u20ac\uD83D\uDE00\udbff\udfff"})"),
            "{\"a\": \"Aé€😀\U0010FFFF\"}");
}

TEST(MetadataJson, EscapesOnlyWhatJsonMust) {
  EXPECT_EQ(canonical(R"({"a": "\u0001\u001f\u007f/é"})"), "{\"a\": \"\\u0001\\u001f\x7f/é\"}");
}

TEST(MetadataJson, RefusesBrokenEscapes) {
  expect_not_json(R"({"a": "\x"})", 7);
  expect_not_json(R"({"a": "\u12"})", 7);
  expect_not_json(R"({"a": "\u12g4"})", 7);
  expect_not_json(R"({"a": "\u-123"})", 7);
  expect_not_json(R"({"a": "\U0041"})", 7);
  expect_not_json(R"({"a": "\)", 7);
}

TEST(MetadataJson, RefusesHalvesOfSurrogatePairs) {
  expect_not_json(R"({"a": "\ud83d"})", 7);
  expect_not_json(R"({"a": "\ude00"})", 7);
  expect_not_json(R"({"a": "\ud83dx"})", 7);
  expect_not_json(R"({"a": "\ud83d\n"})", 7);
  expect_not_json(R"({"a": "\ud83d\ud83d"})", 7);
  expect_not_json(R"({"a": "\ude00\ud83d"})", 7);
}

TEST(MetadataJson, RefusesNulInWhateverForm) {
  expect_not_metadata(R"({"a": "x\u0000"})", 8);
  expect_not_metadata(R"({"\u0000": 1})", 2);
  expect_not_json("{\"a\": \"x\0\"}"sv, 8);
}

TEST(MetadataJson, RefusesInvalidUtf8AndRawControlCharacters) {
  expect_not_json("{\"a\": \"x\xff\"}", 8);
  expect_not_json("{\"a\": \"\xc3\"}", 7);
  expect_not_json("{\"a\": \"\xed\xa0\x80\"}", 7);
  expect_not_json("{\"a\": \"\xc0\x80\"}", 7);
  expect_not_json("{\"a\": \"x\ny\"}", 8);
  expect_not_json("{\"a\": \"\x1f\"}", 7);
}

TEST(MetadataJson, RefusesWhatIsNotAnObject) {
  expect_not_json("", 0);
  expect_not_json("  ", 2);
  expect_not_json("null", 0);
  expect_not_json("1", 0);
  expect_not_json(R"(["a"])", 0);
  expect_not_json(R"("a")", 0);
}

TEST(MetadataJson, RefusesWhatIsNotJsonWhereItStopsBeingIt) {
  expect_not_json("{", 1);
  expect_not_json(R"({"a")", 4);
  expect_not_json(R"({"a" 1})", 5);
  expect_not_json(R"({"a":})", 5);
  expect_not_json(R"({"a": 1)", 7);
  expect_not_json(R"({"a": 1,})", 8);
  expect_not_json(R"({,"a": 1})", 1);
  expect_not_json(R"({a: 1})", 1);
  expect_not_json(R"({'a': 1})", 1);
  expect_not_json(R"({"a": 'x'})", 6);
  expect_not_json(R"({"a": "x)", 8);
  expect_not_json(R"({"a": ["x")", 10);
  expect_not_json(R"({"a": ["x",]})", 11);
  expect_not_json(R"({"a": ["x" "y"]})", 11);
  expect_not_json(R"({"a": [x]})", 7);
  expect_not_json(R"({"a": tru})", 6);
  expect_not_json(R"({"a": truex})", 10);
  expect_not_json(R"({"a": TRUE})", 6);
  expect_not_json(R"({"a": 1} x)", 9);
  expect_not_json(R"({"a": 1}{})", 8);
  expect_not_json(R"({"a": 1 /* no */})", 8);
  expect_not_json("\xef\xbb\xbf{}", 0);
}

TEST(MetadataJson, RefusesNumbersThatAreNotJsons) {
  expect_not_json(R"({"a": .5})", 6);
  expect_not_json(R"({"a": +1})", 6);
  expect_not_json(R"({"a": nan})", 6);
  expect_not_json(R"({"a": Infinity})", 6);
  expect_not_json(R"({"a": -})", 6);
  expect_not_json(R"({"a": 1.})", 7);
  expect_not_json(R"({"a": 01})", 7);
  expect_not_json(R"({"a": 1e})", 7);
  expect_not_json(R"({"a": 0x1})", 7);
}

TEST(MetadataJson, RefusesNestedObjectsAndOtherLists) {
  expect_not_metadata(R"({"a": {"b": 1}})", 6);
  expect_not_metadata(R"({"a": {}})", 6);
  expect_not_metadata(R"({"a": [1]})", 7);
  expect_not_metadata(R"({"a": ["x", -1]})", 12);
  expect_not_metadata(R"({"a": ["x", null]})", 12);
  expect_not_metadata(R"({"a": [true]})", 7);
  expect_not_metadata(R"({"a": [[]]})", 7);
  expect_not_metadata(R"({"a": [{}]})", 7);
  expect_not_metadata("{\"a\": " + std::string(1'000'000, '['), 7);
}

TEST(MetadataJson, NumbersAreTheNearestDouble) {
  EXPECT_EQ(canonical(R"({"a": 1.0, "b": 1e2, "c": -0, "d": 0.1e1, "e": 9007199254740993})"),
            R"({"a": 1, "b": 100, "c": 0, "d": 1, "e": 9007199254740992})");
  EXPECT_EQ(canonical(R"({"a": 1e-400, "b": -1e-400, "c": 4.9e-324})"),
            R"({"a": 0, "b": 0, "c": 5e-324})");
  EXPECT_EQ(canonical(R"({"a": 0.1000000000000000055511151231257827021181583404541015625})"),
            R"({"a": 0.1})");
  expect_not_metadata(R"({"a": 1e400})", 6);
  expect_not_metadata(R"({"a": -1e99999999999999999999})", 6);
}

TEST(MetadataJson, TheLimitIsOnTheCanonicalText) {
  // {"k": "…"} takes nine bytes beside the string.
  const auto object = [](const std::string& text) { return "{\"k\": \"" + text + "\"}"; };
  const std::size_t most = kMetadataTextBytesMax - 9;
  EXPECT_EQ(canonical(object(std::string(most, 'x'))).size(), kMetadataTextBytesMax);
  expect_error(object(std::string(most + 1, 'x')), ErrorCode::kTooLong, 0);
  // Spaces, escapes that fall away and members that another replaces do not count.
  EXPECT_EQ(canonical("{\"k\": 1, \"k\": 2" + std::string(100'000, ' ') + "}"), "{\"k\": 2}");
  std::string escaped;
  for (std::size_t i = 0; i < most; ++i) escaped += "\\u0078";
  EXPECT_EQ(canonical(object(escaped)).size(), kMetadataTextBytesMax);
  // Escapes and separators that the canonical text adds do.
  std::string list = "[\"\"";
  for (std::size_t i = 0; i < kMetadataTextBytesMax / 4; ++i) list += ",\"\"";
  expect_error("{\"k\":" + list + "]}", ErrorCode::kTooLong, 0);
}

TEST(MetadataJson, RandomDamageIsRefusedOrReadsAsItsCanonicalText) {
  std::mt19937_64 chance(17);
  const std::string sound =
      R"({"a": "x\u00e9\n", "b": -1.5e3, "c": true, "d": ["p", "q"], "e": null})";
  constexpr std::string_view kBytes = "{}[]\",:\\u0129.-+eE truefalsn\n\x01\xc3\xff";
  int sound_still = 0;
  for (int round = 0; round < 15'000; ++round) {
    std::string text = sound;
    for (std::uint64_t i = chance() % 3; i > 0; --i) {
      const std::size_t at = chance() % text.size();
      switch (chance() % 3) {
        case 0: text[at] = kBytes[chance() % kBytes.size()]; break;
        case 1: text.erase(at, 1); break;
        default: text.insert(at, 1, kBytes[chance() % kBytes.size()]); break;
      }
    }
    const Result<Metadata> metadata = Metadata::parse_json(text);
    if (!metadata) {
      ASSERT_TRUE(metadata.error().offset().has_value()) << text;
      ASSERT_LE(*metadata.error().offset(), text.size()) << text;
      continue;
    }
    ++sound_still;
    ASSERT_TRUE(MetadataView::valid(metadata->encoded())) << text;
    const Result<Metadata> again = Metadata::parse_json(metadata->view().to_json());
    ASSERT_TRUE(again.has_value()) << text;
    ASSERT_EQ(*again, *metadata) << text;
  }
  EXPECT_GT(sound_still, 1'000);
}

TEST(JsonNumber, IsPrintedAsEcmascriptPrintsIt) {
  // From RFC 8785, appendix B, by their bits.
  const auto printed = [](std::uint64_t bits) {
    return format_json_number(std::bit_cast<double>(bits));
  };
  EXPECT_EQ(printed(0x0000000000000000), "0");
  EXPECT_EQ(printed(0x8000000000000000), "0");
  EXPECT_EQ(printed(0x0000000000000001), "5e-324");
  EXPECT_EQ(printed(0x8000000000000001), "-5e-324");
  EXPECT_EQ(printed(0x7fefffffffffffff), "1.7976931348623157e+308");
  EXPECT_EQ(printed(0xffefffffffffffff), "-1.7976931348623157e+308");
  EXPECT_EQ(printed(0x4340000000000000), "9007199254740992");
  EXPECT_EQ(printed(0xc340000000000000), "-9007199254740992");
  EXPECT_EQ(printed(0x4430000000000000), "295147905179352830000");
  EXPECT_EQ(printed(0x44b52d02c7e14af5), "9.999999999999997e+22");
  EXPECT_EQ(printed(0x44b52d02c7e14af6), "1e+23");
  EXPECT_EQ(printed(0x44b52d02c7e14af7), "1.0000000000000001e+23");
  EXPECT_EQ(printed(0x444b1ae4d6e2ef4e), "999999999999999700000");
  EXPECT_EQ(printed(0x444b1ae4d6e2ef4f), "999999999999999900000");
  EXPECT_EQ(printed(0x444b1ae4d6e2ef50), "1e+21");
  EXPECT_EQ(printed(0x3eb0c6f7a0b5ed8c), "9.999999999999997e-7");
  EXPECT_EQ(printed(0x3eb0c6f7a0b5ed8d), "0.000001");
  EXPECT_EQ(printed(0x41b3de4355555553), "333333333.3333332");
  EXPECT_EQ(printed(0x41b3de4355555554), "333333333.33333325");
  EXPECT_EQ(printed(0x41b3de4355555555), "333333333.3333333");
  EXPECT_EQ(printed(0x41b3de4355555556), "333333333.3333334");
  EXPECT_EQ(printed(0x41b3de4355555557), "333333333.33333343");
  EXPECT_EQ(printed(0xbecbf647612f3696), "-0.0000033333333333333333");
  EXPECT_EQ(printed(0x43143ff3c1cb0959), "1424953923781206.2");
}

TEST(JsonNumber, IsPrintedPlainlyBetweenItsEnds) {
  EXPECT_EQ(format_json_number(1), "1");
  EXPECT_EQ(format_json_number(-10), "-10");
  EXPECT_EQ(format_json_number(0.5), "0.5");
  EXPECT_EQ(format_json_number(123.456), "123.456");
  EXPECT_EQ(format_json_number(1e20), "100000000000000000000");
  EXPECT_EQ(format_json_number(1e21), "1e+21");
  EXPECT_EQ(format_json_number(1e-6), "0.000001");
  EXPECT_EQ(format_json_number(1e-7), "1e-7");
  EXPECT_EQ(format_json_number(1.5e-10), "1.5e-10");
}

TEST(JsonNumber, ReadsBackAsTheSameDouble) {
  std::mt19937_64 chance(19);
  for (int i = 0; i < 50'000; ++i) {
    const auto value = std::bit_cast<double>(chance());
    if (!std::isfinite(value)) continue;
    const std::string text = format_json_number(value);
    ASSERT_EQ(std::strtod(text.c_str(), nullptr), value) << text;
  }
}

}  // namespace
}  // namespace alcove
