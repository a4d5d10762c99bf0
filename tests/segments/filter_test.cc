#include "segments/filter.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <iterator>
#include <limits>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "segments/term.h"
#include "segments/term_column.h"
#include "tests/segments/segment_sample.h"

namespace alcove::segments {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

// A record as the model sees it.
struct PlainRecord {
  std::string id;
  std::map<std::string, MetadataValue> fields;
  Metadata metadata() const {
    Metadata made;
    for (const auto& [key, value] : fields) EXPECT_TRUE(made.set(key, value));
    return made;
  }
};

bool matches(const Filter& filter, const PlainRecord& record) {
  const Metadata metadata = record.metadata();
  return filter.matches(record.id, metadata.view());
}

Filter field(std::string name, Comparison comparison, Operand operand) {
  Filter filter;
  filter.compare_field(std::move(name), comparison, std::move(operand));
  return filter;
}

Filter field_in(std::string name, std::vector<Operand> operands, bool negated) {
  Filter filter;
  filter.field_in(std::move(name), std::move(operands), negated);
  return filter;
}

const PlainRecord kFilm{"film",
                        {{"genre", std::string("comedy")},
                         {"year", 2020.0},
                         {"seen", true},
                         {"tags", std::vector<std::string>{"dry", "short"}}}};

TEST(Filter, EmptyMatchesEverything) {
  EXPECT_TRUE(Filter().empty());
  EXPECT_TRUE(matches(Filter(), kFilm));
  EXPECT_FALSE(Filter().needs_metadata());
}

TEST(Filter, ComparesStringsNumbersAndBooleans) {
  EXPECT_TRUE(matches(field("genre", Comparison::kEqual, "comedy"), kFilm));
  EXPECT_TRUE(matches(field("genre", Comparison::kLess, "d"), kFilm));
  EXPECT_TRUE(matches(field("year", Comparison::kGreaterEqual, 2020.0), kFilm));
  EXPECT_FALSE(matches(field("year", Comparison::kGreater, 2020.0), kFilm));
  EXPECT_TRUE(matches(field("seen", Comparison::kGreater, false), kFilm));
}

TEST(Filter, ComparesBytewise) {
  EXPECT_TRUE(matches(field("genre", Comparison::kLess, "\xc3\xa9"), kFilm));
  EXPECT_FALSE(matches(field("genre", Comparison::kLess, "Z"), kFilm));
}

TEST(Filter, MissingFieldOrOtherTypeIsUnequalAndNothingElse) {
  for (const char* name : {"absent", "genre", "seen", "tags"}) {
    EXPECT_TRUE(matches(field(name, Comparison::kNotEqual, 1.0), kFilm)) << name;
    EXPECT_TRUE(matches(field_in(name, {1.0}, true), kFilm)) << name;
    EXPECT_FALSE(matches(field_in(name, {1.0}, false), kFilm)) << name;
    for (const Comparison comparison : {Comparison::kEqual, Comparison::kLess,
                                        Comparison::kLessEqual, Comparison::kGreater,
                                        Comparison::kGreaterEqual}) {
      EXPECT_FALSE(matches(field(name, comparison, 1.0), kFilm)) << name;
    }
  }
}

TEST(Filter, ListAnswersForAnyOfItsStrings) {
  EXPECT_TRUE(matches(field("tags", Comparison::kEqual, "dry"), kFilm));
  EXPECT_FALSE(matches(field("tags", Comparison::kEqual, "long"), kFilm));
  EXPECT_FALSE(matches(field("tags", Comparison::kNotEqual, "dry"), kFilm));
  EXPECT_TRUE(matches(field("tags", Comparison::kNotEqual, "long"), kFilm));
  EXPECT_TRUE(matches(field_in("tags", {"long", "short"}, false), kFilm));
  EXPECT_FALSE(matches(field_in("tags", {"long", "short"}, true), kFilm));
  EXPECT_FALSE(matches(field("tags", Comparison::kLess, "z"), kFilm));
}

TEST(Filter, ContainsIsForListsOnly) {
  Filter in_list;
  in_list.field_contains("tags", "dry");
  EXPECT_TRUE(matches(in_list, kFilm));
  Filter in_string;
  in_string.field_contains("genre", "comedy");
  EXPECT_FALSE(matches(in_string, kFilm));
}

TEST(Filter, NanEqualsNothing) {
  const double nan = std::nan("");
  EXPECT_FALSE(matches(field("year", Comparison::kEqual, nan), kFilm));
  EXPECT_TRUE(matches(field("year", Comparison::kNotEqual, nan), kFilm));
  EXPECT_TRUE(matches(field_in("year", {nan, 2020.0, nan, 1.0}, false), kFilm));
}

TEST(Filter, NeedsMetadataOnlyForFields) {
  Filter filter;
  filter.compare_id(Comparison::kEqual, "film");
  EXPECT_FALSE(filter.needs_metadata());
  filter.field_exists("genre", false);
  EXPECT_TRUE(filter.needs_metadata());
  filter.logical_and();
  EXPECT_TRUE(matches(filter, kFilm));
}

TEST(Filter, ManyNestedOperatorsTakeNoStack) {
  Filter filter;
  constexpr int kDepth = 100001;
  filter.constant(false);
  for (int i = 0; i < kDepth; ++i) filter.logical_not();
  for (int i = 0; i < kDepth; ++i) filter.constant(true);
  for (int i = 0; i < kDepth; ++i) filter.logical_and();
  EXPECT_TRUE(filter.matches("x", MetadataView()));
  EXPECT_FALSE(filter.id_bounds().has_ids);
}

Filter::IdBounds id_bounds(const std::function<void(Filter&)>& build) {
  Filter filter;
  build(filter);
  return filter.id_bounds();
}

TEST(FilterIdBounds, TakeRangesFromTheTopLevelAnd) {
  const Filter::IdBounds bounds = id_bounds([](Filter& filter) {
    filter.compare_id(Comparison::kGreaterEqual, "b");
    filter.field_exists("genre", false);
    filter.logical_and();
    filter.compare_id(Comparison::kLess, "m");
    filter.logical_and();
  });
  EXPECT_EQ(bounds.first, "b");
  EXPECT_EQ(bounds.last, "m");
  EXPECT_FALSE(bounds.has_ids);
}

TEST(FilterIdBounds, TakeThePrefixOfLike) {
  const Filter::IdBounds bounds =
      id_bounds([](Filter& filter) { filter.id_like("doc1#%x", false); });
  EXPECT_EQ(bounds.first, "doc1#");
  EXPECT_EQ(bounds.last, "doc1$");
  const Filter::IdBounds open = id_bounds([](Filter& filter) { filter.id_like("\xff%", false); });
  EXPECT_EQ(open.first, "\xff");
  EXPECT_EQ(open.last, "");
}

TEST(FilterIdBounds, IntersectLists) {
  const Filter::IdBounds bounds = id_bounds([](Filter& filter) {
    filter.id_in({"d", "a", "c", "a"}, false);
    filter.id_in({"c", "e", "d"}, false);
    filter.compare_id(Comparison::kLessEqual, "c");
    filter.logical_and();
    filter.logical_and();
  });
  EXPECT_TRUE(bounds.has_ids);
  EXPECT_THAT(bounds.ids, ElementsAre("c"));
}

TEST(FilterIdBounds, NothingIsBelowTheEmptyId) {
  const Filter::IdBounds bounds =
      id_bounds([](Filter& filter) { filter.compare_id(Comparison::kLess, ""); });
  EXPECT_TRUE(bounds.has_ids);
  EXPECT_THAT(bounds.ids, IsEmpty());
}

TEST(FilterIdBounds, SayNothingForOrNotAndNegated) {
  const std::vector<std::function<void(Filter&)>> builders = {
      [](Filter& filter) {
        filter.compare_id(Comparison::kEqual, "a");
        filter.compare_id(Comparison::kEqual, "b");
        filter.logical_or();
      },
      [](Filter& filter) {
        filter.compare_id(Comparison::kEqual, "a");
        filter.logical_not();
      },
      [](Filter& filter) { filter.id_in({"a"}, true); },
      [](Filter& filter) { filter.id_like("a%", true); },
      [](Filter& filter) { filter.compare_id(Comparison::kNotEqual, "a"); },
      [](Filter&) {},
  };
  for (const auto& build : builders) {
    const Filter::IdBounds bounds = id_bounds(build);
    EXPECT_FALSE(bounds.has_ids);
    EXPECT_EQ(bounds.first, "");
    EXPECT_EQ(bounds.last, "");
  }
}

// ---- a filter built at random, beside a function that says the same of a plain record ----

using Model = std::function<bool(const PlainRecord&)>;

template <class T>
bool compare_plain(const T& x, Comparison comparison, const T& y) {
  switch (comparison) {
    case Comparison::kEqual: return x == y;
    case Comparison::kNotEqual: return !(x == y);
    case Comparison::kLess: return x < y;
    case Comparison::kLessEqual: return !(y < x);
    case Comparison::kGreater: return y < x;
    case Comparison::kGreaterEqual: return !(x < y);
  }
  return false;
}

// Whether any string of a list, or the value itself, equals the operand in type and value.
bool equals_any(const MetadataValue& value, const Operand& operand) {
  if (const auto* list = std::get_if<std::vector<std::string>>(&value)) {
    for (const std::string& one : *list) {
      if (Operand(one) == operand) return true;
    }
    return false;
  }
  if (const auto* text = std::get_if<std::string>(&value)) return Operand(*text) == operand;
  if (const auto* number = std::get_if<double>(&value)) return Operand(*number) == operand;
  return Operand(std::get<bool>(value)) == operand;
}

bool compare_plain_field(const PlainRecord& record, const std::string& name,
                         Comparison comparison, const Operand& operand) {
  const auto found = record.fields.find(name);
  const bool equal = found != record.fields.end() && equals_any(found->second, operand);
  if (comparison == Comparison::kEqual) return equal;
  if (comparison == Comparison::kNotEqual) return !equal;
  if (found == record.fields.end()) return false;
  if (found->second.index() != operand.index()) return false;
  return std::visit(
      [&]<class T>(const T& y) { return compare_plain(std::get<T>(found->second), comparison, y); },
      operand);
}

class FilterMaker {
 public:
  explicit FilterMaker(std::uint32_t seed) : random_(seed) {}

  // Pushes a random expression onto `filter` and returns what it means.
  Model make(Filter& filter, int depth) {
    if (depth == 0 || below(4) == 0) return make_predicate(filter);
    const Model left = make(filter, depth - 1);
    const std::size_t choice = below(5);
    if (choice == 0) {
      filter.logical_not();
      return [left](const PlainRecord& record) { return !left(record); };
    }
    const Model right = make(filter, depth - 1);
    if (choice < 4) {
      filter.logical_and();
      return [=](const PlainRecord& record) { return left(record) && right(record); };
    }
    filter.logical_or();
    return [=](const PlainRecord& record) { return left(record) || right(record); };
  }

  PlainRecord make_record() {
    PlainRecord record{text(), {}};
    for (const char* name : {"f", "g", "h"}) {
      switch (below(5)) {
        case 0: record.fields[name] = text(); break;
        case 1: record.fields[name] = number(); break;
        case 2: record.fields[name] = below(2) == 0; break;
        case 3: record.fields[name] = std::vector<std::string>{text(), text()}; break;
        default: break;
      }
    }
    return record;
  }

 private:
  std::size_t below(std::size_t end) { return random_() % end; }
  std::string text() {
    std::string made;
    for (std::size_t i = below(4); i > 0; --i) made.push_back("ab\xff"[below(3)]);
    return made;
  }
  double number() { return static_cast<double>(below(4)) - 1; }
  Operand operand() {
    switch (below(3)) {
      case 0: return text();
      case 1: return number();
      default: return below(2) == 0;
    }
  }
  std::string name() { return std::string(1, "fghi"[below(4)]); }
  Comparison comparison() { return static_cast<Comparison>(below(6)); }

  Model make_predicate(Filter& filter) {
    switch (below(8)) {
      case 0: return make_id_comparison(filter);
      case 1: return make_id_in(filter);
      case 2: return make_id_like(filter);
      case 3: return make_field_in(filter);
      case 4: return make_field_exists(filter);
      case 5: return make_field_contains(filter);
      case 6: {
        const bool value = below(2) == 0;
        filter.constant(value);
        return [value](const PlainRecord&) { return value; };
      }
      default: return make_field_comparison(filter);
    }
  }
  Model make_id_comparison(Filter& filter) {
    const Comparison how = comparison();
    const std::string with = text();
    filter.compare_id(how, with);
    return [=](const PlainRecord& record) { return compare_plain(record.id, how, with); };
  }
  Model make_id_in(Filter& filter) {
    const std::vector<std::string> ids{text(), text(), text()};
    const bool negated = below(4) == 0;
    filter.id_in(ids, negated);
    return [=](const PlainRecord& record) {
      return (std::count(ids.begin(), ids.end(), record.id) > 0) != negated;
    };
  }
  Model make_id_like(Filter& filter) {
    const std::string prefix = text();
    const bool negated = below(4) == 0;
    filter.id_like(prefix + "%", negated);
    return [=](const PlainRecord& record) { return record.id.starts_with(prefix) != negated; };
  }
  Model make_field_comparison(Filter& filter) {
    const std::string which = name();
    const Comparison how = comparison();
    const Operand with = operand();
    filter.compare_field(which, how, with);
    return [=](const PlainRecord& record) {
      return compare_plain_field(record, which, how, with);
    };
  }
  Model make_field_in(Filter& filter) {
    const std::string which = name();
    const std::vector<Operand> operands{operand(), operand(), operand()};
    const bool negated = below(2) == 0;
    filter.field_in(which, operands, negated);
    return [=](const PlainRecord& record) {
      bool found = false;
      for (const Operand& one : operands) {
        found = found || compare_plain_field(record, which, Comparison::kEqual, one);
      }
      return found != negated;
    };
  }
  Model make_field_exists(Filter& filter) {
    const std::string which = name();
    const bool negated = below(2) == 0;
    filter.field_exists(which, negated);
    return [=](const PlainRecord& record) { return record.fields.contains(which) != negated; };
  }
  Model make_field_contains(Filter& filter) {
    const std::string which = name();
    const std::string what = text();
    filter.field_contains(which, what);
    return [=](const PlainRecord& record) {
      const auto found = record.fields.find(which);
      return found != record.fields.end() &&
             std::holds_alternative<std::vector<std::string>>(found->second) &&
             equals_any(found->second, what);
    };
  }

  std::mt19937 random_;
};

bool within(const Filter::IdBounds& bounds, const std::string& id) {
  if (id < bounds.first || (!bounds.last.empty() && id >= bounds.last)) return false;
  return !bounds.has_ids || std::binary_search(bounds.ids.begin(), bounds.ids.end(), id);
}

TEST(Filter, AgreesWithAPlainEvaluation) {
  FilterMaker maker(17);
  int matched = 0;
  int outside = 0;
  for (int round = 0; round < 2500; ++round) {
    Filter filter;
    const Model model = maker.make(filter, 4);
    const Filter copy = filter;
    const Filter::IdBounds bounds = filter.id_bounds();
    for (int i = 0; i < 20; ++i) {
      const PlainRecord record = maker.make_record();
      const bool expected = model(record);
      const Metadata metadata = record.metadata();
      ASSERT_EQ(filter.matches(record.id, metadata.view()), expected) << "round " << round;
      ASSERT_EQ(copy.matches(record.id, metadata.view()), expected) << "round " << round;
      const bool inside = within(bounds, record.id);
      ASSERT_TRUE(inside || !expected) << "round " << round;
      if (expected) ++matched;
      if (!inside) ++outside;
    }
  }
  EXPECT_GT(matched, 2500);
  EXPECT_GT(outside, 2500);
}

class FilterOfSegment : public testing::Test, public SegmentDisk {
 protected:
  // A segment of so many random records, each field's strings with `tail` behind.
  void write(std::size_t count, const std::string& tail = "") {
    Content content;
    for (std::size_t i = 0; i < count; ++i) {
      PlainRecord record = maker_.make_record();
      record.id += fmt::format("{:06}", i);
      for (auto& [name, value] : record.fields) {
        if (auto* text = std::get_if<std::string>(&value); text != nullptr && i % 7 == 0) *text += tail;
      }
      content[record.id] = {{1.0F}, record.metadata().encoded(), 1};
      records_[record.id] = std::move(record);
    }
    segment_ = make(identity_of(1, 1), content);
    ASSERT_TRUE(segment_->verify());
  }
  // Selects by terms; the rows must be those that the model says. How many rows terms told of.
  std::uint32_t select(const Filter& filter, const Model& model) {
    std::uint32_t told = 0;
    auto record = records_.begin();
    for (std::uint32_t first = 0; first < segment_->rows();) {
      const auto selection = segment_->select(filter, first);
      EXPECT_TRUE(selection);
      EXPECT_EQ(selection->first, first);
      if (selection->rows) {
        told += selection->count;
        std::uint64_t expected = 0;
        for (std::uint32_t row = 0; row < selection->count; ++row, ++record) {
          const bool matches = model(record->second);
          EXPECT_EQ(selection->rows->contains(row), matches) << record->first;
          if (matches) ++expected;
        }
        EXPECT_EQ(selection->rows->count(), expected);
      } else {
        std::advance(record, selection->count);
      }
      first += selection->count;
    }
    return told;
  }

  FilterMaker maker_{23};
  std::map<std::string, PlainRecord> records_;
  std::shared_ptr<const Segment> segment_;
};

TEST_F(FilterOfSegment, SelectsByTermsWhatMatches) {
  write(1500);
  for (int round = 0; round < 300 && !HasFailure(); ++round) {
    Filter filter;
    const Model model = maker_.make(filter, 4);
    EXPECT_EQ(select(filter, model), segment_->rows());
  }
}

TEST_F(FilterOfSegment, SelectsInEveryStretch) {
  write(kStretchRowsMax + 1000);
  for (int round = 0; round < 5 && !HasFailure(); ++round) {
    Filter filter;
    const Model model = maker_.make(filter, 2);
    EXPECT_EQ(select(filter, model), segment_->rows());
  }
}

// Values too long for terms are not told of: those who ask for other kinds are answered, the others not.
TEST_F(FilterOfSegment, KnowsOfWhatTermsDoNotTell) {
  write(1500, std::string(kTermValueBytesMax, 'x'));
  std::uint32_t told = 0;
  constexpr int kRounds = 200;
  for (int round = 0; round < kRounds && !HasFailure(); ++round) {
    Filter filter;
    const Model model = maker_.make(filter, 3);
    told += select(filter, model);
  }
  EXPECT_GT(told, 0U);
  EXPECT_LT(told, kRounds * segment_->rows());
}

TEST_F(FilterOfSegment, LeavesManyOperandsToTheRows) {
  write(1500);
  std::vector<Operand> numbers;
  std::vector<std::string> ids;
  for (int i = 0; i < 1001; ++i) {
    numbers.emplace_back(static_cast<double>(i));
    ids.push_back(std::to_string(i));
  }
  const Model none = [](const PlainRecord&) { return false; };
  EXPECT_EQ(select(field_in("f", numbers, false), none), 0U);
  Filter filter;
  filter.id_in(ids, false);
  EXPECT_EQ(select(filter, none), 0U);
}

TEST_F(FilterOfSegment, LeavesDeepNestingToTheRows) {
  write(1500);
  Filter filter;
  for (int i = 0; i < 100; ++i) filter.constant(true);
  for (int i = 1; i < 100; ++i) filter.logical_and();
  EXPECT_EQ(select(filter, [](const PlainRecord&) { return true; }), 0U);
}

TEST_F(FilterOfSegment, HasNoTermsOfFewRowsOrWithoutMetadata) {
  write(kTermedRowsMin - 1);
  EXPECT_FALSE(segment_->has_terms());
  Content content;
  for (std::uint32_t i = 0; i < 2 * kTermedRowsMin; ++i) content[fmt::format("{:06}", i)] = {{1.0F}, {}, 1};
  EXPECT_FALSE(make(identity_of(2, 1), content)->has_terms());
}

TEST(Term, NumbersStandInTheirOrder) {
  const double infinity = std::numeric_limits<double>::infinity();
  const std::vector<double> rising = {-infinity, -1e300, -2, -1.5, -1e-300, 0, 5e-324, 1e-300, 1, 1.5, 2, 1e300, infinity};
  for (std::size_t i = 1; i < rising.size(); ++i) {
    EXPECT_LT(number_term("f", rising[i - 1]), number_term("f", rising[i])) << rising[i];
  }
  EXPECT_EQ(number_term("f", -0.0), number_term("f", 0.0));
}

}  // namespace
}  // namespace alcove::segments
