#include "executor/copy_in.h"

#include <algorithm>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "executor/binder.h"
#include "executor/commit_record.h"
#include "executor/copy_column.h"
#include "executor/engine.h"
#include "executor/staging.h"
#include "executor/target.h"
#include "executor/transaction.h"

namespace alcove::executor {
namespace {

// At least so much is handed to the transaction at a time: as much as makes a staged segment, if that
// is more.
constexpr std::uint64_t kBatchBytesMin = 1U << 20;
// A batch has room for one record more than it takes.
constexpr std::size_t kRecordRoomBytes = 1U << 20;
// With BY NAMESPACE a commit is due when either is reached.
constexpr std::uint64_t kRecordsPerCommit = 10'000;
constexpr std::uint64_t kBytesPerCommit = 64ULL << 20;

std::size_t batch_bytes_max(Session& session) {
  const std::uint64_t staged = std::max(session.staged_segment_bytes(), kBatchBytesMin);
  return std::min(staged, session.engine().options.transaction_bytes_max);
}

Error null_not_allowed(CopyColumn column) {
  return fail(ErrorCode::kNullNotAllowed, "column \"{}\" must not be NULL", name_of(column));
}

class CopyInRun final : public Run, public RecordIntake {
 public:
  // `name`: the one namespace that all is written to; none: each record says its own.
  CopyInRun(Session& session, IndexHandle index, std::optional<std::string> name)
      : session_(session),
        index_(std::move(index)),
        by_namespace_(!name),
        batch_bytes_max_(batch_bytes_max(session)) {
    if (name) at_ = &place(*std::move(name));
  }

  const std::vector<Column>& columns() const override { return columns_; }
  std::string tag() const override { return fmt::format("COPY {}", count_); }
  RecordIntake* intake() override { return this; }

  Status add(const CopyRecord& record) override {
    if (!record.id) return null_not_allowed(CopyColumn::kId);
    if (!record.values) return null_not_allowed(CopyColumn::kValues);
    TRY(check_id(*record.id));
    TRY(check_vector(*record.values, *index_.definition));
    if (by_namespace_) TRY(turn_to(record.name_space));
    std::string& rows = at_->rows;
    // To grow by doubling is to copy all that is there, and to touch as much memory again.
    if (rows.size() > batch_bytes_max_ / 16) rows.reserve(batch_bytes_max_ + kRecordRoomBytes);
    const std::size_t before = rows.size();
    encode_row(*record.id, record.values->data(), index_.definition->dimension, record.metadata,
               segments::Knowledge::kBlind, rows);
    ++at_->row_count;
    ++count_;
    batch_bytes_ += rows.size() - before;
    return {};
  }
  bool full() const override { return batch_bytes_ >= batch_bytes_max_ || commit_due(); }
  void end() override { ended_ = true; }
  std::uint64_t record_count() const override { return count_; }
  std::uint64_t committed_count() const override { return committed_; }

  Result<Progress> step(RowSink&) override {
    if (!session_.is_committing()) {
      TRY(session_.check_interrupt());
      if (!ended_ && !full()) return Progress::kInput;
      if (!TRY(end_staging())) return Progress::kWait;
      TRY(hand_over());
      TRY(session_.check_transaction_bytes());
      if (!ended_ && !commit_due()) return Progress::kInput;
      if (!TRY(session_.has_room())) return Progress::kWait;
    }
    if (!TRY(session_.try_finish_statement())) return Progress::kWait;
    if (ended_) return Progress::kDone;
    committed_ = count_;
    commit_bytes_ = 0;
    session_.again();
    return Progress::kInput;
  }
  void when_ready(std::function<void()> ready) override {
    if (session_.is_committing()) {
      session_.when_committed(std::move(ready));
    } else if (staging_ != nullptr) {
      staging_->when_over(std::move(ready));
    } else {
      session_.when_room(std::move(ready));
    }
  }

 private:
  bool commit_due() const {
    if (!by_namespace_ || session_.in_block()) return false;
    return count_ - committed_ >= kRecordsPerCommit ||
           commit_bytes_ + batch_bytes_ >= kBytesPerCommit;
  }

  Status turn_to(const std::optional<std::string_view>& name) {
    if (!name) return null_not_allowed(CopyColumn::kNamespace);
    if (at_ != nullptr && at_->name == *name) return {};
    if (const auto found = batch_.find(*name); found != batch_.end()) {
      at_ = &found->second;
      return {};
    }
    std::string text(*name);
    TRY(session_.access().check_namespace(Privilege::kWrite, index_.definition->name, text, 0));
    TRY(check_namespace_name(text, 0));
    at_ = &place(std::move(text));
    return {};
  }

  WriteRequest& place(std::string name) {
    WriteRequest request;
    request.index = index_;
    request.name = name;
    return batch_.emplace(std::move(name), std::move(request)).first->second;
  }

  // What came before is in the transaction; false: it is still being staged.
  Result<bool> end_staging() {
    if (staging_ == nullptr) return true;
    if (!staging_->is_over()) return false;
    const auto over = std::exchange(staging_, nullptr);
    spare_ = over->take_memory();
    spare_.clear();
    WriteRequest staged = TRY(over->take());
    TRY(session_.transaction().write_staged(std::move(staged)));
    return true;
  }

  // Requires: nothing is being staged.
  Status hand_over() {
    for (auto& [name, request] : batch_) {
      if (request.row_count == 0) continue;
      WriteRequest next;
      next.index = index_;
      next.name = name;
      next.rows = std::exchange(spare_, {});
      WriteRequest whole = std::exchange(request, std::move(next));
      if (may_stage_aside(whole)) {
        staging_ = Staging::begin(session_.engine(), std::move(whole));
      } else {
        TRY(session_.write(std::move(whole)));
      }
    }
    commit_bytes_ += std::exchange(batch_bytes_, 0);
    if (!by_namespace_) return {};
    batch_.clear();
    at_ = nullptr;
    return {};
  }

  // While more records come; a segment of what write() would stage too.
  bool may_stage_aside(const WriteRequest& whole) const {
    return !by_namespace_ && !ended_ && whole.rows.size() > session_.staged_segment_bytes() &&
           session_.transaction().takes_staged(whole.index, whole.name);
  }

  Session& session_;
  const IndexHandle index_;
  const bool by_namespace_;
  const std::size_t batch_bytes_max_;
  // What the transaction does not have yet, by namespace; the last record's is `at_`.
  std::map<std::string, WriteRequest, std::less<>> batch_;
  WriteRequest* at_ = nullptr;
  // One batch is written while the next one is gathered, where the one before was.
  std::shared_ptr<Staging> staging_;
  std::string spare_;
  std::size_t batch_bytes_ = 0;
  std::uint64_t commit_bytes_ = 0;  // in the transaction since the last commit
  std::uint64_t count_ = 0;
  std::uint64_t committed_ = 0;
  bool ended_ = false;
  std::vector<Column> columns_;
};

}  // namespace

Result<std::unique_ptr<Run>> start_copy_in(Session& session, const parser::Copy& copy) {
  TRY(copy_columns(copy));
  IndexHandle index;
  std::optional<std::string> name;
  {
    const auto snapshot = session.snapshot();
    if (copy.by_namespace) {
      index = TRY(find_known_index(session, copy.index, *snapshot));
    } else {
      name = TRY(namespace_or_default(session, copy.name, copy.index.offset));
      index = TRY(find_index(session, Privilege::kWrite, copy.index, *name, *snapshot));
    }
  }
  session.forget_snapshot();  // a load may take hours
  return std::unique_ptr<Run>(
      std::make_unique<CopyInRun>(session, std::move(index), std::move(name)));
}

}  // namespace alcove::executor
