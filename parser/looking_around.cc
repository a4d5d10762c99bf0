#include "parser/grammars.h"
#include "parser/vocabulary.h"

// SHOW, DESCRIBE, CHECKPOINT, COMPACT.

namespace alcove::parser {
namespace {


const auto show_namespaces = Rule<ShowNamespaces>("NAMESPACES") =
    word("NAMESPACES") > word("FROM") > index_name[to<&ShowNamespaces::index>] >
    -(word("LIKE") > value("a pattern")[to<&ShowNamespaces::like>]) >
    -(word("AFTER") > namespace_name[to<&ShowNamespaces::after>]) >
    -(word("LIMIT") > value("a number")[to<&ShowNamespaces::limit>]);

const auto show_usage = Rule<ShowUsage>("USAGE") =
    word("USAGE") > -(word("FROM") > index_name[to<&ShowUsage::index>] >
                      -(word("NAMESPACE") > namespace_name[to<&ShowUsage::name>]));

const auto show_recall = Rule<ShowRecall>("RECALL") =
    word("RECALL") > word("FROM") > index_name[to<&ShowRecall::index>] > word("NAMESPACE") >
    namespace_name[to<&ShowRecall::name>] >
    -(word("SAMPLE") > value("a number")[to<&ShowRecall::sample>]);

const auto show_grants = Rule<ShowGrants>("GRANTS") =
    word("GRANTS") > -(word("FOR") > name("a role")[to<&ShowGrants::role>]);

constexpr auto setting(const char* setting_named) {
  return [setting_named](auto& context) { x3::_val(context).name = setting_named; };
}

const auto show_setting = Rule<ShowSetting>("a setting's name") =
    (word("TRANSACTION") >> word("ISOLATION") >> word("LEVEL"))[setting("transaction_isolation")] |
    (word("TIME") >> word("ZONE"))[setting("timezone")] |
    (word("SESSION") >> word("AUTHORIZATION"))[setting("session_authorization")] |
    setting_name[text_to<&ShowSetting::name>];

const auto show = word("SHOW") >
                  named("what to show")[word("INDEXES")[plain<ShowIndexes>] |
                                        show_namespaces[become] | show_usage[become] |
                                        show_recall[become] | show_grants[become] |
                                        word("ALL")[plain<ShowAll>] | show_setting[become]];

const auto describe_index = Rule<DescribeIndex>("INDEX") =
    word("INDEX") > index_name[to<&DescribeIndex::index>];

const auto describe_namespace = Rule<DescribeNamespace>("NAMESPACE") =
    word("NAMESPACE") > namespace_name[to<&DescribeNamespace::name>] > word("FROM") >
    index_name[to<&DescribeNamespace::index>];

const auto compact = Rule<Compact>("COMPACT") =
    word("COMPACT") > word("NAMESPACE") > namespace_name[to<&Compact::name>] > word("FROM") >
    index_name[to<&Compact::index>];

const auto looking_around = Rule<Statement>("a question") =
    show | (word("DESCRIBE") > (describe_index[become] | describe_namespace[become])) |
    word("CHECKPOINT")[plain<Checkpoint>] | compact[become];

}  // namespace

bool read_looking_around(Input& input, const char*& at, Statement& statement) {
  return run(looking_around, input, at, statement);
}

}  // namespace alcove::parser
