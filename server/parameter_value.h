#pragma once

#include <cstdint>
#include <string_view>

#include "base/result.h"
#include "parser/parameter.h"
#include "parser/statement.h"
#include "server/extended_message.h"

namespace alcove::server {

// The type of a parameter as a client sees it.
struct ParameterType {
  std::uint32_t oid = 0;
  // Neither declared nor cast, and compared with a field: it means what it reads as (language.md).
  bool unknown = false;
};

// What a parameter is that the client left open, from where it stands.
// Errors: kUndefinedObject for a cast to a type that there is not.
Result<ParameterType> infer_parameter_type(const parser::ParameterUse& use);

// The value that came, as a literal of the parameter's type. `slot` says what it stands for: where
// a vector does, numbers in an array are read as float32 at once.
// Errors: kInvalidText, kInvalidValue, kBadEncoding, kProtocol for binary that is not of the type's
// form, kNotSupported for types that we have no binary form of.
Result<parser::Value> read_parameter(std::string_view bytes, Format format, ParameterType type,
                                     parser::Slot slot);

// The same of a value written out in an EXECUTE: a string or a number is read as the parameter's type,
// anything else, or what has a cast, stands for itself. Errors besides, all with the value's offset:
// kUndefinedParameter for a parameter.
Result<parser::Value> read_argument(const parser::Value& value, ParameterType type,
                                    parser::Slot slot);

// Some value of the type, for finding out what a statement returns before any has come.
parser::Value sample_parameter(ParameterType type);

}  // namespace alcove::server
