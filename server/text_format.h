#pragma once

#include <span>
#include <string>
#include <string_view>

#include "executor/row.h"

namespace alcove::server {

// Values as PostgreSQL writes them in its text format. Floats are the shortest digits that read
// back as the same float: fixed from 1e-4 up to the type's decimal precision (1e6, 1e15), else with
// an exponent of at least two digits: `0.1`, `1e-10`, `1.2345679e+08`, `-0`, `NaN`, `Infinity`.
void append_float4(std::string& out, float value);
void append_float8(std::string& out, double value);
// `{0.1,0.2}`. Of finite values it has no other characters than these.
inline constexpr std::string_view kVectorCharacters = "{},.-+e0123456789";
void append_float4_array(std::string& out, std::span<const float> values);

// `[0.1,0.2]`, as pgvector writes it.
void append_vector(std::string& out, std::span<const float> values);

// Any value. Requires: not NULL.
void append_text(std::string& out, const executor::Cell& cell);
// The same of a column of the type.
void append_text(std::string& out, const executor::Cell& cell, executor::Type type);

}  // namespace alcove::server
