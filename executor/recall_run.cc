#include "executor/recall_run.h"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "executor/binder.h"
#include "executor/namespace_reader.h"
#include "executor/nearest_scan.h"
#include "executor/stepped_run.h"
#include "executor/target.h"
#include "segments/distance.h"

namespace alcove::executor {
namespace {

constexpr std::size_t kNearest = 10;
constexpr std::uint64_t kSamples = 100;
constexpr std::uint64_t kSamplesMax = 10'000;

class RecallRun final : public SteppedRun {
 public:
  RecallRun(Session& session, IndexHandle index, std::string name, NamespaceReader reader,
            std::uint64_t samples)
      : SteppedRun(session),
        index_(std::move(index)),
        name_(std::move(name)),
        reader_(std::move(reader)),
        target_(session.settings().recall_target()),
        samples_(samples) {
    for (const auto& layer : reader_.memory()) {
      memory_rows_.push_back(layer.memtable->row_count());
      stored_ += memory_rows_.back();
    }
    for (const OpenSegment& open : reader_.segments()) stored_ += open.segment->rows();
    samples_ = std::min<std::uint64_t>(samples_, stored_);
  }

  const std::vector<Column>& columns() const override { return columns_; }
  std::string tag() const override { return "SHOW"; }

 protected:
  std::uint64_t tenant() const override { return reader_.number(); }

  Result<bool> morsel(RowSink&) override {
    if (scan_) {
      if (TRY(scan_->step())) return true;
      scan_.reset();
      if (!exact_) {
        exact_.emplace(hits_->take_sorted());
        begin_scan(target_);
        return true;
      }
      count_found();
    }
    if (next_ == samples_) return false;
    TRY(begin_sample(next_++ * stored_ / samples_));
    return true;
  }

  Result<Progress> finish(RowSink& sink) override {
    TRY(reader_.check_mappings());
    Cell recall;
    if (wanted_ > 0) recall = static_cast<double>(found_) / static_cast<double>(wanted_);
    const Cell cells[] = {std::string_view(name_), std::int64_t{kNearest},
                          static_cast<std::int64_t>(taken_), target_, recall};
    sink.row(cells);
    return Progress::kDone;
  }

 private:
  // The record that the row `at` of all that is stored holds; nothing where it is not seen any more.
  Result<std::optional<RecordView>> stored_record(std::uint64_t at) const {
    std::string_view id;
    const auto find = [&]() -> Result<bool> {
      for (std::size_t i = 0; i < memory_rows_.size(); ++i) {
        if (at < memory_rows_[i]) {
          const auto& memtable = *reader_.memory()[i].memtable;
          id = memtable.rows(static_cast<std::size_t>(at), 1).entries[0]->id;
          return true;
        }
        at -= memory_rows_[i];
      }
      for (const OpenSegment& open : reader_.segments()) {
        if (at < open.segment->rows()) {
          id = TRY(open.segment->id(static_cast<std::uint32_t>(at)));
          return true;
        }
        at -= open.segment->rows();
      }
      return false;
    };
    const Result<bool> stored = find();
    if (!stored) return reader_.blame(stored.error());
    if (!*stored) return std::optional<RecordView>();
    const auto place = TRY(reader_.find(id));
    if (!place) return std::optional<RecordView>();
    return std::optional(TRY(reader_.load(*place, Want::kValues)));
  }

  Status begin_sample(std::uint64_t at) {
    const auto record = TRY(stored_record(at));
    if (!record) return {};
    ++taken_;
    own_id_ = record->id;
    query_.assign(record->values, record->values + index_.definition->dimension);
    squared_norm_ = record->squared_norm;
    exact_.reset();
    begin_scan(1);
    return {};
  }

  void begin_scan(double recall) {
    const Metric metric = index_.definition->metric;
    hits_.emplace(metric, kNearest + 1);  // the record itself is among them
    scan_.emplace(reader_,
                  NearestScan::Target{metric, &query_, squared_norm_, &no_filter_, &*hits_, 0,
                                      recall},
                  counts_);
  }

  // Others with the score of the last of the ten are as good.
  void count_found() {
    const auto drop_own = [this](std::vector<segments::Hit>& hits) {
      std::erase_if(hits, [this](const segments::Hit& hit) { return hit.id == own_id_; });
      if (hits.size() > kNearest) hits.resize(kNearest);
    };
    std::vector<segments::Hit> found = hits_->take_sorted();
    drop_own(found);
    drop_own(*exact_);
    wanted_ += exact_->size();
    if (exact_->empty()) return;
    const float worst = exact_->back().score;
    found_ += static_cast<std::uint64_t>(
        std::count_if(found.begin(), found.end(), [&](const segments::Hit& hit) {
          return !segments::better(index_.definition->metric, worst, hit.score);
        }));
  }

  const std::vector<Column> columns_{{"namespace", Type::kText},
                                     {"k", Type::kInt4},
                                     {"samples", Type::kInt4},
                                     {"target", Type::kFloat8},
                                     {"recall", Type::kFloat8}};
  const IndexHandle index_;
  const std::string name_;
  const NamespaceReader reader_;
  const segments::Filter no_filter_;
  const double target_;
  std::uint64_t samples_;
  std::vector<std::uint64_t> memory_rows_;  // of each layer; more may come
  std::uint64_t stored_ = 0;  // rows, seen or not
  std::uint64_t next_ = 0;    // sample
  // Of the sample at hand.
  std::string own_id_;
  std::vector<float> query_;
  float squared_norm_ = 0;
  std::optional<segments::TopK> hits_;
  std::optional<NearestScan> scan_;
  std::optional<std::vector<segments::Hit>> exact_;  // once it is known
  // Of those before.
  ScanCounts counts_;
  std::uint64_t taken_ = 0;
  std::uint64_t wanted_ = 0;
  std::uint64_t found_ = 0;
};

}  // namespace

Result<std::unique_ptr<Run>> start_show_recall(Session& session, const parser::ShowRecall& show) {
  const auto snapshot = session.snapshot();
  std::string name = TRY(bind_namespace(show.name));
  IndexHandle index = TRY(find_index(session, Privilege::kRead, show.index, name, *snapshot));
  auto sight = session.transaction().find_namespace(session.engine().catalogue, index, name,
                                                    *snapshot);
  if (!sight.exists) {
    return fail(ErrorCode::kUndefinedNamespace, "namespace \"{}\" does not exist", name)
        .at(show.name.offset);
  }
  const std::uint64_t samples =
      show.sample ? TRY(bind_integer(*show.sample, "SAMPLE", 1, kSamplesMax)) : kSamples;
  auto reader = TRY(NamespaceReader::open(std::move(sight), snapshot->lsn()));
  return std::unique_ptr<Run>(std::make_unique<RecallRun>(
      session, std::move(index), std::move(name), std::move(reader), samples));
}

}  // namespace alcove::executor
