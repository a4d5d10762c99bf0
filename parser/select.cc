#include <fmt/format.h>

#include "parser/grammars.h"
#include "parser/sql_token.h"
#include "parser/vocabulary.h"

// SELECT in its kinds: of records, of constants, on PostgreSQL's catalogue, and beyond.

namespace alcove::parser {
namespace {

// ---- SELECT … FROM an index ---------------------------------------------------------------------

struct Column {
  std::optional<RecordColumn> part;  // none: a name that is no column
  bool all = false;                  // *
  Name name;
  std::optional<Name> label;
};

enum SelectClause : unsigned { kLimit = 1, kOffset = 2 };

struct Records : SelectRecords {
  std::vector<Column> listed;
  bool beyond = false;  // it goes on as SQL does and this grammar does not
};

std::optional<RecordColumn> part_called(const Input& input, const Name& name) {
  const bool quoted = input.begin()[name.offset] == '"';
  const std::string text = quoted ? name.text : lower_case(name.text);
  if (text == "id") return RecordColumn::kId;
  if (text == "values") return RecordColumn::kValues;
  if (text == "metadata") return RecordColumn::kMetadata;
  return std::nullopt;
}

const auto all_columns = [](auto& context) { x3::_val(context).all = true; };
const auto count_column = [](auto& context) { x3::_val(context).part = RecordColumn::kCount; };
const auto named_column = [](auto& context) {
  Column& column = x3::_val(context);
  column.name = std::move(x3::_attr(context));
  column.part = part_called(input_of(context), column.name);
};

const auto count_of_all = word("COUNT") >> symbol("(") >> symbol("*") >> symbol(")");

const auto listed_column = Rule<Column>("a column") =
    (symbol("*")[all_columns] | count_of_all[count_column] |
     (!(word("FROM") | word("DISTINCT") | word("ALL") | word("CASE") | unsigned_number) >>
      name("a column")[named_column])) >>
    -column_label[to<&Column::label>];

const auto is_index = [](auto& context) {
  const Name& index = x3::_val(context).index;
  x3::_pass(context) = !index.text.starts_with("pg_");
};

// "namespace"."index", as COPY has it: before a COPY pgx and asyncpg ask so for the types of the columns.
// Of PostgreSQL's schemas they do not mean that, and in public tools look for the index as a table.
const auto schema_before_index = [](auto& context) {
  Records& records = x3::_val(context);
  const std::string schema = lower_case(records.index.text);
  if (schema.starts_with("pg_") || schema == "information_schema" || schema == "public") {
    x3::_pass(context) = false;
    return;
  }
  records.name = NamespaceName{std::move(records.index.text), records.index.offset};
  records.index = std::move(x3::_attr(context));
};

const auto selected_namespace = [](auto& context) {
  Records& records = x3::_val(context);
  if (records.name) {
    refuse(context, ErrorCode::kSyntax, x3::_attr(context).offset,
           "the namespace is already named before the index");
    return;
  }
  records.name = std::move(x3::_attr(context));
};

// What shows that a SELECT is of records: everything up to the index's name.
const auto head = word("SELECT") >> listed_column[add_to<&Records::listed>] >>
                  *(symbol(",") >> listed_column[add_to<&Records::listed>]) >> word("FROM") >>
                  index_name[to<&Records::index>] >>
                  -(symbol(".") >> index_name[schema_before_index]) >> x3::eps[is_index] >>
                  !(symbol(".") | symbol("("));

const auto goes_beyond = flag<&Records::beyond>;

const auto sort_key =
    (word("ID") | symbol("\"id\"")) >>
        (word("DESC")[set<&Records::order, SelectRecords::Order::kDescending>] |
         (-word("ASC") >> x3::eps[set<&Records::order, SelectRecords::Order::kAscending>])) |
    (name("a column") >> rest_of_statement)[goes_beyond];

const auto beyond_records =
    (symbol(",") | word("JOIN") | word("INNER") | word("LEFT") | word("RIGHT") | word("FULL") |
     word("CROSS") | word("NATURAL") | word("GROUP") | word("HAVING") | word("WINDOW") |
     word("UNION") | word("INTERSECT") | word("EXCEPT") | word("FETCH") | word("FOR")) >>
    rest_of_statement;

template <auto Member>
const auto row_count = [](auto& context) {
  if (std::holds_alternative<Null>(x3::_attr(context).what)) return;
  x3::_val(context).*Member = std::move(x3::_attr(context));
};

using RecordsDraft = Draft<Records>;

const auto select_records = Rule<RecordsDraft>("SELECT") =
    head > -(word("NAMESPACE") > namespace_name[selected_namespace]) >
    -(word("WHERE") > condition[to<&Records::filter>]) >
    -(word("ORDER") > word("BY") > named("id")[sort_key]) >
    *((clause(kLimit, "LIMIT") > (word("ALL") | value("a number")[row_count<&Records::limit>])) |
      (clause(kOffset, "OFFSET") > value("a number")[row_count<&Records::offset>])) >
    -beyond_records[goes_beyond];

std::string label_of(const Column& column, std::string_view otherwise) {
  return column.label ? column.label->text : std::string(otherwise);
}

// The listed columns as the statement has them; false where that cannot be said.
bool resolve_columns(Input& input, Records& records) {
  for (const Column& column : records.listed) {
    if (column.all) {
      records.columns.emplace_back(RecordColumn::kId, "id");
      records.columns.emplace_back(RecordColumn::kValues, "values");
      records.columns.emplace_back(RecordColumn::kMetadata, "metadata");
      continue;
    }
    if (!column.part) {
      return input.fail(ErrorCode::kUndefinedColumn, input.begin() + column.name.offset,
                        fmt::format("column \"{}\" does not exist", column.name.text),
                        "A record's columns are id, values and metadata; fields are in metadata.");
    }
    constexpr const char* kLabels[] = {"id", "values", "metadata", "count"};
    const char* const otherwise = kLabels[static_cast<std::size_t>(*column.part)];
    records.columns.emplace_back(*column.part, label_of(column, otherwise));
    if (*column.part == RecordColumn::kCount && records.listed.size() > 1) records.beyond = true;
  }
  return true;
}

const auto finish_records = [](auto& context) {
  Records& read = x3::_attr(context);
  if (!read.beyond && !resolve_columns(input_of(context), read)) x3::_pass(context) = false;
  if (read.beyond) {
    x3::_val(context) = SelectUnsupported{"this form of SELECT"};
  } else {
    x3::_val(context) = SelectRecords(std::move(read));
  }
};

// ---- SELECT of constants ------------------------------------------------------------------------

bool read_end(Input& input, const char*& at, x3::unused_type&) {
  return at == input.end() || *at == ';';
}
constexpr Component<x3::unused_type> end_of_statement{read_end, "the end of the statement"};

const auto add_constant = add_to<&SelectConstants::items>;

const auto select_constants = Rule<SelectConstants>("SELECT") =
    word("SELECT") >> -(select_item[add_constant] >> *(symbol(",") >> select_item[add_constant])) >>
    -(word("FROM") >> table_function[to<&SelectConstants::from>]) >> end_of_statement;

const auto finish_constants = [](auto& context) {
  SelectConstants& read = x3::_attr(context);
  for (const SelectItem& item : read.items) {
    const auto* only = std::get_if<ExpressionNode::ColumnName>(&item.nodes.front().what);
    if (only != nullptr && only->name == "*" && !read.from) {
      refuse(context, ErrorCode::kSyntax, item.nodes.front().offset,
             "SELECT * with no index specified is not valid");
    }
  }
  x3::_val(context) = std::move(read);
};

// ---- Beyond -------------------------------------------------------------------------------------

constexpr Component<SystemSelect> system_select{read_system_select, "SELECT"};

const auto finish_system = [](auto& context) {
  x3::_val(context) = std::move(x3::_attr(context));
};
const auto table_unsupported = [](auto& context) {
  x3::_val(context) = SelectUnsupported{"TABLE"};
};

const auto any_select = Rule<Statement>("SELECT") =
    select_records[finish_records] | select_constants[finish_constants] |
    (&(word("SELECT") | word("WITH") | word("VALUES")) >> system_select[finish_system]) |
    (word("TABLE") >> rest_of_statement)[table_unsupported];

}  // namespace

bool read_select(Input& input, const char*& at, Statement& statement) {
  return run(any_select, input, at, statement);
}

}  // namespace alcove::parser
