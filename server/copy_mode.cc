#include "server/copy_mode.h"

#include <utility>

#include <fmt/format.h>

#include "executor/copy_column.h"
#include "server/text_encoding.h"

namespace alcove::server {
namespace {

// A step ends behind the record that takes it past so much data.
constexpr std::size_t kBytesPerStep = 64 * 1024;

// The text of a CopyFail, which need not be one.
std::string_view reason_of(std::string_view body) {
  const std::string_view text = body.substr(0, body.find('\0'));
  return check_text(text) ? text : std::string_view("the reason is not UTF-8");
}

}  // namespace

Result<std::unique_ptr<CopyMode>> CopyMode::begin(const parser::Copy& copy, executor::Run& run,
                                                  std::string& out, const ServerOptions& options,
                                                  executor::Type vectors) {
  CopyOptions how = TRY(read_copy_options(copy));
  if (vectors == executor::Type::kVector) how.vectors = vectors;
  const auto columns = TRY(executor::copy_columns(copy));
  std::unique_ptr<CopyMode> mode(
      new CopyMode(copy, run.intake(), out, options.output_buffer_bytes));
  const Format format = how.format == CopyFormat::kBinary ? Format::kBinary : Format::kText;
  if (mode->intake_ != nullptr) {
    mode->reader_ = make_copy_reader(how, columns, options.statement_bytes_max);
    mode->backend_.copy_in_response(format, columns.size());
    return mode;
  }
  mode->writer_ = make_copy_writer(how, columns);
  mode->backend_.copy_out_response(format, columns.size());
  std::string header;
  mode->writer_->header(header);
  mode->send_piece(header);
  return mode;
}

CopyMode::CopyMode(const parser::Copy& copy, executor::RecordIntake* intake, std::string& out,
                   std::size_t bytes_full)
    : index_(copy.index.text),
      by_namespace_(copy.by_namespace),
      intake_(intake),
      out_(out),
      bytes_full_(bytes_full),
      backend_(out) {}

// ---- From the client ----------------------------------------------------------------------------

Status CopyMode::receive(const FrontendMessage& message) {
  switch (message.type) {
    case frontend::kCopyData: data_ = message.body; return {};
    case frontend::kCopyDone: done_ = true; return {};
    default:
      return located(fail(ErrorCode::kCancelled, "COPY from stdin failed: {}",
                          reason_of(message.body)));
  }
}

Error CopyMode::unexpected(char type) const {
  return located(fail(ErrorCode::kProtocol,
                      "unexpected message type 0x{:02X} during COPY from stdin",
                      static_cast<unsigned char>(type)));
}

Result<CopyMode::Progress> CopyMode::step(executor::Run& run) {
  if (intake_ == nullptr) return run.step(*this);
  if (run_wants_) {
    if (const Status read = read_records(); !read) return located(read.error());
  }
  const Result<Progress> progress = run.step(*this);
  if (!progress) return located(progress.error());
  run_wants_ = *progress == Progress::kInput;
  const bool has_more = !data_.empty() || (done_ && !ended_);
  if (run_wants_ && has_more) return Progress::kMore;
  return progress;
}

Status CopyMode::read_records() {
  const std::size_t begin = data_.size();
  while (begin - data_.size() < kBytesPerStep && !intake_->full()) {
    const executor::CopyRecord* record = TRY(reader_->next(data_));
    if (record == nullptr) {
      if (!done_) return {};
      record = TRY(reader_->last());
      if (record != nullptr) TRY(intake_->add(*record));
      ended_ = true;
      intake_->end();
      return {};
    }
    TRY(intake_->add(*record));
  }
  return {};
}

// As long as there are records, the one at fault is that behind those that were taken.
Error CopyMode::located(const Error& error) const {
  Error told = error;
  if (!ended_) {
    told = told.with_context(
        fmt::format("COPY {}, record {}", index_, intake_->record_count() + 1));
  }
  if (!by_namespace_) return told;
  return told.with_detail(
      fmt::format("{} records were committed before.", intake_->committed_count()));
}

// ---- To the client ------------------------------------------------------------------------------

void CopyMode::row(std::span<const executor::Cell> cells) {
  const std::size_t begun = backend_.begin_copy_data();
  writer_->row(cells, out_);
  backend_.end_copy_data(begun);
}

void CopyMode::end() {
  if (intake_ != nullptr) return;
  std::string trailer;
  writer_->end(trailer);
  send_piece(trailer);
  backend_.copy_done();
}

void CopyMode::send_piece(const std::string& piece) {
  if (piece.empty()) return;
  const std::size_t begun = backend_.begin_copy_data();
  out_ += piece;
  backend_.end_copy_data(begun);
}

}  // namespace alcove::server
