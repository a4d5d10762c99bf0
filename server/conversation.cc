#include "server/conversation.h"

#include <algorithm>
#include <array>
#include <exception>
#include <new>
#include <utility>

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

void Conversation::ResultWriter::begin(const std::vector<executor::Column>& columns) {
  undescribed_ = &columns;
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
  describe();
  BackendWriter(out_).data_row(cells);
}

// ---- Messages -----------------------------------------------------------------------------------

Conversation::Conversation(executor::Session& session, std::string& out,
                           std::size_t out_bytes_full,
                           const std::function<void(const Error&)>& on_panic)
    : session_(session),
      writer_(out),
      result_(out, out_bytes_full),
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
  if (skipping_until_sync_ && message.type != frontend::kSync) return Next::kMessage;
  error_skips_until_sync_ = kExtendedTypes.find(message.type) != std::string_view::npos;
  return guarded([&] { return answer(message); });
}

Conversation::Next Conversation::receive_oversize(char type, std::uint64_t bytes) {
  if (skipping_until_sync_ || type == frontend::kCopyData) return Next::kMessage;
  error_skips_until_sync_ = kExtendedTypes.find(type) != std::string_view::npos;
  return fail(alcove::fail(ErrorCode::kLimitExceeded,
                           "message of {} bytes is longer than statement_bytes_max allows", bytes));
}

Result<Conversation::Next> Conversation::answer(const FrontendMessage& message) {
  switch (message.type) {
    case frontend::kQuery: return begin_script(message.body);
    case frontend::kSync:
      skipping_until_sync_ = false;
      write_ready();
      return Next::kMessage;
    case frontend::kFlush: return Next::kMessage;  // the buffer is sent whenever we ask for more
    case frontend::kCopyData:
    case frontend::kCopyDone:
    case frontend::kCopyFail:
      return Next::kMessage;  // of a COPY that has failed: its client may not know yet
    case frontend::kFunctionCall:
      return Error(ErrorCode::kNotSupported, "function calls by message are not supported");
    default:
      return Error(ErrorCode::kNotSupported, "the extended query protocol is not supported")
          .with_hint("Use the simple query protocol.");
  }
}

// ---- Scripts ------------------------------------------------------------------------------------

Result<Conversation::Next> Conversation::begin_script(std::string_view body) {
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
  using Progress = executor::Run::Progress;
  if (run_ == nullptr) {
    auto run = TRY(session_.start(statements_[at_]));
    run_ = std::move(run);
    result_.begin(run_->columns());
  }
  const Progress progress = TRY(run_->step(result_));
  write_notices();
  switch (progress) {
    case Progress::kMore: return Next::kStep;
    case Progress::kWait: return Next::kWait;
    case Progress::kDone: return finish_statement();
  }
  return Error(ErrorCode::kInternal, "a statement neither goes on nor ends");
}

Result<Conversation::Next> Conversation::finish_statement() {
  const std::string tag = run_->tag();
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
  statements_ = {};
  at_ = 0;
  text_ = {};
  write_ready();
}

Conversation::Next Conversation::fail(const Error& error) {
  run_.reset();
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
}

}  // namespace alcove::server
