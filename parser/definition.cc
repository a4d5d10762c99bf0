#include "parser/grammars.h"
#include "parser/vocabulary.h"

// CREATE, ALTER, DROP, GRANT, REVOKE: indexes, namespaces, roles and what roles may do.

namespace alcove::parser {
namespace {

const auto if_exists = word("IF") >> word("EXISTS");
const auto if_not_exists = word("IF") >> word("NOT") >> word("EXISTS");
const auto role_name = name("a role");

// ---- Indexes and namespaces ---------------------------------------------------------------------

const auto create_index = Rule<CreateIndex>("INDEX") =
    word("INDEX") >> -if_not_exists[flag<&CreateIndex::if_not_exists>] >
    index_name[to<&CreateIndex::index>] > word("DIMENSION") >
    value("a dimension")[to<&CreateIndex::dimension>] >
    -(word("METRIC") > name("a metric")[to<&CreateIndex::metric>]);

const auto drop_index = Rule<DropIndex>("INDEX") =
    word("INDEX") >> -if_exists[flag<&DropIndex::if_exists>] > index_name[to<&DropIndex::index>];

const auto create_namespace = Rule<CreateNamespace>("NAMESPACE") =
    word("NAMESPACE") >> -if_not_exists[flag<&CreateNamespace::if_not_exists>] >
    namespace_name[to<&CreateNamespace::name>] > word("IN") >
    index_name[to<&CreateNamespace::index>];

const auto drop_namespace = Rule<DropNamespace>("NAMESPACE") =
    word("NAMESPACE") >> -if_exists[flag<&DropNamespace::if_exists>] >
    namespace_name[to<&DropNamespace::name>] > word("FROM") >
    index_name[to<&DropNamespace::index>];

// ---- Roles --------------------------------------------------------------------------------------

using Binding = std::pair<NamespaceName, Name>;

enum RoleClause : unsigned { kLogin = 1, kPassword = 2, kNamespace = 4, kSuperuser = 8 };

const auto binding = Rule<Binding>("a namespace") =
    namespace_name[to<&Binding::first>] > word("OF") > index_name[to<&Binding::second>];

const auto role_options = Rule<Draft<RoleOptions>>("a role's options") =
    -word("WITH") >>
    *((clause(kLogin, "LOGIN") >> x3::eps[set<&RoleOptions::login, true>]) |
      (clause(kLogin, "NOLOGIN") >> x3::eps[set<&RoleOptions::login, false>]) |
      (clause(kSuperuser, "SUPERUSER") >> x3::eps[set<&RoleOptions::superuser, true>]) |
      (clause(kSuperuser, "NOSUPERUSER") >> x3::eps[set<&RoleOptions::superuser, false>]) |
      (-word("ENCRYPTED") >> clause(kPassword, "PASSWORD") >
       named("a password in quotes")[string_literal[to<&RoleOptions::password>] |
                                     word("NULL")[([](auto& context) {
                                       x3::_val(context).password = std::string();
                                     })]]) |
      (clause(kNamespace, "NAMESPACE") > binding[to<&RoleOptions::bound_to>]));

const auto create_role = Rule<CreateRole>("ROLE") =
    word("ROLE") > role_name[to<&CreateRole::role>] > role_options[to<&CreateRole::options>];

// PostgreSQL's other spelling: a role that may log in.
const auto create_user = Rule<CreateRole>("USER") =
    word("USER") > role_name[to<&CreateRole::role>] > role_options[([](auto& context) {
      RoleOptions& options = x3::_attr(context);
      if (!options.login) options.login = true;
      x3::_val(context).options = std::move(options);
    })];

const auto alter_role = Rule<AlterRole>("ROLE") =
    (word("ROLE") | word("USER")) > role_name[to<&AlterRole::role>] >
    role_options[to<&AlterRole::options>];

const auto drop_role = Rule<DropRole>("ROLE") =
    (word("ROLE") | word("USER")) >> -if_exists[flag<&DropRole::if_exists>] >
    role_name[to<&DropRole::role>];

const auto privilege = word("READ")[set<&Grant::privilege, Privilege::kRead>] |
                       word("WRITE")[set<&Grant::privilege, Privilege::kWrite>] |
                       word("ADMIN")[set<&Grant::privilege, Privilege::kAdmin>];

const auto granted = privilege > word("ON") >
                     ((word("NAMESPACE") > namespace_name[to<&Grant::name>] > word("OF")) |
                      word("INDEX")) > index_name[to<&Grant::index>];

const auto grant = Rule<Grant>("GRANT") =
    word("GRANT") > granted > word("TO") > role_name[to<&Grant::role>];

const auto revoke = Rule<Grant>("REVOKE") = word("REVOKE")[flag<&Grant::revoke>] > granted >
                                            word("FROM") > role_name[to<&Grant::role>];

const auto definition = Rule<Statement>("a definition") =
    (word("CREATE") > (create_index[become] | create_namespace[become] | create_role[become] |
                       create_user[become])) |
    (word("DROP") > (drop_index[become] | drop_namespace[become] | drop_role[become])) |
    (word("ALTER") > alter_role[become]) | grant[become] | revoke[become];

}  // namespace

bool read_definition(Input& input, const char*& at, Statement& statement) {
  return run(definition, input, at, statement);
}

}  // namespace alcove::parser
