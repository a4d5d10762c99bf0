#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/record.h"
#include "base/result.h"
#include "executor/catalogue.h"
#include "parser/statement.h"
#include "segments/filter.h"

namespace alcove::executor {

// What every record keeps to, whichever way it comes. Errors: kInvalidValue, kTooLong.
Status check_id(std::string_view id);
// Dimension, and as bind_vector() says.
Status check_vector(std::span<const float> values, const IndexDefinition& index);

// From the values of a statement to what a slot needs. Each checks the slot's type, range and
// length, and that a cast agrees with the slot. Errors name the thing at fault and carry the
// offset: kWrongType, kNullNotAllowed, kInvalidText, kInvalidValue, kTooLong, kUndefinedParameter.

// A record's id: 1..512 bytes of text.
Result<std::string> bind_id(const parser::Value& value);
// A vector of the index's dimension, finite, its squared norm at most 1e37, and under cosine not
// all zeros.
Result<std::vector<float>> bind_vector(const parser::Value& value, const IndexDefinition& index);
Result<Metadata> bind_metadata(const parser::Value& value);
// One field's new value; empty: NULL, remove it.
Result<std::optional<MetadataValue>> bind_field(const parser::Value& value);
Result<std::string> bind_namespace(const parser::NamespaceName& name);
Status check_namespace_name(const std::string& name, std::size_t offset);
// An integer in [minimum, maximum]; `what` is its name in errors, such as TOP.
Result<std::uint64_t> bind_integer(const parser::Value& value, const char* what,
                                   std::uint64_t minimum, std::uint64_t maximum);
Result<double> bind_real(const parser::Value& value, const char* what, double minimum,
                         double maximum);
Result<std::string> bind_text(const parser::Value& value, const char* what);
// What LIKE asks for. Errors: kInvalidEscape where a backslash has nothing behind it.
Result<std::string> bind_like_pattern(const parser::Value& value);
// Metadata field names are 1 byte or more and hold no NUL.
Result<segments::Filter> bind_filter(const parser::Filter& filter);

}  // namespace alcove::executor
