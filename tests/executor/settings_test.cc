#include "executor/settings.h"

#include <algorithm>
#include <random>

#include <gtest/gtest.h>

#include "executor/setting_value.h"

namespace alcove::executor {
namespace {

using Reported = std::vector<std::pair<std::string, std::string>>;

class SettingsTest : public testing::Test {
 protected:
  std::string show(const std::string& name) {
    const Result<std::string> value = settings.show(name);
    return value ? *value : "error: " + value.error().message();
  }
  // What SHOW prints after a SET, or the error's message.
  std::string set(const std::string& name, const std::string& value) {
    const Status done = settings.set(name, {{value}}, false);
    return done ? show(name) : done.error().message();
  }
  std::string set_local(const std::string& name, const std::string& value) {
    const Status done = settings.set(name, {{value}}, true);
    return done ? show(name) : done.error().message();
  }
  ErrorCode code(const Status& status) {
    EXPECT_FALSE(status.has_value());
    return status ? ErrorCode::kInternal : status.error().code();
  }

  Settings settings;
};

TEST_F(SettingsTest, DefinitionsAreOrderedAndInitialTextsAreCanonical) {
  std::string before;
  for (const SettingDefinition& definition : Settings::definitions()) {
    const std::string name = lower(definition.name);
    EXPECT_LT(before, name);
    before = name;
    EXPECT_EQ(show(name), definition.initial) << name;
    const Result<std::string> again =
        canonical_setting(definition, definition.initial, definition.initial);
    ASSERT_TRUE(again.has_value()) << name << ": " << again.error().message();
    EXPECT_EQ(*again, definition.initial) << name;
  }
}

TEST_F(SettingsTest, ReportsWhatDriversNeed) {
  ASSERT_TRUE(settings.set_startup("application_name", "psql").has_value());
  settings.fix("session_authorization", "app");
  const Reported expected = {
      {"application_name", "psql"},   {"client_encoding", "UTF8"},
      {"DateStyle", "ISO, MDY"},      {"default_transaction_read_only", "off"},
      {"in_hot_standby", "off"},      {"integer_datetimes", "on"},
      {"IntervalStyle", "postgres"},  {"is_superuser", "off"},
      {"server_encoding", "UTF8"},    {"server_version", "15.0 (Alcove 0.1.0)"},
      {"session_authorization", "app"}, {"standard_conforming_strings", "on"},
      {"TimeZone", "UTC"}};
  EXPECT_EQ(settings.reported(), expected);
  EXPECT_EQ(settings.take_changed(), Reported{});
}

TEST_F(SettingsTest, TellsOfEachChangeOnce) {
  set("application_name", "a");
  set("timezone", "Europe/Berlin");
  set("work_mem", "1MB");
  EXPECT_EQ(settings.take_changed(),
            (Reported{{"application_name", "a"}, {"TimeZone", "Europe/Berlin"}}));
  EXPECT_EQ(settings.take_changed(), Reported{});
  set("application_name", "a");
  EXPECT_EQ(settings.take_changed(), Reported{});
  settings.reset_all();
  EXPECT_EQ(settings.take_changed(), (Reported{{"application_name", ""}, {"TimeZone", "UTC"}}));
}

TEST_F(SettingsTest, TellsOfChangesUndoneByTheEndOfATransaction) {
  settings.begin_transaction();
  set("application_name", "a");
  set_local("timezone", "utc");
  set_local("datestyle", "dmy");
  EXPECT_EQ(settings.take_changed(),
            (Reported{{"application_name", "a"}, {"DateStyle", "ISO, DMY"}}));
  settings.rollback_transaction();
  EXPECT_EQ(settings.take_changed(),
            (Reported{{"application_name", ""}, {"DateStyle", "ISO, MDY"}}));
  settings.begin_transaction();
  set_local("application_name", "b");
  EXPECT_EQ(settings.take_changed(), (Reported{{"application_name", "b"}}));
  settings.commit_transaction();
  EXPECT_EQ(settings.take_changed(), (Reported{{"application_name", ""}}));
}

TEST_F(SettingsTest, TimesArePrintedInTheLargestUnitThatDividesThem) {
  EXPECT_EQ(set("statement_timeout", "30000"), "30s");
  EXPECT_EQ(settings.statement_timeout_ms(), 30'000U);
  EXPECT_EQ(set("statement_timeout", "1500ms"), "1500ms");
  EXPECT_EQ(set("statement_timeout", " 5 min "), "5min");
  EXPECT_EQ(settings.statement_timeout_ms(), 300'000U);
  EXPECT_EQ(set("statement_timeout", "120min"), "2h");
  EXPECT_EQ(set("statement_timeout", "86400000"), "1d");
  EXPECT_EQ(set("statement_timeout", "1.2345s"), "1234ms");
  EXPECT_EQ(set("statement_timeout", "501us"), "1ms");
  EXPECT_EQ(set("statement_timeout", "1e3"), "1s");
  EXPECT_EQ(set("statement_timeout", "0"), "0");
  EXPECT_EQ(settings.statement_timeout_ms(), 0U);
  EXPECT_EQ(set("tcp_keepalives_idle", "2h"), "2h");
  EXPECT_EQ(set("log_min_duration_statement", "-1"), "-1");
}

TEST_F(SettingsTest, SizesArePrintedInTheLargestUnitThatDividesThem) {
  EXPECT_EQ(set("work_mem", "4097kB"), "4097kB");
  EXPECT_EQ(set("work_mem", "1024"), "1MB");
  EXPECT_EQ(set("work_mem", "1.5GB"), "1536MB");
  EXPECT_EQ(set("work_mem", "100000B"), "98kB");
  EXPECT_EQ(set("temp_buffers", "1000"), "8000kB");
  EXPECT_EQ(show("effective_cache_size"), "4GB");
  EXPECT_EQ(show("statement_bytes_max"), "64MB");
}

TEST_F(SettingsTest, NumbersOutOfRangeAreRefusedInPostgresWords) {
  EXPECT_EQ(set("statement_timeout", "-1"),
            "-1 ms is outside the valid range for parameter \"statement_timeout\" "
            "(0 .. 2147483647)");
  EXPECT_EQ(set("extra_float_digits", "4"),
            "4 is outside the valid range for parameter \"extra_float_digits\" (-15 .. 3)");
  EXPECT_EQ(set("random_page_cost", "-1"),
            "-1 is outside the valid range for parameter \"random_page_cost\" "
            "(0 .. 1.79769e+308)");
  for (const char* bad : {"abc", "", "5 m", "5MB", "25d", "nan", "inf", "1 2", "on", "--1", "-"}) {
    EXPECT_EQ(set("statement_timeout", bad),
              "invalid value for parameter \"statement_timeout\": \"" + std::string(bad) + "\"");
  }
  EXPECT_EQ(code(settings.set("statement_timeout", {{"abc"}}, false)), ErrorCode::kInvalidValue);
  EXPECT_EQ(settings.statement_timeout_ms(), 0U);
}

TEST_F(SettingsTest, RecallTargetIsAboveZeroAndAtMostOne) {
  EXPECT_DOUBLE_EQ(settings.recall_target(), 0.95);
  EXPECT_EQ(set("recall_target", "0.99"), "0.99");
  EXPECT_EQ(set("recall_target", "1.0"), "1");
  EXPECT_EQ(set("recall_target", "0.9999999"), "0.9999999");
  EXPECT_DOUBLE_EQ(settings.recall_target(), 0.9999999);
  for (const char* bad : {"0", "-0.5", "1.01", "nan", "95%"}) {
    EXPECT_EQ(code(settings.set("recall_target", {{bad}}, false)), ErrorCode::kInvalidValue) << bad;
  }
  EXPECT_DOUBLE_EQ(settings.recall_target(), 0.9999999);
}

TEST_F(SettingsTest, BooleansTakeEverySpelling) {
  for (const char* yes : {"on", "ON", "true", "t", "yes", "y", "1", "tr"}) {
    set("require_namespace", "off");
    EXPECT_EQ(set("require_namespace", yes), "on") << yes;
    EXPECT_TRUE(settings.require_namespace());
  }
  for (const char* no : {"off", "of", "false", "F", "no", "n", "0"}) {
    set("require_namespace", "on");
    EXPECT_EQ(set("require_namespace", no), "off") << no;
  }
  for (const char* bad : {"o", "2", "", " on", "onn"}) {
    EXPECT_EQ(set("jit", bad), "parameter \"jit\" requires a Boolean value") << bad;
  }
}

TEST_F(SettingsTest, EnumsTakeTheirChoicesInAnyCase) {
  EXPECT_EQ(set("client_min_messages", "Warning"), "warning");
  EXPECT_EQ(settings.client_min_messages(), "warning");
  EXPECT_EQ(set("client_min_messages", "fatal"),
            "invalid value for parameter \"client_min_messages\": \"fatal\"");
  EXPECT_EQ(set("vector_output", "vector"), "vector");
  EXPECT_TRUE(settings.synchronous_commit());
  EXPECT_EQ(set("synchronous_commit", "0"), "off");
  EXPECT_FALSE(settings.synchronous_commit());
  EXPECT_EQ(set("synchronous_commit", "remote_apply"), "remote_apply");
  EXPECT_TRUE(settings.synchronous_commit());
  const Status bad = settings.set("synchronous_commit", {{"foo"}}, false);
  ASSERT_FALSE(bad.has_value());
  EXPECT_EQ(bad.error().hint(),
            "Available values: local, remote_write, remote_apply, on, off.");
}

TEST_F(SettingsTest, DateStyleKeepsThePartThatIsNotNamed) {
  EXPECT_EQ(set("datestyle", "ISO"), "ISO, MDY");
  EXPECT_EQ(set("datestyle", "dmy"), "ISO, DMY");
  EXPECT_EQ(set("datestyle", "SQL"), "SQL, DMY");
  EXPECT_EQ(set("datestyle", ""), "SQL, DMY");
  EXPECT_EQ(set("datestyle", "iso, us"), "ISO, MDY");
  EXPECT_EQ(set("datestyle", "german"), "German, DMY");
  ASSERT_TRUE(settings.set("DateStyle", {{"ISO", "YMD"}}, false).has_value());
  EXPECT_EQ(show("DATESTYLE"), "ISO, YMD");
  EXPECT_EQ(set("datestyle", "iso,sql"),
            "invalid value for parameter \"DateStyle\": \"iso,sql\"");
  EXPECT_EQ(set("datestyle", "iso,foo"),
            "invalid value for parameter \"DateStyle\": \"iso,foo\"");
}

TEST_F(SettingsTest, OnlyUtf8IsSpoken) {
  for (const char* good : {"utf8", "UTF8", "'utf-8'", "Unicode", "SQL_ASCII", "UTF 8"}) {
    EXPECT_EQ(set("client_encoding", good), "UTF8") << good;
    Settings fresh;
    EXPECT_TRUE(fresh.set_startup("client_encoding", good).has_value()) << good;
  }
  for (const char* bad : {"latin1", "", "utf16"}) {
    EXPECT_EQ(code(settings.set("client_encoding", {{bad}}, false)), ErrorCode::kInvalidValue);
  }
}

TEST_F(SettingsTest, TimeZonesAreKeptAsWritten) {
  EXPECT_EQ(set("timezone", "Europe/Berlin"), "Europe/Berlin");
  EXPECT_EQ(set("timezone", "utc"), "UTC");
  EXPECT_EQ(set("timezone", "+02:00"), "+02:00");
  EXPECT_EQ(set("timezone", "-7"), "<-07>+07");
  EXPECT_EQ(set("timezone", "5.5"), "<+05:30>-05:30");
  EXPECT_EQ(set("timezone", "../x y"), "invalid value for parameter \"TimeZone\": \"../x y\"");
  EXPECT_EQ(set("timezone", "200"), "invalid value for parameter \"TimeZone\": \"200\"");
}

TEST_F(SettingsTest, ListsOfNamesAreQuotedWhereTheyMustBe) {
  ASSERT_TRUE(settings.set("search_path", {{"$user", "public", "B c", "say \"x\""}}, false)
                  .has_value());
  EXPECT_EQ(show("search_path"), "\"$user\", public, \"B c\", \"say \"\"x\"\"\"");
  EXPECT_EQ(set("search_path", ""), "\"\"");
  ASSERT_TRUE(settings.set_text("search_path", "a,b", false).has_value());
  EXPECT_EQ(show("search_path"), "a,b");
  ASSERT_TRUE(settings.set_text("search_path", "", false).has_value());
  EXPECT_EQ(show("search_path"), "");
  const Status two = settings.set("application_name", {{"a", "b"}}, false);
  ASSERT_FALSE(two.has_value());
  EXPECT_EQ(two.error().message(), "SET application_name takes only one argument");
}

TEST_F(SettingsTest, UnknownNamesAreUndefinedObjects) {
  EXPECT_EQ(show("nope"), "error: unrecognized configuration parameter \"nope\"");
  EXPECT_EQ(set("nope", "1"), "unrecognized configuration parameter \"nope\"");
  EXPECT_EQ(code(settings.set("nope", {{"1"}}, false)), ErrorCode::kUndefinedObject);
  EXPECT_EQ(code(settings.reset("nope")), ErrorCode::kUndefinedObject);
  EXPECT_EQ(code(settings.set_startup("nope", "1")), ErrorCode::kUndefinedObject);
  EXPECT_EQ(show("a.b"), "error: unrecognized configuration parameter \"a.b\"");
}

TEST_F(SettingsTest, ReadOnlyOnesCannotBeChanged) {
  EXPECT_EQ(set("server_version", "1"), "parameter \"server_version\" cannot be changed");
  EXPECT_EQ(code(settings.reset("fsync")), ErrorCode::kInvalidValue);
  EXPECT_EQ(code(settings.set_startup("is_superuser", "on")), ErrorCode::kInvalidValue);
  EXPECT_EQ(show("server_version_num"), "150000");
}

TEST_F(SettingsTest, ARoleMayOnlyBeGivenBack) {
  settings.fix("session_authorization", "app");
  EXPECT_TRUE(settings.reset("session_authorization").has_value());
  EXPECT_EQ(set("session_authorization", "app"), "app");
  EXPECT_EQ(set("session_authorization", "other"),
            "SET SESSION AUTHORIZATION is not supported");
  EXPECT_EQ(set("role", "NONE"), "none");
  EXPECT_EQ(set("role", "other"), "SET ROLE is not supported");
}

TEST_F(SettingsTest, MayBePinned) {
  settings.pin("namespace", "mine");
  EXPECT_EQ(set("namespace", "mine"), "mine");
  EXPECT_EQ(set("namespace", "other"),
            "permission denied: parameter \"namespace\" is fixed by the role of the session");
  EXPECT_EQ(code(settings.set_startup("NAMESPACE", "other")), ErrorCode::kNotGranted);
  EXPECT_EQ(code(settings.set_text("namespace", "", false)), ErrorCode::kNotGranted);
  settings.reset_all();
  EXPECT_EQ(show("namespace"), "mine");
}

TEST_F(SettingsTest, NamesWithADotAreAnybodys) {
  EXPECT_EQ(set("Foo.Bar", "X"), "X");
  EXPECT_EQ(show("foo.bar"), "X");
  EXPECT_EQ(set("a.b.c", ""), "");
  ASSERT_TRUE(settings.reset("foo.bar").has_value());
  EXPECT_FALSE(settings.show("foo.bar").has_value());
  for (const char* bad : {"foo.", ".foo", "foo.1a", "foo..bar", "."}) {
    EXPECT_EQ(set(bad, "1"), "invalid configuration parameter name \"" + std::string(bad) + "\"");
  }
  settings.begin_transaction();
  EXPECT_EQ(set_local("app.tenant", "t1"), "t1");
  settings.commit_transaction();
  EXPECT_FALSE(settings.show("app.tenant").has_value());
}

TEST_F(SettingsTest, CustomParametersAreBounded) {
  EXPECT_EQ(code(settings.set("a.b", {{std::string(Settings::kValueBytesMax + 1, 'x')}}, false)),
            ErrorCode::kTooLong);
  const std::string value(Settings::kValueBytesMax, 'x');
  Status last;
  int accepted = 0;
  for (; accepted < 100; ++accepted) {
    last = settings.set("a.b" + std::to_string(accepted), {{value}}, false);
    if (!last) break;
  }
  EXPECT_EQ(accepted, 7);
  EXPECT_EQ(code(last), ErrorCode::kLimitExceeded);
  EXPECT_TRUE(settings.set("a.b0", {{value}}, false).has_value());
}

TEST_F(SettingsTest, NamespaceAndIndexHaveTheirLengths) {
  EXPECT_EQ(settings.default_namespace(), "");
  EXPECT_EQ(set("namespace", std::string(512, 'n')), std::string(512, 'n'));
  EXPECT_EQ(settings.default_namespace(), std::string(512, 'n'));
  EXPECT_EQ(code(settings.set("namespace", {{std::string(513, 'n')}}, false)), ErrorCode::kTooLong);
  EXPECT_EQ(set("index", "multitenant-app"), "multitenant-app");
  EXPECT_EQ(settings.default_index(), "multitenant-app");
  EXPECT_EQ(code(settings.set("index", {{std::string(129, 'i')}}, false)), ErrorCode::kTooLong);
}

TEST_F(SettingsTest, LocalLastsUntilTheTransactionEnds) {
  EXPECT_EQ(set_local("work_mem", "1MB"), "4MB");
  settings.begin_transaction();
  EXPECT_EQ(set("work_mem", "3MB"), "3MB");
  EXPECT_EQ(set_local("work_mem", "5MB"), "5MB");
  settings.commit_transaction();
  EXPECT_EQ(show("work_mem"), "3MB");
  settings.begin_transaction();
  ASSERT_TRUE(settings.set("work_mem", std::nullopt, true).has_value());
  EXPECT_EQ(show("work_mem"), "4MB");
  settings.commit_transaction();
  EXPECT_EQ(show("work_mem"), "3MB");
}

TEST_F(SettingsTest, SetHidesAnEarlierLocal) {
  settings.begin_transaction();
  set_local("work_mem", "1MB");
  EXPECT_EQ(set("work_mem", "2MB"), "2MB");
  settings.commit_transaction();
  EXPECT_EQ(show("work_mem"), "2MB");
}

TEST_F(SettingsTest, RollbackUndoesSetAndReset) {
  set("work_mem", "2MB");
  settings.begin_transaction();
  set("work_mem", "3MB");
  set("jit", "off");
  settings.reset_all();
  EXPECT_EQ(show("work_mem"), "4MB");
  settings.rollback_transaction();
  EXPECT_EQ(show("work_mem"), "2MB");
  EXPECT_EQ(show("jit"), "on");
}

TEST_F(SettingsTest, ResetFallsBackToTheStartupOption) {
  ASSERT_TRUE(settings.set_startup("statement_timeout", "5000").has_value());
  ASSERT_TRUE(settings.set_startup("app.x", "y").has_value());
  EXPECT_EQ(set("statement_timeout", "1"), "1ms");
  EXPECT_EQ(set("app.x", "z"), "z");
  settings.reset_all();
  EXPECT_EQ(show("statement_timeout"), "5s");
  EXPECT_EQ(show("app.x"), "y");
  set("statement_timeout", "1");
  ASSERT_TRUE(settings.set("statement_timeout", std::nullopt, false).has_value());
  EXPECT_EQ(settings.statement_timeout_ms(), 5000U);
}

TEST_F(SettingsTest, TransactionIsolationFollowsItsDefaultAndEndsWithItsTransaction) {
  EXPECT_EQ(set("transaction_isolation", "repeatable read"), "read committed");
  EXPECT_EQ(set("default_transaction_isolation", "repeatable read"), "repeatable read");
  EXPECT_TRUE(settings.repeatable_read_by_default());
  EXPECT_EQ(show("transaction_isolation"), "repeatable read");
  settings.begin_transaction();
  EXPECT_EQ(set("transaction_isolation", "read committed"), "read committed");
  settings.reset_all();
  EXPECT_EQ(show("transaction_isolation"), "read committed");
  settings.rollback_transaction();
  EXPECT_EQ(show("transaction_isolation"), "repeatable read");
  EXPECT_EQ(code(settings.set("default_transaction_isolation", {{"serializable"}}, false)),
            ErrorCode::kNotSupported);
}

TEST_F(SettingsTest, ShowAllNamesEverySettingOnce) {
  set("recall_target", "0.5");
  const auto all = settings.show_all();
  EXPECT_EQ(all.size(), Settings::definitions().size());
  const auto recall = std::find_if(all.begin(), all.end(),
                                   [](const auto& row) { return row[0] == "recall_target"; });
  ASSERT_NE(recall, all.end());
  EXPECT_EQ((*recall)[1], "0.5");
  for (const auto& row : all) EXPECT_FALSE(row[2].empty()) << row[0];
}

TEST_F(SettingsTest, CanonicalNameIsWhatShowHeadsItsColumnWith) {
  EXPECT_EQ(*settings.canonical_name("datestyle"), "DateStyle");
  EXPECT_EQ(*settings.canonical_name("TIMEZONE"), "TimeZone");
  EXPECT_FALSE(settings.canonical_name("nope").has_value());
}

TEST_F(SettingsTest, ValuesKeepToOneLine) {
  EXPECT_EQ(set("application_name", "a\nb\tc"), "a?b?c");
  EXPECT_EQ(set("application_name", "é"), "é");
}

// Every value as a plain stack of whole copies: the meaning of SET, SET LOCAL, RESET, COMMIT and
// ROLLBACK without any of the levels.
struct Model {
  using Values = std::map<std::string, std::string>;
  Values initial{{"work_mem", "4MB"}, {"jit", "on"}, {"application_name", ""}};
  Values session = initial;  // what stands after COMMIT
  Values seen = initial;     // what SHOW prints
  std::optional<Values> saved;

  void set(const std::string& name, const std::string& value, bool local) {
    if (local && !saved) return;
    seen[name] = value;
    if (!local) session[name] = value;
  }
  void end(bool commit) {
    if (saved && !commit) session = *saved;
    saved.reset();
    seen = session;
  }
};

TEST_F(SettingsTest, AgreesWithAPlainModel) {
  const std::vector<std::pair<std::string, std::vector<std::string>>> names = {
      {"work_mem", {"4MB", "1MB", "8MB"}},
      {"jit", {"on", "off"}},
      {"application_name", {"", "a", "b"}}};
  std::mt19937 random(7);
  const auto below = [&](std::size_t end) { return random() % end; };
  Model model;
  std::string told = "";
  for (int step = 0; step < 20'000; ++step) {
    const auto& [name, values] = names[below(names.size())];
    const bool local = below(2) == 0;
    switch (below(8)) {
      case 0:
        if (!model.saved) model.saved = model.session;
        settings.begin_transaction();
        break;
      case 1:
        model.end(true);
        settings.commit_transaction();
        break;
      case 2:
        model.end(false);
        settings.rollback_transaction();
        break;
      case 3:
        model.set(name, model.initial[name], local);
        ASSERT_TRUE(settings.set(name, std::nullopt, local).has_value());
        break;
      case 4:
        model.session = model.seen = model.initial;
        settings.reset_all();
        break;
      default: {
        const std::string& value = values[below(values.size())];
        model.set(name, value, local);
        ASSERT_TRUE(settings.set(name, {{value}}, local).has_value());
      }
    }
    for (const auto& [each, value] : model.seen) ASSERT_EQ(show(each), value) << "step " << step;
    for (const auto& [each, value] : settings.take_changed()) {
      ASSERT_EQ(each, "application_name");
      ASSERT_NE(value, told);
      told = value;
    }
    ASSERT_EQ(told, model.seen["application_name"]);
  }
}

}  // namespace
}  // namespace alcove::executor
