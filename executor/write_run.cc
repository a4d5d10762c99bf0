#include "executor/write_run.h"

#include <optional>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "executor/binder.h"
#include "executor/commit_record.h"
#include "executor/namespace_reader.h"
#include "executor/record_scan.h"
#include "executor/stepped_run.h"
#include "executor/target.h"

namespace alcove::executor {
namespace {

constexpr std::size_t kRecordsPerMorsel = 256;

// ---- UPSERT -------------------------------------------------------------------------------------

class UpsertRun final : public Run {
 public:
  UpsertRun(Session& session, WriteRequest request)
      : session_(session), request_(std::move(request)), count_(request_.row_count) {}

  const std::vector<Column>& columns() const override { return columns_; }
  std::string tag() const override { return fmt::format("INSERT 0 {}", count_); }

  Result<Progress> step(RowSink&) override {
    if (!session_.is_committing()) {
      TRY(session_.check_interrupt());
      if (!TRY(session_.has_room())) return Progress::kWait;
      TRY(session_.write(std::move(request_)));
    }
    return TRY(session_.try_finish_statement()) ? Progress::kDone : Progress::kWait;
  }
  void when_ready(std::function<void()> ready) override {
    if (session_.is_committing()) {
      session_.when_committed(std::move(ready));
    } else {
      session_.when_room(std::move(ready));
    }
  }

 private:
  Session& session_;
  WriteRequest request_;
  std::uint64_t count_;
  std::vector<Column> columns_;
};

struct BoundRow {
  std::string id;
  std::vector<float> values;
  Metadata metadata;
};

Result<BoundRow> bind_row(const parser::UpsertRow& row, const IndexDefinition& index) {
  BoundRow bound;
  bound.id = TRY(bind_id(row.id));
  bound.values = TRY(bind_vector(row.values, index));
  if (row.metadata) bound.metadata = TRY(bind_metadata(*row.metadata));
  return bound;
}

// ---- UPDATE and DELETE --------------------------------------------------------------------------

// What a matched record becomes: appends its encoded row.
class Rewriter {
 public:
  virtual ~Rewriter() = default;
  virtual Want want() const = 0;
  virtual Status rewrite(const RecordView& record, std::string& rows) = 0;
};

class EraseRewriter final : public Rewriter {
 public:
  Want want() const override { return Want::kIdOnly; }
  Status rewrite(const RecordView& record, std::string& rows) override {
    encode_tombstone(record.id, segments::Knowledge::kKnown, rows);
    return {};
  }
};

class UpdateRewriter final : public Rewriter {
 public:
  Want want() const override { return Want::kAll; }
  Status rewrite(const RecordView& record, std::string& rows) override {
    std::string_view encoded = record.metadata.encoded();
    Metadata changed;
    if (metadata_) {
      encoded = metadata_->encoded();
    } else if (!fields_.empty()) {
      changed = Metadata::from_encoded(std::string(encoded));
      for (const auto& [field, value] : fields_) {
        if (Status set = changed.set(field, value); !set) {
          return set.error().in(fmt::format("record \"{}\"", record.id));
        }
      }
      encoded = changed.encoded();
    }
    encode_row(record.id, values_ ? values_->data() : record.values, dimension_, encoded,
               segments::Knowledge::kKnown, rows);
    return {};
  }

  std::uint32_t dimension_ = 0;
  std::optional<std::vector<float>> values_;
  std::optional<Metadata> metadata_;
  std::vector<std::pair<std::string, std::optional<MetadataValue>>> fields_;
};

class RewriteRun final : public SteppedRun {
 public:
  RewriteRun(Session& session, const char* verb, parser::Name index, std::string name,
             segments::Filter filter, std::unique_ptr<Rewriter> rewriter)
      : SteppedRun(session),
        verb_(verb),
        index_name_(std::move(index)),
        name_(std::move(name)),
        filter_(std::move(filter)),
        rewriter_(std::move(rewriter)) {}

  const std::vector<Column>& columns() const override { return columns_; }
  std::string tag() const override { return fmt::format("{} {}", verb_, count_); }
  void when_ready(std::function<void()> ready) override {
    if (session_.is_committing()) {
      session_.when_committed(std::move(ready));
    } else if (waits_for_room_) {
      session_.when_room(std::move(ready));
    } else {
      SteppedRun::when_ready(std::move(ready));
    }
  }

 protected:
  std::uint64_t tenant() const override { return tenant_; }

  Result<bool> morsel(RowSink&) override {
    if (!reader_) TRY(begin());
    for (std::size_t i = 0; i < kRecordsPerMorsel; ++i) {
      const auto record = TRY(scan_->next(kRecordsPerMorsel));
      if (!record) return !scan_->done();
      TRY(take(*record));
    }
    return true;
  }

  Result<Progress> finish(RowSink&) override {
    waits_for_room_ = false;
    if (!asked_) {
      if (reader_) TRY(end_reading());
      if (!TRY(session_.has_room())) {
        waits_for_room_ = true;
        return Progress::kWait;
      }
      count_ = request_.row_count;
      if (count_ > 0) TRY(session_.write(std::move(request_)));
      asked_ = true;
    }
    const Result<bool> finished = session_.try_finish_statement();
    if (finished) return *finished ? Progress::kDone : Progress::kWait;
    if (finished.error().code() != ErrorCode::kConflict || session_.in_block()) {
      return finished.error();
    }
    // Somebody was faster: look again at what there is now.
    session_.again();
    asked_ = false;
    return Progress::kMore;
  }

 private:
  Status begin() {
    snapshot_ = session_.snapshot();
    request_ = WriteRequest();
    request_.index =
        TRY(find_index(session_, Privilege::kWrite, index_name_, name_, *snapshot_));
    request_.name = name_;
    auto sight = session_.transaction().find_namespace(session_.engine().catalogue,
                                                       request_.index, name_, *snapshot_);
    auto opened = TRY(NamespaceReader::open(std::move(sight), snapshot_->lsn()));
    reader_.emplace(std::move(opened));
    request_.seen = tenant_ = reader_->number();
    scan_.emplace(*reader_, filter_, RecordCursor::Direction::kUp, rewriter_->want());
    return {};
  }

  // Before it may have to wait: what was read is not to be kept for it.
  Status end_reading() {
    TRY(reader_->check_mappings());
    scan_.reset();
    reader_.reset();
    snapshot_.reset();
    return {};
  }

  Status take(const RecordView& record) {
    TRY(rewriter_->rewrite(record, request_.rows));
    ++request_.row_count;
    // A record that only this transaction knows cannot have been written by another.
    const bool own = TRY(reader_->is_own(record.id));
    if (!own) request_.matches.push_back({std::string(record.id), snapshot_->lsn()});
    const std::uint64_t bytes =
        session_.transaction().bytes() + request_.rows.size() +
        request_.matches.size() * sizeof(WriteRequest::Match);
    const std::uint64_t bytes_max = session_.engine().options.transaction_bytes_max;
    if (bytes > bytes_max) {
      return fail(ErrorCode::kLimitExceeded,
                  "the statement writes more than transaction_bytes_max = {} bytes", bytes_max)
          .with_hint("Write fewer records at a time, or raise the limit.");
    }
    return {};
  }

  const char* verb_;
  parser::Name index_name_;
  std::string name_;
  segments::Filter filter_;
  std::unique_ptr<Rewriter> rewriter_;
  std::shared_ptr<const Snapshot> snapshot_;
  std::optional<NamespaceReader> reader_;
  std::optional<RecordScan> scan_;
  WriteRequest request_;
  NamespaceNumber tenant_ = 0;
  bool asked_ = false;
  bool waits_for_room_ = false;
  std::uint64_t count_ = 0;
  std::vector<Column> columns_;
};

}  // namespace

Result<std::unique_ptr<Run>> start_upsert(Session& session, const parser::Upsert& upsert) {
  const auto snapshot = session.snapshot();
  WriteRequest request;
  request.name = TRY(namespace_or_default(session, upsert.name, upsert.index.offset));
  request.index =
      TRY(find_index(session, Privilege::kWrite, upsert.index, request.name, *snapshot));
  const IndexDefinition& index = *request.index.definition;
  std::vector<BoundRow> rows;
  rows.reserve(upsert.rows.size());
  std::unordered_map<std::string_view, std::size_t> last;
  for (const parser::UpsertRow& row : upsert.rows) {
    rows.push_back(TRY(bind_row(row, index)));
  }
  // Of an id given twice the last one counts, and once.
  if (rows.size() > 1) {
    for (std::size_t i = 0; i < rows.size(); ++i) last[rows[i].id] = i;
  }
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (rows.size() > 1 && last[rows[i].id] != i) continue;
    encode_row(rows[i].id, rows[i].values.data(), index.dimension, rows[i].metadata.encoded(),
               segments::Knowledge::kBlind, request.rows);
    ++request.row_count;
  }
  return std::unique_ptr<Run>(std::make_unique<UpsertRun>(session, std::move(request)));
}

Result<std::unique_ptr<Run>> start_update(Session& session, const parser::Update& update) {
  const auto snapshot = session.snapshot();
  std::string name = TRY(namespace_or_default(session, update.name, update.index.offset));
  const IndexHandle index =
      TRY(find_index(session, Privilege::kWrite, update.index, name, *snapshot));
  auto rewriter = std::make_unique<UpdateRewriter>();
  rewriter->dimension_ = index.definition->dimension;
  if (update.values) {
    if (std::holds_alternative<parser::Null>(update.values->what)) {
      return Error(ErrorCode::kNullNotAllowed, "a record's values must not be NULL")
          .at(update.values->offset);
    }
    rewriter->values_ = TRY(bind_vector(*update.values, *index.definition));
  }
  if (update.metadata) rewriter->metadata_ = TRY(bind_metadata(*update.metadata));
  for (const auto& assignment : update.fields) {
    auto value = TRY(bind_field(assignment.value));
    rewriter->fields_.emplace_back(assignment.field.text, std::move(value));
  }
  segments::Filter filter;
  if (update.filter) filter = TRY(bind_filter(*update.filter));
  return std::unique_ptr<Run>(std::make_unique<RewriteRun>(session, "UPDATE", update.index,
                                                           std::move(name), std::move(filter),
                                                           std::move(rewriter)));
}

Result<std::unique_ptr<Run>> start_delete(Session& session, const parser::Delete& erase) {
  const auto snapshot = session.snapshot();
  std::string name = TRY(namespace_or_default(session, erase.name, erase.index.offset));
  TRY(find_index(session, Privilege::kWrite, erase.index, name, *snapshot));
  segments::Filter filter;
  if (erase.filter) filter = TRY(bind_filter(*erase.filter));
  return std::unique_ptr<Run>(std::make_unique<RewriteRun>(
      session, "DELETE", erase.index, std::move(name), std::move(filter),
      std::make_unique<EraseRewriter>()));
}

}  // namespace alcove::executor
