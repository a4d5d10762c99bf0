#pragma once

#include <random>
#include <string>

#include "parser/statement.h"

namespace alcove::parser {

// Makes statements of the kinds with the most to them, with names and strings of any characters.
// Equal seeds make equal statements.
class RandomStatement {
 public:
  explicit RandomStatement(std::uint64_t seed) : random_(seed) {}

  Statement statement();

  // Below `limit`, and one in `n`.
  std::size_t below(std::size_t limit) { return random_() % limit; }
  bool one_in(std::size_t n) { return below(n) == 0; }

 private:
  std::string text();
  Name name() { return {text(), 0}; }
  NamespaceName namespace_name();
  std::optional<NamespaceName> maybe_namespace();
  Value value();
  Value operand();
  Value number();
  Value parameter();
  Value vector();
  Filter filter();
  void add_condition(Filter& filter, std::size_t depth);
  FilterNode predicate();
  FilterSubject subject();

  CreateIndex create_index();
  Upsert upsert();
  Update update();
  Query query();
  SelectRecords select_records();
  Prepare prepare();
  Execute execute();
  DeclareCursor declare();
  FetchCursor fetch();

  std::mt19937_64 random_;
};

}  // namespace alcove::parser
