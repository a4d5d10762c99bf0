#include "executor/system_aggregate.h"

#include <algorithm>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include <fmt/format.h>
#include <sqlite3.h>

#include "executor/system_array.h"

namespace alcove::executor {
namespace {

using Owned = std::variant<std::monostate, std::int64_t, double, std::string>;

Owned own(sqlite3_value* value) {
  switch (sqlite3_value_type(value)) {
    case SQLITE_INTEGER: return sqlite3_value_int64(value);
    case SQLITE_FLOAT: return sqlite3_value_double(value);
    case SQLITE_NULL: return std::monostate{};
    default: break;
  }
  const auto* bytes = reinterpret_cast<const char*>(sqlite3_value_text(value));
  return std::string(bytes == nullptr ? "" : bytes);
}

// The values of a group with what they are to be ordered by.
struct Group {
  struct Member {
    Owned value;
    std::vector<Owned> keys;
  };
  std::vector<Member> members;
  std::string directions;  // 'a' or 'd' for each key
  std::string separator;   // of string_agg()
  std::size_t bytes = 0;

  void sort() {
    std::stable_sort(members.begin(), members.end(), [this](const Member& x, const Member& y) {
      for (std::size_t i = 0; i < std::min(x.keys.size(), directions.size()); ++i) {
        const bool down = directions[i] == 'd';
        // NULL is above all.
        if (x.keys[i].index() == 0 || y.keys[i].index() == 0) {
          if (x.keys[i].index() == y.keys[i].index()) continue;
          return (y.keys[i].index() == 0) != down;
        }
        if (x.keys[i] == y.keys[i]) continue;
        return (x.keys[i] < y.keys[i]) != down;
      }
      return false;
    });
  }
};

constexpr std::size_t kGroupBytesMax = 16 << 20;

Group* group_of(sqlite3_context* sqlite, bool make) {
  auto** const place =
      static_cast<Group**>(sqlite3_aggregate_context(sqlite, make ? sizeof(Group*) : 0));
  if (place == nullptr) return nullptr;
  if (*place == nullptr && make) *place = new Group;
  return *place;
}

// `directions_at`: where the directions stand, and behind them the keys.
void add_member(const NativeCall& call, std::size_t directions_at) {
  Group* const group = group_of(call.sqlite(), true);
  if (group == nullptr) return sqlite3_result_error_nomem(call.sqlite());
  Group::Member member{own(call.value(0)), {}};
  group->bytes += sizeof(Group::Member) + call.text(0).size();
  if (group->bytes > kGroupBytesMax) {
    return call.give(
        fail(ErrorCode::kLimitExceeded, "an aggregate has more than {} bytes", kGroupBytesMax));
  }
  if (call.count() > directions_at) {
    group->directions = call.text(directions_at);
    for (std::size_t at = directions_at + 1; at < call.count(); ++at) {
      member.keys.push_back(own(call.value(at)));
    }
  }
  group->members.push_back(std::move(member));
}

void array_agg_step(const NativeCall& call) { add_member(call, 1); }
void string_agg_step(const NativeCall& call) {
  if (call.is_null(0)) return;
  add_member(call, 2);
  if (Group* const group = group_of(call.sqlite(), false)) group->separator = call.text(1);
}

template <void (*Give)(const NativeCall&, Group&)>
void finish(sqlite3_context* sqlite) {
  const std::unique_ptr<Group> group(group_of(sqlite, false));
  const NativeCall call(sqlite, 0, nullptr);
  if (group == nullptr) return call.give_null();
  try {
    group->sort();
    Give(call, *group);
  } catch (const std::bad_alloc&) {
    sqlite3_result_error_nomem(sqlite);
  }
}

std::string text_of(const Owned& value) {
  if (const auto* integer = std::get_if<std::int64_t>(&value)) return std::to_string(*integer);
  if (const auto* real = std::get_if<double>(&value)) return fmt::format("{}", *real);
  return std::get<std::string>(value);
}

void give_array(const NativeCall& call, Group& group) {
  std::string json = "[";
  for (const Group::Member& member : group.members) {
    if (json.size() > 1) json += ',';
    if (member.value.index() == 0) {
      json += "null";
    } else if (std::holds_alternative<std::string>(member.value)) {
      const std::string one = array_json({std::get<std::string>(member.value)}, false);
      json += array_inside(one);
    } else {
      json += text_of(member.value);
    }
  }
  call.give(std::string_view(json + ']'));
}

void give_string(const NativeCall& call, Group& group) {
  std::string joined;
  for (std::size_t i = 0; i < group.members.size(); ++i) {
    if (i > 0) joined += group.separator;
    joined += text_of(group.members[i].value);
  }
  call.give(std::string_view(joined));
}

constexpr NativeAggregate kAggregates[] = {
    {"pg_array_agg", guarded<array_agg_step>, finish<give_array>},
    {"pg_string_agg", guarded<string_agg_step>, finish<give_string>},
};

}  // namespace

std::span<const NativeAggregate> aggregate_natives() { return kAggregates; }

}  // namespace alcove::executor
