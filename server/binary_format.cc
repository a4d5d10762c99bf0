#include "server/binary_format.h"

#include <bit>
#include <chrono>
#include <cstdint>
#include <cstdio>

#include <boost/endian/conversion.hpp>

#include "base/check.h"
#include "server/type_oid.h"

namespace alcove::server {
namespace {

constexpr char kJsonbVersion = 1;

template <class Unsigned>
void append_big(std::string& out, Unsigned value) {
  boost::endian::native_to_big_inplace(value);
  out.append(reinterpret_cast<const char*>(&value), sizeof(value));
}

void append_float4_array(std::string& out, std::span<const float> values) {
  append_big(out, std::uint32_t{values.empty() ? 0U : 1U});  // dimensions
  append_big(out, std::uint32_t{0});                         // no NULLs
  append_big(out, oid::kFloat4);
  if (values.empty()) return;
  append_big(out, static_cast<std::uint32_t>(values.size()));
  append_big(out, std::uint32_t{1});  // the first element's number
  constexpr std::size_t kElementBytes = 4 + sizeof(float);
  std::size_t at = out.size();
  out.resize(at + values.size() * kElementBytes);
  for (const float value : values) {
    auto* const element = reinterpret_cast<unsigned char*>(out.data() + at);
    boost::endian::store_big_u32(element, sizeof(float));
    boost::endian::store_big_u32(element + 4, std::bit_cast<std::uint32_t>(value));
    at += kElementBytes;
  }
}

// From the text form in UTC, `2026-01-31 12:00:00.5+00`, which is the only one that we write.
std::int64_t microseconds_since_2000(std::string_view text) {
  int year = 0;
  unsigned month = 0;
  unsigned day = 0;
  int hour = 0;
  int minute = 0;
  double second = 0;
  const int read = std::sscanf(std::string(text).c_str(), "%d-%u-%u %d:%d:%lf", &year, &month, &day,
                               &hour, &minute, &second);
  CHECK(read == 6, "a time stamp is written in the one form that there is");
  using namespace std::chrono;
  const sys_days date = std::chrono::year(year) / std::chrono::month(month) / std::chrono::day(day);
  const sys_days epoch = std::chrono::year(2000) / January / 1;
  const auto whole = date - epoch + hours(hour) + minutes(minute);
  return duration_cast<microseconds>(whole).count() + static_cast<std::int64_t>(second * 1e6 + 0.5);
}

void append_text_like(std::string& out, std::string_view text, executor::Type type) {
  if (type == executor::Type::kTimestampTz) {
    append_big(out, static_cast<std::uint64_t>(microseconds_since_2000(text)));
    return;
  }
  if (type == executor::Type::kJsonb) out.push_back(kJsonbVersion);
  out.append(text);
}

}  // namespace

void append_binary(std::string& out, const executor::Cell& cell, executor::Type type) {
  struct Append {
    std::string& to;
    executor::Type type;
    void operator()(std::monostate) const { CHECK(false, "NULL has no binary form"); }
    void operator()(bool value) const { to.push_back(value ? '\1' : '\0'); }
    void operator()(std::int64_t value) const {
      if (type == executor::Type::kInt8) {
        append_big(to, static_cast<std::uint64_t>(value));
      } else {
        append_big(to, static_cast<std::uint32_t>(value));
      }
    }
    void operator()(float value) const { append_big(to, std::bit_cast<std::uint32_t>(value)); }
    void operator()(double value) const { append_big(to, std::bit_cast<std::uint64_t>(value)); }
    void operator()(std::string_view value) const { append_text_like(to, value, type); }
    void operator()(std::span<const float> values) const { append_float4_array(to, values); }
  };
  std::visit(Append{out, type}, cell);
}

}  // namespace alcove::server
