#include "server/binary_array.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>

#include <boost/endian/conversion.hpp>

#include "server/type_oid.h"

namespace alcove::server {
namespace {

constexpr std::size_t kHeaderBytes = 12;    // dimensions, whether there are NULLs, element type
constexpr std::size_t kDimensionBytes = 8;  // elements, number of the first

template <class Number>
Number load_big(const char* bytes) {
  return boost::endian::endian_load<Number, sizeof(Number), boost::endian::order::big>(
      reinterpret_cast<const unsigned char*>(bytes));
}

Result<float> to_float(double value) {
  const auto rounded = static_cast<float>(value);
  if (!std::isfinite(rounded)) {
    return fail(ErrorCode::kInvalidValue, "\"{}\" is out of range for type real", value);
  }
  return rounded;
}

// The error of the first that is not finite.
Status check_finite(const std::vector<float>& values) {
  for (const float value : values) TRY(to_float(value));
  return {};
}

// Has its highest bit set if `bits` are those of NaN or an infinity: an exponent of all ones carries.
constexpr std::uint32_t not_finite(std::uint32_t bits) { return (bits & 0x7fffffffU) + 0x00800000U; }
// Of two numbers at a time.
constexpr std::uint64_t not_finite(std::uint64_t bits) {
  return (bits & 0x7fffffff7fffffffU) + 0x0080000000800000U;
}
constexpr std::uint64_t kHighestBits = 0x8000000080000000U;

// `count` big-endian numbers, two at a time: the compiler makes no SIMD of this by itself. Whether
// all are finite.
bool read_floats(const char* bytes, std::size_t count, float* values) {
  std::uint64_t others = 0;
  std::size_t i = 0;
  for (; i + 2 <= count; i += 2) {
    const std::uint64_t pair = std::rotl(load_big<std::uint64_t>(bytes + i * sizeof(float)), 32);
    others |= not_finite(pair);
    std::memcpy(values + i, &pair, sizeof(pair));
  }
  if (i < count) {
    const auto last = load_big<std::uint32_t>(bytes + i * sizeof(float));
    others |= not_finite(last);
    values[i] = std::bit_cast<float>(last);
  }
  return (others & kHighestBits) == 0;
}

// A float4[] as every driver sends it: all at once. False: it is something else.
bool read_plain_floats(std::string_view bytes, std::vector<float>& values, bool& finite) {
  constexpr std::size_t kStride = 4 + sizeof(float);
  if (bytes.size() < kHeaderBytes + kDimensionBytes || load_big<std::uint32_t>(bytes.data()) != 1 ||
      load_big<std::uint32_t>(bytes.data() + 8) != oid::kFloat4) {
    return false;
  }
  const std::size_t count = load_big<std::uint32_t>(bytes.data() + kHeaderBytes);
  const char* const elements = bytes.data() + kHeaderBytes + kDimensionBytes;
  if (bytes.size() - kHeaderBytes - kDimensionBytes != count * kStride) return false;
  values.resize(count);
  std::uint32_t other_lengths = 0;
  std::uint32_t others = 0;
  for (std::size_t i = 0; i < count; ++i) {
    // Length and number at once.
    const auto element = load_big<std::uint64_t>(elements + i * kStride);
    other_lengths |= static_cast<std::uint32_t>(element >> 32U) ^ std::uint32_t{sizeof(float)};
    const auto bits = static_cast<std::uint32_t>(element);
    others |= not_finite(bits);
    values[i] = std::bit_cast<float>(bits);
  }
  finite = (others & kHighestBits) == 0;
  return other_lengths == 0;
}

}  // namespace

Error bad_binary() { return Error(ErrorCode::kProtocol, "incorrect binary data format"); }

std::optional<double> binary_number(std::string_view bytes, std::uint32_t type) {
  const char* const data = bytes.data();
  switch (bytes.size()) {
    case 2: if (type == oid::kInt2) return load_big<std::int16_t>(data); break;
    case 4:
      if (type == oid::kInt4) return load_big<std::int32_t>(data);
      if (type == oid::kOid) return load_big<std::uint32_t>(data);
      if (type == oid::kFloat4) return std::bit_cast<float>(load_big<std::uint32_t>(data));
      break;
    case 8:
      if (type == oid::kInt8) return static_cast<double>(load_big<std::int64_t>(data));
      if (type == oid::kFloat8) return std::bit_cast<double>(load_big<std::uint64_t>(data));
      break;
    default: break;
  }
  return std::nullopt;
}

Result<BinaryArray> split_array(std::string_view bytes) {
  if (bytes.size() < kHeaderBytes) return bad_binary();
  BinaryArray array;
  const auto dimensions = load_big<std::uint32_t>(bytes.data());
  array.element_type = load_big<std::uint32_t>(bytes.data() + 8);
  if (dimensions == 0) return array;
  if (dimensions > 1) {
    return Error(ErrorCode::kInvalidValue, "an array must have one dimension here");
  }
  if (bytes.size() < kHeaderBytes + kDimensionBytes) return bad_binary();
  const auto count = load_big<std::uint32_t>(bytes.data() + kHeaderBytes);
  std::string_view rest = bytes.substr(kHeaderBytes + kDimensionBytes);
  if (count > rest.size() / 4) return bad_binary();
  array.elements.reserve(count);
  for (std::uint32_t i = 0; i < count; ++i) {
    if (rest.size() < 4) return bad_binary();
    const auto length = load_big<std::uint32_t>(rest.data());
    rest.remove_prefix(4);
    if (length == 0xffffffff) {
      return Error(ErrorCode::kNullNotAllowed, "an array's element must not be NULL");
    }
    if (length > rest.size()) return bad_binary();
    array.elements.push_back(rest.substr(0, length));
    rest.remove_prefix(length);
  }
  if (!rest.empty()) return bad_binary();
  return array;
}

Status read_array_vector(std::string_view bytes, std::vector<float>& values) {
  bool finite = true;
  if (read_plain_floats(bytes, values, finite)) return finite ? Status() : check_finite(values);
  const BinaryArray array = TRY(split_array(bytes));
  values.clear();
  for (const std::string_view element : array.elements) {
    const auto number = binary_number(element, array.element_type);
    if (!number) return bad_binary();
    values.push_back(TRY(to_float(*number)));
  }
  return {};
}

Status read_pgvector(std::string_view bytes, std::vector<float>& values) {
  constexpr std::size_t kVectorHeaderBytes = 4;  // how many numbers, 16 unused bits
  if (bytes.size() < kVectorHeaderBytes) return bad_binary();
  const std::size_t count = load_big<std::uint16_t>(bytes.data());
  if (bytes.size() != kVectorHeaderBytes + count * sizeof(float)) return bad_binary();
  values.resize(count);
  if (read_floats(bytes.data() + kVectorHeaderBytes, count, values.data())) return {};
  return check_finite(values);
}

Status read_any_vector(std::string_view bytes, std::vector<float>& values) {
  const bool is_array = bytes.starts_with(std::string_view("\0\0", 2));
  return is_array ? read_array_vector(bytes, values) : read_pgvector(bytes, values);
}

}  // namespace alcove::server
