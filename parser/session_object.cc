#include <charconv>
#include <cstdint>
#include <string>
#include <type_traits>

#include "parser/grammars.h"
#include "parser/vocabulary.h"

// PREPARE, EXECUTE, DEALLOCATE; DECLARE, FETCH, MOVE, CLOSE.

namespace alcove::parser {
namespace {

const auto prepared_name = folded_name("a prepared statement");
const auto cursor_name = folded_name("a cursor");

// ---- The statement inside -----------------------------------------------------------------------

// Only of the kinds that may stand inside another: so nothing nests deeper.
bool read_inner(Input& input, const char*& at, Statement& statement) {
  return read_reading(input, at, statement) || read_select(input, at, statement) ||
         read_writing(input, at, statement);
}

template <class Kinds, class S>
constexpr bool holds = std::is_constructible_v<Kinds, S>;
using Preparable = std::variant<Upsert, Update, Delete, Query, SelectRecords, SelectConstants,
                                SelectUnsupported, SystemSelect>;

bool read_prepared_text(Input& input, const char*& at, std::string& text) {
  const char* const begin = at;
  Statement inner;
  if (!read_inner(input, at, inner)) return false;
  const bool fits = std::visit(
      [](const auto& s) { return holds<Preparable, std::decay_t<decltype(s)>>; }, inner);
  if (fits) {
    text.assign(begin, at);
  } else {
    at = begin;
  }
  return fits;
}

using CursorQuery = decltype(DeclareCursor::query);

bool read_cursor_query(Input& input, const char*& at, CursorQuery& query) {
  const char* const begin = at;
  Statement inner;
  if (!read_reading(input, at, inner) && !read_select(input, at, inner)) return false;
  const bool fits = std::visit(
      [&](auto& s) {
        constexpr bool kHolds = holds<CursorQuery, std::decay_t<decltype(s)>>;
        if constexpr (kHolds) query = std::move(s);
        return kHolds;
      },
      inner);
  if (!fits) at = begin;
  return fits;
}

bool read_parameter_type(Input& input, const char*& at, Name& type) {
  type.offset = input.offset(at);
  return read_type_name(input, at, type.text);
}

// ---- Prepared statements ------------------------------------------------------------------------

constexpr Component<Name> parameter_type{read_parameter_type, "a type"};
constexpr Component<std::string> prepared_text{
    read_prepared_text, "a QUERY, SELECT, UPSERT, UPDATE or DELETE statement"};

const auto prepare = Rule<Prepare>("PREPARE") =
    word("PREPARE") > prepared_name[to<&Prepare::name>] >
    -(symbol("(") > list_of(parameter_type[add_to<&Prepare::types>]) > symbol(")")) > word("AS") >
    here[to<&Prepare::offset>] > prepared_text[to<&Prepare::text>];

const auto execute = Rule<Execute>("EXECUTE") =
    word("EXECUTE") > prepared_name[to<&Execute::name>] >
    -(symbol("(") > list_of(value("a value")[add_to<&Execute::values>]) > symbol(")"));

const auto deallocate = Rule<Deallocate>("DEALLOCATE") =
    word("DEALLOCATE") > -(word("PREPARE") >> &prepared_name) >
    (word("ALL") | prepared_name[to<&Deallocate::name>]);

// ---- Cursors ------------------------------------------------------------------------------------

constexpr Component<CursorQuery> cursor_query{read_cursor_query, "a QUERY or SELECT statement"};

const auto no_scroll = word("NO") > word("SCROLL");
const auto cursor_option = word("BINARY")[flag<&DeclareCursor::binary>] | word("INSENSITIVE") |
                           word("ASENSITIVE") | word("SCROLL")[flag<&DeclareCursor::scroll>] |
                           no_scroll;

// The query's beginning is kept in `bytes` until its end is known.
const auto end_query = [](auto& context) {
  DeclareCursor& declare = x3::_val(context);
  declare.bytes = x3::_attr(context) - declare.bytes;
};

const auto declare = Rule<DeclareCursor>("DECLARE") =
    word("DECLARE") > cursor_name[to<&DeclareCursor::name>] > *cursor_option > word("CURSOR") >
    -((word("WITH") > word("HOLD"))[flag<&DeclareCursor::hold>] |
      (word("WITHOUT") > word("HOLD"))) > word("FOR") > here[to<&DeclareCursor::bytes>] >
    cursor_query[to<&DeclareCursor::query>] > here[end_query];

// ---- FETCH and MOVE -----------------------------------------------------------------------------

// A whole number with or without a sign; false for anything else, such as a name that begins so.
bool read_count(Input& input, const char*& at, std::int64_t& count) {
  const bool signed_plus = at != input.end() && *at == '+';
  const char* const digits = signed_plus ? at + 1 : at;
  const auto [end, failure] = std::from_chars(digits, input.end(), count);
  if (failure != std::errc() || (signed_plus && count < 0)) return false;
  if (end != input.end() && (*end == '.' || bare_name_length(input.from(end)) > 0)) return false;
  at = end;
  return true;
}
constexpr Component<std::int64_t> step_count{read_count, "a number"};

template <FetchDirection::Kind Kind, std::int64_t Count = 1>
constexpr auto towards = [](auto& context) { x3::_val(context) = FetchDirection{Kind, Count}; };
template <FetchDirection::Kind Kind>
constexpr auto towards_all = towards<Kind, FetchDirection::kAll>;

constexpr auto kForward = FetchDirection::Kind::kForward;
constexpr auto kBackward = FetchDirection::Kind::kBackward;
constexpr auto kAbsolute = FetchDirection::Kind::kAbsolute;
constexpr auto kRelative = FetchDirection::Kind::kRelative;

const auto steps = step_count[to<&FetchDirection::count>];
const auto from_or_in = -(word("FROM") | word("IN"));

// Only if something like a name follows: else the word is the cursor's name.
const auto direction = Rule<FetchDirection>("a direction") =
    (word("NEXT")[towards<kForward>] | word("PRIOR")[towards<kBackward>] |
     word("FIRST")[towards<kAbsolute>] | word("LAST")[towards<kAbsolute, -1>] |
     (word("ABSOLUTE")[towards<kAbsolute>] >> steps) |
     (word("RELATIVE")[towards<kRelative>] >> steps) | word("ALL")[towards_all<kForward>] |
     (word("FORWARD")[towards<kForward>] >> -(word("ALL")[towards_all<kForward>] | steps)) |
     (word("BACKWARD")[towards<kBackward>] >> -(word("ALL")[towards_all<kBackward>] | steps)) |
     (x3::eps[towards<kForward>] >> steps)) >>
    &cursor_name;

const auto fetch = Rule<FetchCursor>("FETCH") =
    (word("FETCH") | word("MOVE")[flag<&FetchCursor::move>]) >
    -direction[to<&FetchCursor::direction>] > from_or_in > cursor_name[to<&FetchCursor::name>];

const auto close_cursor = Rule<CloseCursor>("CLOSE") =
    word("CLOSE") > (word("ALL") | cursor_name[to<&CloseCursor::name>]);

const auto session_object = Rule<Statement>("a session's statement") =
    prepare[become] | execute[become] | deallocate[become] | declare[become] | fetch[become] |
    close_cursor[become];

}  // namespace

bool read_session_object(Input& input, const char*& at, Statement& statement) {
  return run(session_object, input, at, statement);
}

}  // namespace alcove::parser
