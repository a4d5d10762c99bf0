#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

namespace alcove::executor {

// A function that statements on the catalogue may call, beside those of constant_function.h.
struct SystemFunction {
  enum class Kind : unsigned char {
    kScalar,
    kAggregate,
    kWindow,  // also kAggregate's, where OVER follows
    kSet,     // makes rows: in FROM, or in a SELECT's items
  };
  // In place of an OID:
  static constexpr std::uint32_t kAny = 0;           // of a parameter: takes every type
  static constexpr std::uint32_t kFirst = 1;         // of a result: the first argument's type
  static constexpr std::uint32_t kElement = 2;       // the type of the first argument's elements
  static constexpr std::uint32_t kArray = 3;         // of arrays of the first argument
  static constexpr std::uint32_t kAnyArray = 4;      // of a parameter

  std::string_view name;
  Kind kind = Kind::kScalar;
  std::vector<std::uint32_t> parameters;
  std::size_t required = 0;  // how many of them must be there
  bool variadic = false;     // the last parameter may come any number of times
  std::uint32_t result = 0;
  // SQLite's text: `$1` and so on are the arguments, `$*` all of them. Of kSet: the array whose
  // elements are the rows.
  std::string_view sql;
};

// The function of this name that takes so many arguments; null: there is none.
const SystemFunction* find_system_function(std::string_view name, std::size_t arguments);

}  // namespace alcove::executor
