#include "server/conversation.h"

#include <algorithm>
#include <array>
#include <exception>
#include <new>
#include <utility>

#include <fmt/format.h>

#include "base/log.h"
#include "parser/parse.h"
#include "server/sqlstate.h"

namespace alcove::server {
namespace {

constexpr std::string_view kExtendedTypes = "PBDEC";

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

void Conversation::ResultWriter::begin(const std::vector<executor::Column>& columns,
                                       Formats formats) {
  columns_ = &columns;
  formats_ = std::move(formats);
  described_ = false;
}

void Conversation::ResultWriter::begin_portal(const std::vector<executor::Column>& columns,
                                              Formats formats) {
  begin(columns, std::move(formats));
  described_ = true;
}

// Only when the first row or the end is there, so that a statement that fails at once answers as
// PostgreSQL does, which finds such faults while planning.
void Conversation::ResultWriter::describe() {
  if (!std::exchange(described_, true)) BackendWriter(out_).row_description(*columns_, formats_);
}

void Conversation::ResultWriter::end() {
  // A statement without columns returns no rows at all, but for the empty SELECT.
  if (!columns_->empty()) describe();
}

void Conversation::ResultWriter::row(std::span<const executor::Cell> cells) {
  describe();
  BackendWriter(out_).data_row(cells, *columns_, formats_);
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
      on_panic_(on_panic),
      objects_(session, options) {}

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
  objects_.prepared().erase("");
  objects_.portals().erase("");
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
  return fetch_ ? advance_portal() : advance_script();
}

Result<Conversation::Next> Conversation::advance_script() {
  using Progress = executor::Run::Progress;
  if (run_ == nullptr) {
    auto run = TRY(objects_.start(statements_[at_]));
    run_ = std::move(run);
    result_.begin(run_->columns(), objects_.formats_of(statements_[at_]));
    TRY(begin_copy(statements_[at_], *run_));
  }
  const Progress progress = TRY(copy_ != nullptr ? copy_->step(*run_) : run_->step(result_));
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
  objects_.on_success(statements_[at_], tag);
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
  objects_.on_end();
  statements_ = {};
  at_ = 0;
  text_ = {};
  copy_text_ = {};
  write_ready();
}

// ---- The extended protocol ----------------------------------------------------------------------

Status Conversation::prepare(const ParseMessage& message) {
  text_ = message.text;
  auto prepared = TRY(objects_.prepared().prepare(message));
  if (prepared->statement) TRY(session_.check_not_failed(*prepared->statement));
  objects_.prepared().insert(message.name, std::move(prepared));
  writer_.parse_complete();
  return {};
}

Result<std::shared_ptr<Portal>> Conversation::portal(std::string_view name) {
  auto found = objects_.portals().find(name);
  if (found != nullptr) return found;
  return alcove::fail(ErrorCode::kUndefinedPortal, "portal \"{}\" does not exist", name);
}

Status Conversation::bind(const BindMessage& message, std::uint64_t bytes) {
  auto portal = std::make_shared<Portal>();
  portal->prepared = TRY(objects_.prepared().find(message.statement));
  text_ = portal->text();
  TRY(objects_.portals().check_room(message.portal, bytes));
  portal->bytes = bytes;
  portal->savepoints = session_.savepoint_count();
  if (portal->prepared->statement) {
    TRY(session_.check_not_failed(*portal->prepared->statement));
    portal->statement = TRY(portal->prepared->bind(message));
  }
  portal->formats = message.result_formats;
  if (portal->formats.size() > 1) {
    const std::size_t columns = TRY(objects_.describe(*portal)).size();
    if (columns != portal->formats.size()) {
      return alcove::fail(ErrorCode::kProtocol,
                          "bind message has {} result formats but query has {} columns",
                          portal->formats.size(), columns);
    }
  }
  objects_.portals().insert(message.portal, std::move(portal));
  writer_.bind_complete();
  return {};
}

Status Conversation::describe(const NameMessage& message) {
  std::vector<executor::Column> columns;
  Formats formats;
  if (message.is_portal) {
    const auto named = TRY(portal(message.name));
    text_ = named->text();
    formats = named->formats;
    columns = TRY(objects_.describe(*named));
  } else {
    const auto named = TRY(objects_.prepared().find(message.name));
    text_ = named->text;
    writer_.parameter_description(named->parameters);
    if (named->statement) {
      const parser::Statement sample = TRY(named->sample());
      columns = TRY(objects_.describe(sample));
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
    objects_.portals().erase(message.name);
  } else {
    objects_.prepared().erase(message.name);
  }
  writer_.close_complete();
}

Result<Conversation::Next> Conversation::execute(const ExecuteMessage& message,
                                                 bool sync_follows) {
  auto named = TRY(portal(message.portal));
  text_ = named->text();
  if (!named->statement) {
    writer_.empty_query_response();
    return Next::kMessage;
  }
  if (!in_group_) session_.begin_script(sync_follows ? 1 : 2);
  in_group_ = true;
  if (named->done && named->columns().empty()) {
    return alcove::fail(ErrorCode::kPortalFinished, "portal \"{}\" cannot be run", message.portal);
  }
  TRY(objects_.begin(*named, message.portal));
  result_.begin_portal(named->columns(), named->formats);
  const FetchRun::Part part{.skip = 0,
                            .rows = message.rows_max == 0 ? FetchRun::kAllRows : message.rows_max};
  fetch_.emplace(named, part, FetchRun::Verb::kExecute);
  executing_ = std::move(named);
  TRY(begin_copy(*executing_->statement, *executing_->run));
  return advance_portal();
}

Result<Conversation::Next> Conversation::advance_portal() {
  using Progress = executor::Run::Progress;
  const bool copies = copy_ != nullptr;
  const Progress progress = TRY(copies ? copy_->step(*executing_->run) : fetch_->step(result_));
  write_notices();
  switch (progress) {
    case Progress::kMore: return Next::kStep;
    case Progress::kWait: return Next::kWait;
    case Progress::kInput: return Next::kMessage;
    case Progress::kDone: break;
  }
  if (copies) {
    end_copy();
    executing_->done = true;
  }
  // As PostgreSQL has it, also when these were the last rows.
  if (fetch_->reached_limit()) {
    writer_.portal_suspended();
  } else {
    const std::string tag = fetch_->tag();
    writer_.command_complete(tag);
    objects_.on_success(*executing_->statement, tag);
  }
  fetch_.reset();
  executing_.reset();
  return Next::kMessage;
}

Result<Conversation::Next> Conversation::sync() {
  skipping_until_sync_ = false;
  Status ended;
  if (std::exchange(in_group_, false)) ended = session_.end_script();
  write_notices();
  if (!ended) {
    // Told like a failed Query: this Sync is answered below, and nothing is skipped.
    error_skips_until_sync_ = false;
    return fail(ended.error());
  }
  objects_.on_end();
  write_ready();
  return Next::kMessage;
}

// ---- COPY ---------------------------------------------------------------------------------------

Status Conversation::begin_copy(const parser::Statement& statement, executor::Run& run) {
  const auto* copy = std::get_if<parser::Copy>(&statement);
  if (copy == nullptr) return {};
  copy_ = TRY(CopyMode::begin(*copy, run, out_, options_, session_.settings().vector_type()));
  if (!receives_copy()) return {};
  copy_text_ = text_;
  text_ = copy_text_;
  flush_ = true;
  return {};
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
  fetch_.reset();
  executing_.reset();
  objects_.on_failure();  // before the transaction in which they look
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
