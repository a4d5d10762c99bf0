#include <algorithm>
#include <string_view>

#include "base/number_text.h"
#include "parser/grammars.h"
#include "parser/vocabulary.h"

// Settings, transactions, and what drivers and pools say to their session.

namespace alcove::parser {
namespace {

// ---- Settings -----------------------------------------------------------------------------------

// A setting's value outside quotes, as written: the longer of a number and a bare name (0.95, -1,
// on, acme-17, a bare UUID), or a "quoted" name.
bool read_bare_setting(Input& input, const char*& at, Name& text) {
  const std::string_view rest = input.from(at);
  const std::size_t length = std::max(json_number_length(rest), bare_name_length(rest));
  if (length == 0) return read_name(input, at, text);
  text = {std::string(rest.substr(0, length)), input.offset(at)};
  at += length;
  return true;
}
constexpr Component<Name> bare_setting{read_bare_setting, "a value"};

// A statement's form that sets one setting under a name of its own.
constexpr auto of_setting(const char* setting) {
  return x3::eps[([setting](auto& context) { x3::_val(context).name = setting; })];
}

const auto add_value = [](auto& context) {
  auto& values = x3::_val(context).values;
  if (!values) values.emplace();
  if constexpr (std::is_same_v<std::decay_t<decltype(x3::_attr(context))>, Name>) {
    values->push_back(std::move(x3::_attr(context).text));
  } else {
    values->push_back(std::move(x3::_attr(context)));
  }
};

const auto setting_value = named("a value")[string_literal[add_value] | bare_setting[add_value]];
const auto setting_values = named("a value")[word("DEFAULT") | list_of(setting_value)];

// INTERVAL '+00:00' HOUR TO MINUTE, as Sequelize sets it.
const auto interval = word("INTERVAL") > string_literal[add_value] >
                      -(word("HOUR") > -(word("TO") > word("MINUTE")));

const auto zone_setting = word("TIME") >> word("ZONE") > of_setting("timezone") >
                       (word("LOCAL") | word("DEFAULT") | interval | setting_value);

const auto set_setting = Rule<SetSetting>("a setting's name") =
    here[to<&SetSetting::offset>] >>
    -(word("SESSION") | word("LOCAL")[flag<&SetSetting::local>]) >>
    (zone_setting |
     (word("NAMES") >> !(symbol("=") | word("TO")) > of_setting("client_encoding") >
      (word("DEFAULT") | -string_literal[add_value])) |
     (word("SCHEMA") >> string_literal[add_value] > of_setting("search_path")) |
     (word("ROLE") >> !(symbol("=") | word("TO")) > of_setting("role") > setting_value) |
     (word("AUTHORIZATION") > of_setting("session_authorization") >
      (word("DEFAULT") | setting_value)) |
     (setting_name[text_to<&SetSetting::name>] > (symbol("=") | word("TO")) > setting_values));

const auto reset_setting = Rule<ResetSetting>("a setting's name") =
    ((word("TIME") >> word("ZONE")) > of_setting("timezone")) |
    ((word("TRANSACTION") >> word("ISOLATION") >> word("LEVEL")) >
     of_setting("transaction_isolation")) |
    ((word("SESSION") >> word("AUTHORIZATION")) > of_setting("session_authorization")) |
    setting_name[text_to<&ResetSetting::name>];

constexpr auto discards(const char* what) {
  return [what](auto& context) { x3::_val(context).what = what; };
}
const auto discard = Rule<Discard>("DISCARD") =
    word("DISCARD") >
    (word("ALL")[discards("all")] | word("PLANS")[discards("plans")] |
     word("SEQUENCES")[discards("sequences")] |
     (word("TEMPORARY") | word("TEMP"))[discards("temp")]);

// ---- Transactions -------------------------------------------------------------------------------

template <Isolation Level>
constexpr auto isolation = set<&TransactionModes::isolation, Level>;

const auto level =
    (word("READ") > (word("COMMITTED") | word("UNCOMMITTED")))[isolation<
        Isolation::kReadCommitted>] |
    (word("REPEATABLE") > word("READ"))[isolation<Isolation::kRepeatableRead>] |
    word("SERIALIZABLE")[isolation<Isolation::kSerializable>];

const auto mode = (word("ISOLATION") > word("LEVEL") > level) |
                  (word("READ") > (word("ONLY")[set<&TransactionModes::read_only, true>] |
                                   word("WRITE")[set<&TransactionModes::read_only, false>])) |
                  word("DEFERRABLE") | (word("NOT") > word("DEFERRABLE"));

const auto modes = Rule<TransactionModes>("a transaction mode") =
    mode >> *(-symbol(",") >> mode) >> !symbol(",");

const auto work = -(word("WORK") | word("TRANSACTION"));

const auto begin_block = Rule<Begin>("BEGIN") =
    (word("BEGIN") >> work >> -modes[to<&Begin::modes>]) |
    (word("START")[flag<&Begin::start_transaction>] > word("TRANSACTION") >>
     -modes[to<&Begin::modes>]);

const auto no_chain = work >> -(word("AND") >> word("NO") >> word("CHAIN")) >> !word("AND");

const auto savepoint_name = folded_name("a savepoint");

const auto rollback_to = Rule<RollbackTo>("ROLLBACK TO") =
    word("ROLLBACK") >> work >> word("TO") > -(word("SAVEPOINT") >> &savepoint_name) >
    savepoint_name[to<&RollbackTo::name>];

const auto savepoint = Rule<Savepoint>("SAVEPOINT") =
    word("SAVEPOINT") > savepoint_name[to<&Savepoint::name>];

const auto release = Rule<ReleaseSavepoint>("RELEASE") =
    word("RELEASE") > -(word("SAVEPOINT") >> &savepoint_name) >
    savepoint_name[to<&ReleaseSavepoint::name>];

const auto set_transaction = Rule<SetTransaction>("TRANSACTION") =
    ((word("SESSION") >> word("CHARACTERISTICS"))[flag<&SetTransaction::session>] > word("AS") >
     word("TRANSACTION") > modes[to<&SetTransaction::modes>]) |
    (word("TRANSACTION") >> modes[to<&SetTransaction::modes>]);

// ---- Channels, and what is yet to come ----------------------------------------------------------

const auto listen = Rule<Listen>("LISTEN") =
    word("LISTEN") > folded_name("a channel")[to<&Listen::channel>];

const auto unlisten = Rule<Unlisten>("UNLISTEN") =
    word("UNLISTEN") > (symbol("*") | folded_name("a channel")[to<&Unlisten::channel>]);

constexpr auto not_yet(const char* what) {
  return [what](auto& context) { x3::_val(context) = NotYet{what}; };
}
// COMMIT AND CHAIN and its like.
const auto chained = (word("COMMIT") | word("END") | word("ROLLBACK") | word("ABORT")) >> work >>
                     word("AND") >> word("CHAIN");

const auto session = Rule<Statement>("a session's statement") =
    (word("SET") > (set_transaction[become] | set_setting[become])) |
    (word("RESET") > (word("ALL")[plain<ResetAll>] | reset_setting[become])) |
    discard[become] | begin_block[become] | chained[not_yet("AND CHAIN")] |
    ((word("COMMIT") | word("END")) >> no_chain)[plain<Commit>] | rollback_to[become] |
    ((word("ROLLBACK") | word("ABORT")) >> no_chain)[plain<Rollback>] | savepoint[become] |
    release[become] | listen[become] | unlisten[become];

}  // namespace

bool read_session(Input& input, const char*& at, Statement& statement) {
  return run(session, input, at, statement);
}

}  // namespace alcove::parser
