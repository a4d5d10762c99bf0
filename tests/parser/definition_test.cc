#include "tests/parser/parsing.h"

namespace alcove::parser {
namespace {

TEST(Definition, CreatesAnIndex) {
  const auto it = parse_one<CreateIndex>("CREATE INDEX multitenant-app DIMENSION 8 METRIC cosine;");
  EXPECT_EQ(it.index.text, "multitenant-app");
  EXPECT_EQ(it.index.offset, 13U);
  EXPECT_EQ(number_of(it.dimension), "8");
  EXPECT_EQ(it.metric->text, "cosine");
  EXPECT_FALSE(it.if_not_exists);
}

TEST(Definition, LeavesMetricOutAndTakesParameters) {
  const auto it = parse_one<CreateIndex>("create index if not exists a dimension $1::int");
  EXPECT_TRUE(it.if_not_exists);
  EXPECT_FALSE(it.metric);
  EXPECT_EQ(parameter_of(it.dimension), 1U);
  EXPECT_EQ(it.dimension.cast, "int");
}

TEST(Definition, ReservesNoKeyword) {
  EXPECT_EQ(parse_one<CreateIndex>("CREATE INDEX index DIMENSION 1").index.text, "index");
  EXPECT_EQ(parse_one<CreateIndex>("CREATE INDEX if DIMENSION 1").index.text, "if");
  EXPECT_EQ(parse_one<DropIndex>("DROP INDEX drop-index").index.text, "drop-index");
}

TEST(Definition, DropsAnIndex) {
  EXPECT_FALSE(parse_one<DropIndex>("DROP INDEX a").if_exists);
  EXPECT_TRUE(parse_one<DropIndex>("DROP INDEX IF EXISTS a").if_exists);
}

TEST(Definition, CreatesAndDropsNamespaces) {
  const auto made = parse_one<CreateNamespace>("CREATE NAMESPACE IF NOT EXISTS tenant1 IN app");
  EXPECT_EQ(text_of(made.name), "tenant1");
  EXPECT_EQ(made.index.text, "app");
  EXPECT_TRUE(made.if_not_exists);
  const auto gone = parse_one<DropNamespace>("DROP NAMESPACE IF EXISTS 'tenant 1' FROM app");
  EXPECT_EQ(text_of(gone.name), "tenant 1");
  EXPECT_TRUE(gone.if_exists);
}

TEST(Definition, NamesANamespaceByNameStringOrParameter) {
  const auto name_in = [](const std::string& text) {
    return parse_one<DropNamespace>("DROP NAMESPACE " + text + " FROM app").name;
  };
  EXPECT_EQ(text_of(name_in("\"a \"\"b\"")), "a \"b");
  EXPECT_EQ(text_of(name_in("550e8400-e29b-41d4-a716-446655440000")),
            "550e8400-e29b-41d4-a716-446655440000");
  EXPECT_EQ(text_of(name_in("1e-5")), "1e-5");
  EXPECT_EQ(text_of(name_in("E'a\\tb'")), "a\tb");
  EXPECT_EQ(text_of(name_in("$$a'b$$::text")), "a'b");
  EXPECT_EQ(std::get<Parameter>(name_in("$2").what).number, 2U);
  EXPECT_EQ(std::get<Parameter>(name_in("CAST($3 AS varchar)").what).number, 3U);
  EXPECT_EQ(text_of(name_in("cast")), "cast");
  EXPECT_EQ(parse_error("DROP NAMESPACE $1::int FROM app").code(), ErrorCode::kWrongType);
}

TEST(Roles, AreCreatedWithTheirOptionsInAnyOrder) {
  const auto it = parse_one<CreateRole>(
      "CREATE ROLE t1 WITH PASSWORD 'it''s' NAMESPACE tenant1 OF multitenant-app LOGIN");
  EXPECT_EQ(it.role.text, "t1");
  EXPECT_EQ(it.options.login, true);
  EXPECT_EQ(it.options.password, "it's");
  EXPECT_EQ(text_of(it.options.bound_to->first), "tenant1");
  EXPECT_EQ(it.options.bound_to->second.text, "multitenant-app");
}

TEST(Roles, UserIsARoleThatMayLogIn) {
  EXPECT_EQ(parse_one<CreateRole>("CREATE USER app").options.login, true);
  EXPECT_EQ(parse_one<CreateRole>("CREATE USER app NOLOGIN").options.login, false);
  EXPECT_EQ(parse_one<CreateRole>("CREATE ROLE app").options.login, std::nullopt);
}

TEST(Roles, AreAlteredAndDropped) {
  const auto it = parse_one<AlterRole>("ALTER USER app PASSWORD 'SCRAM-SHA-256$4096:a$b:c'");
  EXPECT_EQ(it.options.password, "SCRAM-SHA-256$4096:a$b:c");
  EXPECT_EQ(it.options.login, std::nullopt);
  EXPECT_EQ(parse_one<AlterRole>("ALTER ROLE app PASSWORD NULL").options.password, "");
  EXPECT_EQ(parse_one<AlterRole>("ALTER ROLE app NOLOGIN").options.login, false);
  EXPECT_TRUE(parse_one<DropRole>("DROP ROLE IF EXISTS app").if_exists);
}

TEST(Roles, MayBeSuperusers) {
  EXPECT_EQ(parse_one<CreateRole>("CREATE ROLE a PASSWORD 'x' SUPERUSER LOGIN").options.superuser,
            true);
  EXPECT_EQ(parse_one<AlterRole>("ALTER ROLE a NOSUPERUSER").options.superuser, false);
  EXPECT_EQ(parse_one<CreateRole>("CREATE ROLE a LOGIN").options.superuser, std::nullopt);
}

TEST(Roles, TakeAnOptionOnce) {
  expect_syntax_error("CREATE ROLE a SUPERUSER ^NOSUPERUSER", "NOSUPERUSER is given twice");
  expect_syntax_error("CREATE ROLE a LOGIN ^NOLOGIN", "NOLOGIN is given twice");
  expect_syntax_error("CREATE ROLE a PASSWORD 'a' ^PASSWORD 'b'", "PASSWORD is given twice");
}

TEST(Grants, NameOneNamespaceOrAnIndex) {
  const auto tenant = parse_one<Grant>("GRANT READ ON NAMESPACE tenant1 OF app TO reader");
  EXPECT_FALSE(tenant.revoke);
  EXPECT_EQ(tenant.privilege, Privilege::kRead);
  EXPECT_EQ(text_of(*tenant.name), "tenant1");
  EXPECT_EQ(tenant.index.text, "app");
  EXPECT_EQ(tenant.role.text, "reader");
  const auto index = parse_one<Grant>("REVOKE ADMIN ON INDEX app FROM reader");
  EXPECT_TRUE(index.revoke);
  EXPECT_EQ(index.privilege, Privilege::kAdmin);
  EXPECT_FALSE(index.name);
  EXPECT_EQ(parse_one<Grant>("GRANT WRITE ON INDEX a TO b").privilege, Privilege::kWrite);
}

TEST(DefinitionErrors, SayWhatWasExpected) {
  expect_syntax_error("CREATE ^TABLE x (id int)",
                      "expected INDEX, NAMESPACE, ROLE or USER after CREATE",
                      "Records are kept in an index: CREATE INDEX name DIMENSION n "
                      "[METRIC cosine].");
  expect_syntax_error("CREATE ^INDX x", "expected INDEX, NAMESPACE, ROLE or USER after CREATE",
                      "Did you mean INDEX?");
  expect_syntax_error("CREATE INDEX x ^", "expected DIMENSION after x");
  expect_syntax_error("CREATE INDEX x DIMENSION ^eight", "expected a dimension after DIMENSION");
  expect_syntax_error("CREATE INDEX x DIMENSION 8 ^METRC cosine",
                      "syntax error at or near \"METRC\"", "Did you mean METRIC?");
  expect_syntax_error("CREATE INDEX ^'x' DIMENSION 8", "expected an index name after INDEX");
  expect_syntax_error("DROP NAMESPACE tenant1 ^app", "expected FROM after tenant1");
  expect_syntax_error("GRANT ^SELECT ON INDEX a TO b", "expected READ, WRITE or ADMIN after GRANT");
  expect_syntax_error("CREATE ROLE a PASSWORD ^secret",
                      "expected a password in quotes after PASSWORD");
}

}  // namespace
}  // namespace alcove::parser
