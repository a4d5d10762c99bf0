#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "base/clock.h"
#include "base/random.h"
#include "base/simulated_file_system.h"
#include "executor/database.h"
#include "tests/support/statement_runner.h"

namespace alcove::tests {

// A database on a simulated disk, without threads of its own, and verbs to use it.
class TestDatabase : public testing::Test {
 protected:
  void SetUp() override { open(); }

  virtual executor::DatabaseOptions options() const {
    executor::DatabaseOptions options;
    options.directory = "/db";
    options.log_file_bytes = 64 << 10;
    options.background_threads = false;
    options.on_panic = [](const Error&) {};
    return options;
  }
  void open() {
    auto opened = executor::Database::open({disk_, clock_, random_}, options());
    ASSERT_TRUE(opened) << opened.error().message();
    database_ = std::move(*opened);
    session_ = std::make_unique<StatementRunner>(*database_);
  }
  // As after the power failed and came back.
  void crash() {
    session_.reset();
    database_.reset();
    disk_.crash(1);
    open();
  }
  std::unique_ptr<StatementRunner> connect() {
    return std::make_unique<StatementRunner>(*database_);
  }
  // As who has logged in as `role`.
  std::unique_ptr<StatementRunner> connect_as(const std::string& role) {
    return std::make_unique<StatementRunner>(
        *database_, executor::SessionIdentity{.user = role, .database = "test", .process_id = 2});
  }
  // Fails the test where the statements fail.
  void run(const std::string& text) {
    const auto done = session_->run(text);
    ASSERT_TRUE(done) << text.substr(0, 100) << ": " << done.error().message();
  }
  std::vector<std::vector<std::string>> table(const std::string& text) {
    auto outcome = session_->one(text);
    EXPECT_TRUE(outcome) << text.substr(0, 100) << ": " << outcome.error().message();
    return outcome ? std::move(outcome->rows) : std::vector<std::vector<std::string>>();
  }
  // The rows, one line each, cells by '|'; of an error its message.
  static std::string rows(StatementRunner& session, const std::string& text) {
    const auto outcome = session.one(text);
    if (!outcome) return "error: " + outcome.error().message();
    std::string lines;
    for (const auto& row : outcome->rows) {
      if (!lines.empty()) lines += '\n';
      for (std::size_t i = 0; i < row.size(); ++i) lines += (i == 0 ? "" : "|") + row[i];
    }
    return lines;
  }
  std::string rows(const std::string& text) { return rows(*session_, text); }
  std::string tag(const std::string& text) { return tag(*session_, text); }
  static std::string tag(StatementRunner& session, const std::string& text) {
    const auto outcome = session.one(text);
    return outcome ? outcome->tag : "error: " + outcome.error().message();
  }
  ErrorCode error(const std::string& text) { return error(*session_, text); }
  static ErrorCode error(StatementRunner& session, const std::string& text) {
    const auto outcome = session.run(text);
    EXPECT_FALSE(outcome) << text << " succeeds";
    return outcome ? ErrorCode::kInternal : outcome.error().code();
  }

  SimulatedFileSystem disk_;
  SystemClock clock_;
  SystemRandom random_;
  std::unique_ptr<executor::Database> database_;
  std::unique_ptr<StatementRunner> session_;
};

}  // namespace alcove::tests
