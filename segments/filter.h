#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/metadata.h"
#include "base/result.h"
#include "segments/row_set.h"
#include "segments/term.h"

namespace alcove::segments {

enum class Comparison : unsigned char {
  kEqual,
  kNotEqual,
  kLess,
  kLessEqual,
  kGreater,
  kGreaterEqual,
};

// An operand: a string, a number or a boolean.
using Operand = std::variant<std::string, double, bool>;

// A filter made ready to run over records: predicates on the id and on metadata fields, combined in
// postfix order. Two-valued logic, as language.md says: a comparison with a missing field or one of
// another type is false, and <> and NOT IN are then true; on a list of strings = and IN ask for any
// of its values, <> and NOT IN for none; <, <=, >, >= on a list are false. Booleans: false < true.
// Immutable once built; evaluation is thread-safe.
class Filter {
 public:
  // ---- building, in postfix order; each predicate pushes one truth value ----
  void compare_id(Comparison comparison, std::string operand);
  void id_in(std::vector<std::string> operands, bool negated);
  void id_like(std::string_view pattern, bool negated);  // PostgreSQL's %, _ and backslash
  void compare_field(std::string field, Comparison comparison, Operand operand);
  void field_in(std::string field, std::vector<Operand> operands, bool negated);
  void field_contains(std::string field, std::string operand);  // lists of strings only
  void field_exists(std::string field, bool negated);           // EXISTS, IS NOT NULL / IS NULL
  void constant(bool value);
  void logical_not();
  void logical_and();
  void logical_or();  // Requires, as the two above: its operands were pushed

  bool empty() const { return nodes_.empty(); }  // matches everything
  // Whether matches() looks at metadata at all.
  bool needs_metadata() const { return needs_metadata_; }
  // Requires: a complete postfix expression, or empty().
  bool matches(std::string_view id, MetadataView metadata) const;

  // Some rows in order of id, of which it is told who has which terms (term.h).
  class Rows {
   public:
    virtual ~Rows() = default;
    virtual std::uint32_t count() const = 0;
    // The first row whose id is not below; count() if there is none.
    virtual Result<std::uint32_t> lower_bound(std::string_view id) = 0;
    virtual Result<std::string_view> id(std::uint32_t row) = 0;
    virtual Result<bool> has(const std::string& term) = 0;  // whether any row has it
    virtual Status collect(const TermRange& range, RowSet& rows) = 0;  // adds those that have one of the terms
  };
  // Those of the rows that match, without looking at metadata; nothing where terms do not tell, or the filter has so
  // many parts that looking at records is as good. Requires: a complete expression. Errors: those of `rows`.
  Result<std::optional<RowSet>> select(Rows& rows) const;

  // What the filter says of ids alone, so that a reader need not look at the rest. Every matching
  // id lies in [first, last) (a LIKE's literal prefix is such a range); with has_ids, `ids` are the
  // only ones that can match: none at all if it is empty. Taken from the top-level AND; always safe
  // to ignore.
  struct IdBounds {
    std::string first;               // inclusive
    std::string last;                // exclusive; empty is unbounded
    bool has_ids = false;
    std::vector<std::string> ids;    // sorted, unique
  };
  IdBounds id_bounds() const;

 private:
  struct Node;
  template <class Operator>
  void push_operator(Operator part, bool decides);
  std::vector<Node> nodes_;
  bool needs_metadata_ = false;

 public:
  Filter();
  ~Filter();
  Filter(Filter&&) noexcept;
  Filter& operator=(Filter&&) noexcept;
  Filter(const Filter&);
  Filter& operator=(const Filter&);
};

}  // namespace alcove::segments
