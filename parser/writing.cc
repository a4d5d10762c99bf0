#include <algorithm>

#include <fmt/format.h>

#include "parser/grammars.h"
#include "parser/vocabulary.h"

// UPSERT, UPDATE, DELETE, COPY.

namespace alcove::parser {
namespace {

const auto in_namespace = word("NAMESPACE") > namespace_name;

// ---- UPSERT -------------------------------------------------------------------------------------

const auto row = Rule<UpsertRow>("a record in parentheses") =
    symbol("(") > value("a record's id")[to<&UpsertRow::id>] > symbol(",") >
    value("a vector")[to<&UpsertRow::values>] >
    -(symbol(",") > value("metadata")[to<&UpsertRow::metadata>]) > symbol(")");

const auto add_row = [](auto& context) {
  auto& rows = x3::_val(context).rows;
  const std::size_t rows_max = input_of(context).limits().records_per_statement_max;
  if (rows.size() == rows_max) {
    refuse(context, ErrorCode::kLimitExceeded, x3::_attr(context).id.offset,
           fmt::format("more than {} records in a statement", rows_max));
    return;
  }
  rows.push_back(std::move(x3::_attr(context)));
};

const auto upsert = Rule<Upsert>("UPSERT") =
    word("UPSERT") > word("INTO") > index_name[to<&Upsert::index>] >
    -in_namespace[to<&Upsert::name>] > word("VALUES") > list_of(row[add_row]);

// ---- UPDATE and DELETE --------------------------------------------------------------------------

struct Assignment {
  FilterSubject target;
  Value value;
};

const auto assignment = Rule<Assignment>("a field") =
    field[to<&Assignment::target>] > symbol("=") > value("a value")[to<&Assignment::value>];

template <class Context>
void refuse_assignment(const Context& context, std::string message) {
  refuse(context, ErrorCode::kSyntax, x3::_attr(context).target.offset, std::move(message));
}

const auto assign = [](auto& context) {
  using Kind = FilterSubject::Kind;
  Update& update = x3::_val(context);
  Assignment& it = x3::_attr(context);
  const auto names_field = [&it](const FieldAssignment& other) {
    return other.field.text == it.target.field;
  };
  const bool replaces_metadata = it.target.kind == Kind::kMetadata;
  if (it.target.kind == Kind::kId) {
    refuse_assignment(context, "a record's id cannot be set");
  } else if ((replaces_metadata && !update.fields.empty()) ||
             (it.target.kind == Kind::kField && update.metadata)) {
    refuse_assignment(context, "METADATA and single fields cannot be set in one statement");
  } else if (it.target.kind == Kind::kField) {
    if (std::any_of(update.fields.begin(), update.fields.end(), names_field)) {
      refuse_assignment(context, fmt::format("field \"{}\" is set twice", it.target.field));
      return;
    }
    update.fields.push_back(
        {{std::move(it.target.field), it.target.offset}, std::move(it.value)});
  } else if (auto& part = replaces_metadata ? update.metadata : update.values; part) {
    refuse_assignment(context, fmt::format("{} is set twice",
                                           replaces_metadata ? "METADATA" : "VALUES"));
  } else {
    part = std::move(it.value);
  }
};

// A statement that changes every record says of which namespace.
template <class T>
constexpr auto spelled_out(std::string_view verb) {
  return x3::eps[([verb](auto& context) {
    const T& statement = x3::_val(context);
    if (statement.name || statement.filter) return;
    refuse(context, ErrorCode::kSyntax, statement.offset,
           fmt::format("{} without WHERE must name its NAMESPACE", verb));
  })];
}

const auto update = Rule<Update>("UPDATE") =
    here[to<&Update::offset>] >> word("UPDATE") > index_name[to<&Update::index>] >
    -in_namespace[to<&Update::name>] > word("SET") > list_of(assignment[assign]) >
    -(word("WHERE") > condition[to<&Update::filter>]) > spelled_out<Update>("UPDATE");

const auto delete_from = Rule<Delete>("DELETE") =
    here[to<&Delete::offset>] >> word("DELETE") > word("FROM") > index_name[to<&Delete::index>] >
    -in_namespace[to<&Delete::name>] > -(word("WHERE") > condition[to<&Delete::filter>]) >
    spelled_out<Delete>("DELETE");

// ---- COPY ---------------------------------------------------------------------------------------

using Option = std::pair<std::string, std::string>;

template <class Context>
void add_option(const Context& context, std::string option, std::string value) {
  x3::_val(context).options.emplace_back(std::move(option), std::move(value));
}

const auto is_string = [](auto& context) {
  x3::_val(context).second = std::move(x3::_attr(context));
};
const auto is_text = text_to<&Option::second>;

// An option without a value is on.
const auto option = Rule<Option>("an option") =
    identifier("an option")[([](auto& context) {
      x3::_val(context) = {lower_case(x3::_attr(context).text), "true"};
    })] >>
    -(string_literal[is_string] | number_literal[is_text] | name("a value")[is_text]);

const auto keep_option = [](auto& context) {
  Option& it = x3::_attr(context);
  add_option(context, std::move(it.first), std::move(it.second));
};

constexpr auto old_format(const char* format) {
  return [format](auto& context) { add_option(context, "format", format); };
}
constexpr auto old_switch(const char* option_name) {
  return [option_name](auto& context) { add_option(context, option_name, "true"); };
}
constexpr auto old_text(const char* option_name) {
  return string_literal[([option_name](auto& context) {
    add_option(context, option_name, std::move(x3::_attr(context)));
  })];
}

// As psql and pgx still write them: COPY … CSV HEADER DELIMITER ';'.
const auto old_option =
    word("BINARY")[old_format("binary")] | word("CSV")[old_format("csv")] |
    word("HEADER")[old_switch("header")] | word("FREEZE")[old_switch("freeze")] |
    (word("DELIMITER") > -word("AS") > old_text("delimiter")) |
    (word("NULL") > -word("AS") > old_text("null")) |
    (word("QUOTE") > -word("AS") > old_text("quote")) |
    (word("ESCAPE") > -word("AS") > old_text("escape")) |
    (word("ENCODING") > old_text("encoding"));

const auto copy_options = (symbol("(") > list_of(option[keep_option]) > symbol(")")) | +old_option;

// "namespace"."index"
const auto name_before_index = [](auto& context) {
  Copy& copy = x3::_val(context);
  copy.name = NamespaceName{std::move(copy.index.text), copy.index.offset};
  copy.index = std::move(x3::_attr(context));
};

const auto copy_name = [](auto& context) {
  Copy& copy = x3::_val(context);
  if (copy.name) {
    refuse(context, ErrorCode::kSyntax, x3::_attr(context).offset,
           "the namespace is already named before the index");
    return;
  }
  copy.name = std::move(x3::_attr(context));
};

const auto by_namespace = (word("BY") > word("NAMESPACE"))[([](auto& context) {
  Copy& copy = x3::_val(context);
  if (copy.name) {
    refuse(context, ErrorCode::kSyntax, copy.name->offset,
           "BY NAMESPACE reads the namespace from the data: name none");
    return;
  }
  copy.by_namespace = true;
})];

const auto copy = Rule<Copy>("COPY") =
    word("COPY") > index_name[to<&Copy::index>] >
    -(symbol(".") > index_name[name_before_index]) > -(in_namespace[copy_name] | by_namespace) >
    -(symbol("(") > list_of(name("a column")[add_to<&Copy::columns>]) > symbol(")")) >
    ((word("FROM") > word("STDIN")) |
     (word("TO") > word("STDOUT"))[set<&Copy::direction, Copy::Direction::kToStdout>]) >
    ((word("WITH") > copy_options) | -copy_options);

// COPY (SELECT …) TO STDOUT
const auto copy_of_query = word("COPY") >> &symbol("(") > rest_of_statement;

const auto writing = Rule<Statement>("a statement that writes") =
    upsert[become] | update[become] | delete_from[become] |
    copy_of_query[([](auto& context) {
      x3::_val(context) = SelectUnsupported{"COPY of a query"};
    })] |
    copy[become];

}  // namespace

bool read_writing(Input& input, const char*& at, Statement& statement) {
  return run(writing, input, at, statement);
}

}  // namespace alcove::parser
