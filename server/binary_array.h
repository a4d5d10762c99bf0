#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace alcove::server {

// Numbers, arrays and vectors as PostgreSQL's *send functions write them, from bytes that are not
// trusted. What is not of its form is kProtocol.
Error bad_binary();

// The number in a value, or an array's element, of one of the number types; none: not of its length,
// or of no such type.
std::optional<double> binary_number(std::string_view bytes, std::uint32_t type);

struct BinaryArray {
  std::uint32_t element_type = 0;
  std::vector<std::string_view> elements;
};
// One dimension. Errors: kInvalidValue for more, kNullNotAllowed for an element.
Result<BinaryArray> split_array(std::string_view bytes);

// These replace what `values` held by the numbers of an array: float4[], float8[], int4[], … Errors,
// besides: kInvalidValue beyond float32, NaN and infinity too.
Status read_array_vector(std::string_view bytes, std::vector<float>& values);
// Of pgvector's `vector`.
Status read_pgvector(std::string_view bytes, std::vector<float>& values);
// Of whichever of the two it is: an array begins with its number of dimensions, which is small, and
// so with two bytes of zero; a `vector` with how many numbers it has.
Status read_any_vector(std::string_view bytes, std::vector<float>& values);

}  // namespace alcove::server
