#include "base/metadata.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/bytes.h"

namespace alcove {
namespace {

using testing::ElementsAre;

Metadata parsed(std::string_view json) {
  const Result<Metadata> metadata = Metadata::parse_json(json);
  EXPECT_TRUE(metadata.has_value()) << json;
  return metadata ? *metadata : Metadata();
}

// jsonb's order of keys, said once more and plainly.
struct JsonbOrder {
  bool operator()(const std::string& a, const std::string& b) const {
    if (a.size() != b.size()) return a.size() < b.size();
    return std::lexicographical_compare(a.begin(), a.end(), b.begin(), b.end(), [](char x, char y) {
      return static_cast<unsigned char>(x) < static_cast<unsigned char>(y);
    });
  }
};
using Model = std::map<std::string, MetadataValue, JsonbOrder>;

MetadataValue owned(const MetadataField& field) {
  if (const auto* text = std::get_if<std::string_view>(&field)) return std::string(*text);
  if (const auto* number = std::get_if<double>(&field)) return *number;
  if (const auto* truth = std::get_if<bool>(&field)) return *truth;
  std::vector<std::string> strings;
  for (const auto text : std::get<MetadataList>(field).strings()) strings.emplace_back(text);
  return strings;
}

class Maker {
 public:
  explicit Maker(std::uint64_t seed) : chance_(seed) {}

  std::uint64_t below(std::uint64_t bound) { return chance_() % bound; }

  // Few keys, so that they meet; of several lengths, with bytes on both sides of 0x80.
  std::string key() {
    static const std::vector<std::string> keys = {"",   "a",  "b",   "é",  "zz",     "aa",
                                                  "ab", "\"", "abc", "\n", "genre", "日本"};
    return keys[below(keys.size())];
  }
  std::string text() {
    static const std::vector<std::string> parts = {"", "x", "\"", "\\", "\x01", "\t", "é", "😀"};
    std::string out;
    for (std::uint64_t i = below(5); i > 0; --i) out += parts[below(parts.size())];
    return out;
  }
  MetadataValue value() {
    switch (below(4)) {
      case 0: return text();
      case 1: return std::ldexp(static_cast<double>(below(2'000'001)) - 1e6, -10);
      case 2: return below(2) == 0;
      default: {
        std::vector<std::string> list(below(4));
        for (std::string& item : list) item = text();
        return list;
      }
    }
  }

 private:
  std::mt19937_64 chance_;
};

void expect_same(const Metadata& metadata, const Model& model) {
  ASSERT_TRUE(MetadataView::valid(metadata.encoded()));
  const auto fields = metadata.view().fields();
  ASSERT_EQ(fields.size(), model.size());
  std::size_t i = 0;
  for (const auto& [key, value] : model) {
    ASSERT_EQ(fields[i].first, key);
    ASSERT_EQ(owned(fields[i].second), value) << key;
    ++i;
  }
}

TEST(Metadata, BehavesAsAMapDoes) {
  Maker maker(11);
  for (int round = 0; round < 300; ++round) {
    Metadata metadata;
    Model model;
    for (int step = 0; step < 30; ++step) {
      const std::string key = maker.key();
      if (maker.below(3) == 0) {
        ASSERT_TRUE(metadata.set(key, std::nullopt).has_value());
        model.erase(key);
      } else {
        const MetadataValue value = maker.value();
        ASSERT_TRUE(metadata.set(key, value).has_value());
        model[key] = value;
      }
      const std::string probe = maker.key();
      const auto found = metadata.view().find(probe);
      ASSERT_EQ(found.has_value(), model.contains(probe));
      if (found) {
        ASSERT_EQ(owned(*found), model.at(probe));
      }
    }
    expect_same(metadata, model);
    // Its text reads back as the same bytes.
    ASSERT_EQ(parsed(metadata.view().to_json()), metadata);
    ASSERT_EQ(Metadata::from_encoded(metadata.encoded()), metadata);
  }
}

TEST(Metadata, EqualObjectsAreEqualBytesInWhateverOrderTheyWereMade) {
  Maker maker(12);
  for (int round = 0; round < 200; ++round) {
    Model model;
    for (int i = 0; i < 8; ++i) model[maker.key()] = maker.value();
    std::vector<std::pair<std::string, MetadataValue>> fields(model.begin(), model.end());
    Metadata forward;
    for (const auto& [key, value] : fields) ASSERT_TRUE(forward.set(key, value).has_value());
    std::reverse(fields.begin(), fields.end());
    Metadata backward;
    for (const auto& [key, value] : fields) ASSERT_TRUE(backward.set(key, value).has_value());
    ASSERT_EQ(forward.encoded(), backward.encoded());
  }
}

TEST(Metadata, EncodesAsItsHeaderSays) {
  std::string expected;
  ByteWriter writer(expected);
  writer.string("b");
  writer.u8(4);
  writer.string("c");
  writer.u8(3);
  writer.string("aa");
  writer.u8(1);
  writer.string("text");
  writer.string("ab");
  writer.u8(2);
  writer.f64(-0.5);
  writer.string("list");
  writer.u8(5);
  writer.varint(2);
  writer.string("x");
  writer.string("");
  const Metadata metadata =
      parsed(R"({"list": ["x", ""], "aa": "text", "c": false, "b": true, "ab": -0.5})");
  EXPECT_EQ(metadata.encoded(), expected);
}

TEST(Metadata, TheEmptyObjectIsNone) {
  EXPECT_TRUE(parsed("{}").empty());
  EXPECT_EQ(parsed("{}"), Metadata());
  EXPECT_EQ(Metadata().view().to_json(), "{}");
  Metadata metadata = parsed(R"({"a": 1})");
  ASSERT_TRUE(metadata.set("a", std::nullopt).has_value());
  EXPECT_TRUE(metadata.empty());
}

TEST(Metadata, ListsAnswerForTheirStrings) {
  const Metadata metadata = parsed(R"({"tags": ["x", "", "yy"]})");
  const auto field = metadata.view().find("tags");
  ASSERT_TRUE(field.has_value());
  const auto list = std::get<MetadataList>(*field);
  EXPECT_EQ(list.count, 3U);
  EXPECT_THAT(list.strings(), ElementsAre("x", "", "yy"));
  EXPECT_TRUE(list.contains("yy"));
  EXPECT_TRUE(list.contains(""));
  EXPECT_FALSE(list.contains("y"));
}

TEST(Metadata, SetRefusesWhatIsNotFiniteAndLeavesAllAsItWas) {
  Metadata metadata = parsed(R"({"a": 1})");
  const Metadata before = metadata;
  for (const double number : {std::numeric_limits<double>::quiet_NaN(),
                              std::numeric_limits<double>::infinity()}) {
    const Status status = metadata.set("a", MetadataValue(number));
    ASSERT_FALSE(status.has_value());
    EXPECT_EQ(status.error().code(), ErrorCode::kInvalidValue);
  }
  EXPECT_EQ(metadata, before);
}

TEST(Metadata, SetKeepsToTheLimitOfCanonicalText) {
  Metadata metadata;
  // {"k": "…"} takes nine bytes beside the string.
  const std::size_t most = kMetadataTextBytesMax - 9;
  ASSERT_TRUE(metadata.set("k", MetadataValue(std::string(most, 'x'))).has_value());
  EXPECT_EQ(metadata.view().to_json().size(), kMetadataTextBytesMax);
  const Metadata before = metadata;
  for (const std::string& text : {std::string(most + 1, 'x'), std::string(most / 6 + 1, '\x01')}) {
    const Status status = metadata.set("k", MetadataValue(text));
    ASSERT_FALSE(status.has_value());
    EXPECT_EQ(status.error().code(), ErrorCode::kTooLong);
  }
  ASSERT_FALSE(metadata.set("other", MetadataValue(true)).has_value());
  EXPECT_EQ(metadata, before);
}

TEST(Metadata, NoSmallEncodingHasALongText) {
  // The dearest of each kind per byte; the check of the limit passes small encodings unprinted.
  const auto longest = [](const MetadataValue& value) {
    Metadata metadata;
    EXPECT_TRUE(metadata.set("", value).has_value());
    return static_cast<double>(metadata.view().to_json().size()) /
           static_cast<double>(metadata.encoded().size());
  };
  EXPECT_LT(longest(MetadataValue(std::string(4000, '\x01'))), 7.0);
  EXPECT_LT(longest(MetadataValue(std::vector<std::string>(4000))), 7.0);
  EXPECT_LT(longest(MetadataValue(-1.7976931348623157e-308)), 7.0);
}

TEST(MetadataView, TakesNothingButTheCanonicalEncodingForValid) {
  const auto field = [](std::string_view key, std::string_view value) {
    std::string out;
    ByteWriter writer(out);
    writer.string(key);
    writer.raw(value);
    return out;
  };
  const auto number = [](double value) {
    std::string out;
    ByteWriter writer(out);
    writer.u8(2);
    writer.f64(value);
    return out;
  };
  using namespace std::string_literals;
  EXPECT_TRUE(MetadataView::valid(""));
  EXPECT_TRUE(MetadataView::valid(field("a", "\x04") + field("b", "\x04") + field("aa", "\x03")));
  EXPECT_FALSE(MetadataView::valid(field("b", "\x04") + field("a", "\x04"))) << "order";
  EXPECT_FALSE(MetadataView::valid(field("aa", "\x04") + field("b", "\x04"))) << "order";
  EXPECT_FALSE(MetadataView::valid(field("a", "\x04") + field("a", "\x04"))) << "twice";
  EXPECT_TRUE(MetadataView::valid(field("a", number(1.5))));
  EXPECT_FALSE(MetadataView::valid(field("a", number(-0.0))));
  EXPECT_FALSE(MetadataView::valid(field("a", number(std::nan("")))));
  EXPECT_FALSE(MetadataView::valid(field("a", number(HUGE_VAL))));
  EXPECT_FALSE(MetadataView::valid(field("a", "\x06"))) << "no such type";
  EXPECT_FALSE(MetadataView::valid(field("a", "\x00"s))) << "no such type";
  EXPECT_FALSE(MetadataView::valid(field("a", ""))) << "no value";
  EXPECT_FALSE(MetadataView::valid(field("a", "\x01\x02x"))) << "too short a string";
  EXPECT_FALSE(MetadataView::valid(field("a", "\x05\x02\x01x"))) << "too short a list";
  EXPECT_FALSE(MetadataView::valid(field("a", "\x05\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01")));
  EXPECT_FALSE(MetadataView::valid("\x81\x00" "a\x04"s)) << "a longer varint than need be";
  EXPECT_FALSE(MetadataView::valid("\x7f")) << "too short a key";
}

TEST(MetadataView, RandomAndDamagedBytesAreReadWithinTheirBounds) {
  std::mt19937_64 chance(13);
  const std::string sound =
      parsed(R"({"a": "text", "b": 1.5, "c": true, "list": ["x", "yy"], "z": "end"})").encoded();
  int valid = 0;
  for (int round = 0; round < 20'000; ++round) {
    std::string bytes = sound.substr(0, chance() % (sound.size() + 1));
    for (std::uint64_t i = chance() % 3; i > 0 && !bytes.empty(); --i) {
      bytes[chance() % bytes.size()] = static_cast<char>(chance());
    }
    // In memory of exactly this size, so that the sanitizer sees a read too far.
    const auto exact = std::make_unique<char[]>(bytes.size());
    bytes.copy(exact.get(), bytes.size());
    const std::string_view encoded(exact.get(), bytes.size());
    if (!MetadataView::valid(encoded)) continue;
    ++valid;
    // What is valid can be taken apart and put together to the same bytes.
    Metadata again;
    for (const auto& [key, value] : MetadataView(encoded).fields()) {
      ASSERT_TRUE(again.set(key, owned(value)).has_value());
    }
    ASSERT_EQ(again.encoded(), encoded);
  }
  EXPECT_GT(valid, 100);
}

}  // namespace
}  // namespace alcove
