#include "server/conversation.h"

#include <algorithm>
#include <array>
#include <exception>
#include <new>
#include <utility>

#include <boost/endian/conversion.hpp>
#include <fmt/format.h>

#include "base/log.h"
#include "executor/action_run.h"
#include "parser/parse.h"
#include "server/sqlstate.h"

namespace alcove::server {
namespace {

constexpr std::string_view kExtendedTypes = "PBDEC";

// What Parse or Bind leaves behind of at most so many bytes is bounded well enough by its number.
constexpr std::uint64_t kSmallBytes = 4096;

bool ends_transaction(const parser::Statement& statement) {
  return std::holds_alternative<parser::Commit>(statement) ||
         std::holds_alternative<parser::Rollback>(statement);
}

// Whether a notice of `severity` is to be sent to a client that wants those from `minimum` up.
bool is_wanted(std::string_view severity, std::string_view minimum) {
  constexpr std::array<std::string_view, 9> kUpwards = {
      "debug5", "debug4", "debug3", "debug2", "debug1", "log", "notice", "warning", "error"};
  const auto rank = [&](std::string_view level) {
    return std::find(kUpwards.begin(), kUpwards.end(), level) - kUpwards.begin();
  };
  return rank(severity == "WARNING" ? "warning" : "notice") >= rank(minimum);
}

}  // namespace

// ---- Results ------------------------------------------------------------------------------------

void Conversation::ResultWriter::begin(const std::vector<executor::Column>& columns) {
  undescribed_ = &columns;
  portal_ = nullptr;
  rows_max_ = 0;
}

void Conversation::ResultWriter::begin_portal(Portal& portal, std::uint32_t rows_max) {
  undescribed_ = nullptr;
  portal_ = &portal;
  rows_max_ = rows_max;
  sent_ = 0;
  std::size_t end = 0;
  while (end < portal.held.size() && !limit_reached()) {
    // Its length counts itself but not the letter before it.
    end += 1 + boost::endian::load_big_u32(
                   reinterpret_cast<const unsigned char*>(portal.held.data() + end + 1));
    ++sent_;
  }
  out_.append(portal.held, 0, end);
  portal.held.erase(0, end);
}

// Only when the first row or the end is there, so that a statement that fails at once answers as
// PostgreSQL does, which finds such faults while planning.
void Conversation::ResultWriter::describe() {
  if (undescribed_ == nullptr) return;
  BackendWriter(out_).row_description(*undescribed_);
  undescribed_ = nullptr;
}

void Conversation::ResultWriter::end() {
  // A statement without columns returns no rows at all, but for the empty SELECT.
  if (undescribed_ != nullptr && !undescribed_->empty()) describe();
  undescribed_ = nullptr;
}

void Conversation::ResultWriter::row(std::span<const executor::Cell> cells) {
  if (portal_ == nullptr) {
    describe();
    BackendWriter(out_).data_row(cells);
    return;
  }
  // A run may find some more rows before it asks whether there is room.
  std::string& to = limit_reached() ? portal_->held : out_;
  if (!limit_reached()) ++sent_;
  BackendWriter(to).data_row(cells, portal_->run->columns(), portal_->formats);
}

// ---- Messages -----------------------------------------------------------------------------------

Conversation::Conversation(executor::Session& session, std::string& out,
                           const ServerOptions& options,
                           const std::function<void(const Error&)>& on_panic)
    : session_(session),
      out_(out),
      options_(options),
      writer_(out),
      result_(out, options.output_buffer_bytes),
      on_panic_(on_panic) {}

Conversation::~Conversation() = default;

template <class Part>
Conversation::Next Conversation::guarded(Part part) {
  try {
    const Result<Next> next = part();
    return next ? *next : fail(next.error());
  } catch (const std::bad_alloc&) {
    return fail(Error(ErrorCode::kOutOfMemory, "out of memory"));
  } catch (const std::exception& exception) {
    return fail(Error(ErrorCode::kInternal, exception.what()));
  }
}

Conversation::Next Conversation::receive(const FrontendMessage& message) {
  if (message.type == frontend::kTerminate) return Next::kClose;
  if (receives_copy()) return receive_copy(message);
  if (skipping_until_sync_ && message.type != frontend::kSync) return Next::kMessage;
  error_skips_until_sync_ = kExtendedTypes.find(message.type) != std::string_view::npos;
  return guarded([&] { return answer(message); });
}

Conversation::Next Conversation::receive_oversize(char type, std::uint64_t bytes) {
  if (receives_copy()) return receive_copy({.type = type, .body = {}});
  if (skipping_until_sync_ || type == frontend::kCopyData) return Next::kMessage;
  error_skips_until_sync_ = kExtendedTypes.find(type) != std::string_view::npos;
  return fail(alcove::fail(ErrorCode::kLimitExceeded,
                           "message of {} bytes is longer than statement_bytes_max allows", bytes));
}

Result<Conversation::Next> Conversation::answer(const FrontendMessage& message) {
  switch (message.type) {
    case frontend::kQuery: return begin_script(message.body);
    case frontend::kSync: return sync();
    case frontend::kFlush: flush_ = true; return Next::kMessage;
    case frontend::kParse:
    case frontend::kBind:
    case frontend::kDescribe:
    case frontend::kClose:
    case frontend::kExecute: return answer_extended(message);
    case frontend::kCopyData:
    case frontend::kCopyDone:
    case frontend::kCopyFail:
      return Next::kMessage;  // of a COPY that has failed: its client may not know yet
    case frontend::kFunctionCall:
      return Error(ErrorCode::kNotSupported, "function calls by message are not supported");
    default:
      return Error(ErrorCode::kProtocol, "a message of this type is not expected here");
  }
}

Result<Conversation::Next> Conversation::answer_extended(const FrontendMessage& message) {
  const std::string_view body = message.body;
  switch (message.type) {
    case frontend::kParse: {
      const ParseMessage parse = TRY(parse_parse_message(body));
      TRY(prepare(parse));
      return Next::kMessage;
    }
    case frontend::kBind: {
      const BindMessage values = TRY(parse_bind_message(body));
      TRY(bind(values, body.size()));
      return Next::kMessage;
    }
    case frontend::kExecute: {
      const ExecuteMessage what = TRY(parse_execute_message(body));
      return execute(what, message.sync_follows);
    }
    default: break;
  }
  const NameMessage name = TRY(parse_name_message(body));
  if (message.type == frontend::kClose) {
    close(name);
  } else {
    TRY(describe(name));
  }
  return Next::kMessage;
}

// ---- Scripts ------------------------------------------------------------------------------------

Result<Conversation::Next> Conversation::begin_script(std::string_view body) {
  prepared_.erase("");
  portals_.erase("");
  in_group_ = false;
  text_ = TRY(parse_query_message(body));
  statements_ = TRY(parser::parse(text_));
  if (statements_.empty()) {
    writer_.empty_query_response();
    end_script();
    return Next::kMessage;
  }
  session_.begin_script(statements_.size());
  return advance();
}

Conversation::Next Conversation::step() {
  return guarded([this] { return advance(); });
}

Result<Conversation::Next> Conversation::advance() {
  return executing_ != nullptr ? advance_portal() : advance_script();
}

Result<Conversation::Next> Conversation::advance_script() {
  using Progress = executor::Run::Progress;
  if (run_ == nullptr) {
    auto run = TRY(start(statements_[at_]));
    run_ = std::move(run);
    result_.begin(run_->columns());
    TRY(begin_copy(statements_[at_], *run_));
  }
  const Progress progress = TRY(step_run(*run_));
  write_notices();
  switch (progress) {
    case Progress::kMore: return Next::kStep;
    case Progress::kWait: return Next::kWait;
    case Progress::kInput: return Next::kMessage;
    case Progress::kDone: return finish_statement();
  }
  return Error(ErrorCode::kInternal, "a statement neither goes on nor ends");
}

Result<Conversation::Next> Conversation::finish_statement() {
  const std::string tag = run_->tag();
  end_copy();
  result_.end();
  run_.reset();
  ++at_;
  if (at_ < statements_.size()) {
    writer_.command_complete(tag);
    return Next::kStep;
  }
  TRY(session_.end_script());  // Invariant 3
  write_notices();
  writer_.command_complete(tag);
  end_script();
  return Next::kMessage;
}

void Conversation::end_script() {
  run_.reset();
  if (session_.status() == executor::TransactionStatus::kIdle) portals_.clear();
  statements_ = {};
  at_ = 0;
  text_ = {};
  copy_text_ = {};
  write_ready();
}

// ---- The extended protocol ----------------------------------------------------------------------

Status Conversation::prepare(const ParseMessage& message) {
  text_ = message.text;
  if (!message.name.empty() && prepared_.contains(message.name)) {
    return alcove::fail(ErrorCode::kDuplicateStatement, "prepared statement \"{}\" already exists",
                        message.name);
  }
  if (prepared_.size() >= options_.prepared_statements_max) {
    return alcove::fail(ErrorCode::kLimitExceeded,
                        "a session has at most prepared_statements_max = {} prepared statements",
                        options_.prepared_statements_max)
        .with_hint("DEALLOCATE ALL forgets them.");
  }
  if (message.text.size() > kSmallBytes) {
    std::uint64_t bytes = message.text.size();
    for (const auto& [name, other] : prepared_) bytes += other->text.size();
    TRY(check_bytes(bytes, "prepared statements"));
  }
  auto prepared = TRY(PreparedStatement::prepare(message));
  if (prepared.statement) TRY(session_.check_not_failed(*prepared.statement));
  prepared_.insert_or_assign(std::string(message.name),
                             std::make_shared<const PreparedStatement>(std::move(prepared)));
  writer_.parse_complete();
  return {};
}

Result<std::shared_ptr<const PreparedStatement>> Conversation::prepared(
    std::string_view name) const {
  const auto found = prepared_.find(name);
  if (found != prepared_.end()) return found->second;
  if (name.empty()) {
    return Error(ErrorCode::kUndefinedStatement, "unnamed prepared statement does not exist");
  }
  return alcove::fail(ErrorCode::kUndefinedStatement, "prepared statement \"{}\" does not exist",
                      name);
}

Result<Portal*> Conversation::portal(std::string_view name) const {
  const auto found = portals_.find(name);
  if (found != portals_.end()) return found->second.get();
  return alcove::fail(ErrorCode::kUndefinedPortal, "portal \"{}\" does not exist", name);
}

Status Conversation::check_bytes(std::uint64_t bytes, const char* what) const {
  if (bytes <= options_.statement_bytes_max) return {};
  return alcove::fail(ErrorCode::kLimitExceeded,
                      "a session's {} take more than statement_bytes_max = {} bytes", what,
                      options_.statement_bytes_max);
}

Status Conversation::bind(const BindMessage& message, std::uint64_t bytes) {
  auto portal = std::make_unique<Portal>();
  portal->prepared = TRY(prepared(message.statement));
  text_ = portal->prepared->text;
  if (!message.portal.empty() && portals_.contains(message.portal)) {
    return alcove::fail(ErrorCode::kDuplicatePortal, "cursor \"{}\" already exists",
                        message.portal);
  }
  if (portals_.size() >= options_.portals_max) {
    return alcove::fail(ErrorCode::kLimitExceeded,
                        "a session has at most portals_max = {} open portals",
                        options_.portals_max);
  }
  portal->bytes = bytes;
  if (bytes > kSmallBytes) {
    std::uint64_t all = bytes;
    for (const auto& [name, other] : portals_) all += other->bytes;
    TRY(check_bytes(all, "open portals"));
  }
  if (portal->prepared->statement) {
    TRY(session_.check_not_failed(*portal->prepared->statement));
    portal->statement = TRY(portal->prepared->bind(message));
  }
  portal->formats = message.result_formats;
  if (portal->formats.size() > 1) {
    std::size_t columns = 0;
    if (portal->statement) columns = TRY(session_.describe(*portal->statement)).size();
    if (columns != portal->formats.size()) {
      return alcove::fail(ErrorCode::kProtocol,
                          "bind message has {} result formats but query has {} columns",
                          portal->formats.size(), columns);
    }
  }
  portals_.insert_or_assign(std::string(message.portal), std::move(portal));
  writer_.bind_complete();
  return {};
}

Status Conversation::describe(const NameMessage& message) {
  std::vector<executor::Column> columns;
  Formats formats;
  if (message.is_portal) {
    const Portal* const named = TRY(portal(message.name));
    text_ = named->prepared->text;
    formats = named->formats;
    if (named->run) {
      columns = named->run->columns();
    } else if (named->statement) {
      columns = TRY(session_.describe(*named->statement));
    }
  } else {
    const auto named = TRY(prepared(message.name));
    text_ = named->text;
    writer_.parameter_description(named->parameters);
    if (named->statement) {
      const parser::Statement sample = TRY(named->sample());
      columns = TRY(session_.describe(sample));
    }
  }
  if (columns.empty()) {
    writer_.no_data();
  } else {
    writer_.row_description(columns, formats);
  }
  return {};
}

// What is not there is closed.
void Conversation::close(const NameMessage& message) {
  if (message.is_portal) {
    if (const auto found = portals_.find(message.name); found != portals_.end()) {
      portals_.erase(found);
    }
  } else if (const auto found = prepared_.find(message.name); found != prepared_.end()) {
    prepared_.erase(found);
  }
  writer_.close_complete();
}

Result<Conversation::Next> Conversation::execute(const ExecuteMessage& message,
                                                 bool sync_follows) {
  Portal* const named = TRY(portal(message.portal));
  text_ = named->prepared->text;
  if (!named->statement) {
    writer_.empty_query_response();
    return Next::kMessage;
  }
  if (!in_group_) session_.begin_script(sync_follows ? 1 : 2);
  in_group_ = true;
  if (!named->run) {
    named->run = TRY(start(*named->statement));
  } else if (named->done && named->run->columns().empty()) {
    return alcove::fail(ErrorCode::kPortalFinished, "portal \"{}\" cannot be run", message.portal);
  }
  TRY(begin_copy(*named->statement, *named->run));
  executing_ = named;
  result_.begin_portal(*named, message.rows_max);
  return advance_portal();
}

Result<Conversation::Next> Conversation::advance_portal() {
  using Progress = executor::Run::Progress;
  Portal& portal = *executing_;
  Progress progress = Progress::kDone;
  if (!portal.done && !result_.limit_reached()) {
    progress = TRY(step_run(*portal.run));
    write_notices();
    portal.done = progress == Progress::kDone;
  }
  // As PostgreSQL has it, also when these were the last rows.
  if (result_.limit_reached()) {
    executing_ = nullptr;
    writer_.portal_suspended();
    return Next::kMessage;
  }
  switch (progress) {
    case Progress::kMore: return Next::kStep;
    case Progress::kWait: return Next::kWait;
    case Progress::kInput: return Next::kMessage;
    case Progress::kDone: break;
  }
  end_copy();
  std::string tag = portal.run->tag();
  if (tag.starts_with("SELECT ")) tag = fmt::format("SELECT {}", result_.sent());
  writer_.command_complete(tag);
  executing_ = nullptr;
  // COMMIT and ROLLBACK end every portal, their own too.
  if (ends_transaction(*portal.statement)) portals_.clear();
  return Next::kMessage;
}

Result<Conversation::Next> Conversation::sync() {
  skipping_until_sync_ = false;
  if (session_.status() == executor::TransactionStatus::kIdle) portals_.clear();
  Status ended;
  if (std::exchange(in_group_, false)) ended = session_.end_script();
  write_notices();
  if (!ended) {
    // Told like a failed Query: this Sync is answered below, and nothing is skipped.
    error_skips_until_sync_ = false;
    return fail(ended.error());
  }
  write_ready();
  return Next::kMessage;
}

// What Parse has made DEALLOCATE and DISCARD forget: the session knows nothing of it.
Result<std::unique_ptr<executor::Run>> Conversation::start(const parser::Statement& statement) {
  if (const auto* deallocate = std::get_if<parser::Deallocate>(&statement)) {
    if (!deallocate->name) {
      prepared_.clear();
    } else if (const auto found = prepared_.find(deallocate->name->text);
               found != prepared_.end()) {
      TRY(session_.check_not_failed(statement));
      prepared_.erase(found);
      return executor::run_action([]() -> Result<std::string> { return std::string("DEALLOCATE"); });
    }
  } else if (const auto* discard = std::get_if<parser::Discard>(&statement)) {
    if (discard->what == "all" || discard->what == "plans") prepared_.clear();
  }
  return session_.start(statement);
}

// ---- COPY ---------------------------------------------------------------------------------------

Status Conversation::begin_copy(const parser::Statement& statement, executor::Run& run) {
  const auto* copy = std::get_if<parser::Copy>(&statement);
  if (copy == nullptr) return {};
  copy_ = TRY(CopyMode::begin(*copy, run, out_, options_));
  if (!receives_copy()) return {};
  copy_text_ = text_;
  text_ = copy_text_;
  flush_ = true;
  return {};
}

Result<executor::Run::Progress> Conversation::step_run(executor::Run& run) {
  return copy_ != nullptr ? copy_->step(run) : run.step(result_);
}

void Conversation::end_copy() {
  if (copy_ == nullptr) return;
  copy_->end();
  copy_.reset();
}

Conversation::Next Conversation::receive_copy(const FrontendMessage& message) {
  switch (message.type) {
    case frontend::kFlush:
    case frontend::kSync: return Next::kMessage;
    case frontend::kCopyData:
    case frontend::kCopyDone:
    case frontend::kCopyFail:
      return guarded([&]() -> Result<Next> {
        TRY(copy_->receive(message));
        return advance();
      });
    default: break;
  }
  writer_.error_response(report_of(copy_->unexpected(message.type), "ERROR", {}));
  writer_.error_response(
      {.severity = "FATAL",
       .sqlstate = "08P01",
       .message = "terminating connection because protocol synchronization was lost"});
  return Next::kClose;
}

// ---- Errors and the rest ------------------------------------------------------------------------

Conversation::Next Conversation::fail(const Error& error) {
  copy_.reset();
  run_.reset();
  executing_ = nullptr;
  portals_.clear();  // before the transaction in which they look
  in_group_ = false;
  flush_ = true;
  session_.fail_script();
  write_notices();
  if (concerns_operator(error.code())) {
    log_error("session {} of {}: {}", session_.identity().process_id, session_.identity().user,
              error.message());
  }
  if (error.code() == ErrorCode::kPanic) on_panic_(error);
  if (error.code() == ErrorCode::kPanic || error.code() == ErrorCode::kShutdown) {
    writer_.error_response(report_of(error, "FATAL", text_));
    return Next::kClose;
  }
  writer_.error_response(report_of(error, "ERROR", text_));
  skipping_until_sync_ = error_skips_until_sync_;
  if (!skipping_until_sync_) end_script();
  return Next::kMessage;
}

void Conversation::write_notices() {
  const std::vector<executor::Notice> notices = session_.take_notices();
  if (notices.empty()) return;
  const std::string minimum = session_.settings().client_min_messages();
  for (const executor::Notice& notice : notices) {
    if (!is_wanted(notice.severity, minimum)) continue;
    writer_.notice_response(
        {.severity = notice.severity, .sqlstate = notice.sqlstate, .message = notice.message});
  }
}

void Conversation::write_ready() {
  for (const auto& [name, value] : session_.take_changed_settings()) {
    writer_.parameter_status(name, value);
  }
  writer_.ready_for_query(static_cast<char>(session_.status()));
  flush_ = true;
}

}  // namespace alcove::server
