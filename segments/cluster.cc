#include "segments/cluster.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <limits>
#include <span>
#include <utility>

#include "base/check.h"
#include "segments/centroid_set.h"
#include "segments/two_hands.h"

namespace alcove::segments {

namespace {

constexpr std::size_t kParentsTried = 3;
constexpr int kIterations = 8;
// With fewer samples for each centroid clusters grow uneven, and longer scans take back what was saved.
constexpr std::size_t kSamplesPerCentroid = 100;
// After that centroids of all parents are moved together to the middle of the rows that they have of a sample. What
// children of one parent alone would share among them is no good at its borders: with none of it a query of
// GloVe looks at a sixth more rows for the same recall.
constexpr int kRefinements = 2;
constexpr std::size_t kRefinedPerCentroid = 50;
// Rows that one hand compares with centroids together, and samples: so many bytes of vectors.
constexpr std::size_t kChunkBytes = std::size_t{8} * 1024 * 1024;
constexpr std::size_t kSampleBytesMax = std::size_t{32} * 1024 * 1024;
// Rows whose scores are held at a time.
constexpr std::size_t kScoredRows = 96;

using Parents = std::array<std::uint16_t, kParentsTried>;

// Vectors one after the other, with a pointer to each.
class Batch {
 public:
  explicit Batch(std::size_t dimension) : dimension_(dimension) {}
  void resize(std::size_t count) {
    values_.resize(count * dimension_);
    rows_.resize(count);
    for (std::size_t i = 0; i < count; ++i) rows_[i] = values_.data() + i * dimension_;
  }
  std::size_t size() const { return rows_.size(); }
  float* row(std::size_t i) { return values_.data() + i * dimension_; }
  const float* const* rows() const { return rows_.data(); }

 private:
  std::size_t dimension_;
  std::vector<float> values_;
  std::vector<const float*> rows_;
};

// Calls visit(i, scores) for each row with its scores for all of the set.
template <class Visit>
void for_scores(const CentroidSet& set, const float* const* rows, std::size_t count,
                std::vector<float>& scores, const Visit& visit) {
  scores.resize(kScoredRows * set.stride());
  for (std::size_t first = 0; first < count; first += kScoredRows) {
    const std::size_t some = std::min(kScoredRows, count - first);
    set.score(rows + first, some, scores.data());
    for (std::size_t i = 0; i < some; ++i) visit(first + i, scores.data() + i * set.stride());
  }
}

// The first of the greatest. Requires: count > 0.
std::size_t best_of(const float* scores, std::size_t count) {
  // The greatest is found side by side, and which it is then: one by one each would wait for the one before.
  constexpr std::size_t kSide = 16;
  std::array<float, kSide> side;
  side.fill(scores[0]);
  std::size_t i = 0;
  for (; i + kSide <= count; i += kSide) {
    for (std::size_t j = 0; j < kSide; ++j) side[j] = std::max(side[j], scores[i + j]);
  }
  for (; i < count; ++i) side[0] = std::max(side[0], scores[i]);
  const float* const found = std::find(scores, scores + count, *std::ranges::max_element(side));
  return found == scores + count ? 0 : static_cast<std::size_t>(found - scores);
}

// Lloyd's iterations over a sample, from rows of it that are evenly apart. May return fewer centroids
// than asked for: none that no row of the sample is nearest to.
class Training {
 public:
  Training(Batch& sample, std::size_t dimension, std::size_t count)
      : sample_(sample), dimension_(dimension), centroids_(count * dimension) {
    for (std::size_t i = 0; i < count; ++i) {
      std::copy_n(sample.row(i * sample.size() / count), dimension, centroids_.data() + i * dimension);
    }
  }

  std::vector<float> run() {
    for (int i = 0; i < kIterations; ++i) {
      assign();
      if (i + 1 < kIterations) reseed();
      update();
    }
    return std::move(centroids_);
  }

 private:
  void assign() {
    const CentroidSet set(centroids_, dimension_);
    nearest_.resize(sample_.size());
    scores_.resize(sample_.size());
    for_scores(set, sample_.rows(), sample_.size(), all_scores_, [&](std::size_t i, const float* scores) {
      nearest_[i] = static_cast<std::uint32_t>(best_of(scores, set.size()));
      scores_[i] = scores[nearest_[i]];
    });
    counts_.assign(set.size(), 0);
    for (const std::uint32_t centroid : nearest_) ++counts_[centroid];
  }

  // Gives centroids that have no rows the rows that are furthest from theirs.
  void reseed() {
    std::vector<std::uint32_t> empty;
    for (std::uint32_t i = 0; i < counts_.size(); ++i) {
      if (counts_[i] == 0) empty.push_back(i);
    }
    if (empty.empty()) return;
    std::vector<std::pair<double, std::uint32_t>> far;
    for (std::uint32_t i = 0; i < sample_.size(); ++i) {
      const float* const row = sample_.row(i);
      double squared = 0;
      for (std::size_t at = 0; at < dimension_; ++at) squared += double{row[at]} * double{row[at]};
      far.emplace_back(2 * double{scores_[i]} - squared, i);
    }
    const std::size_t some = std::min(empty.size(), far.size());
    std::partial_sort(far.begin(), far.begin() + static_cast<std::ptrdiff_t>(some), far.end());
    for (std::size_t i = 0; i < some; ++i) {
      const std::uint32_t row = far[i].second;
      if (counts_[nearest_[row]] < 2) continue;
      --counts_[nearest_[row]];
      nearest_[row] = empty[i];
      counts_[empty[i]] = 1;
    }
  }

  void update() {
    std::vector<double> sums(counts_.size() * dimension_);
    for (std::size_t i = 0; i < sample_.size(); ++i) {
      double* const sum = sums.data() + nearest_[i] * dimension_;
      const float* const row = sample_.row(i);
      for (std::size_t at = 0; at < dimension_; ++at) sum[at] += double{row[at]};
    }
    centroids_.clear();
    for (std::size_t i = 0; i < counts_.size(); ++i) {
      if (counts_[i] == 0) continue;
      for (std::size_t at = 0; at < dimension_; ++at) {
        centroids_.push_back(static_cast<float>(sums[i * dimension_ + at] / counts_[i]));
      }
    }
  }

  Batch& sample_;
  std::size_t dimension_;
  std::vector<float> centroids_;
  std::vector<std::uint32_t> nearest_;  // of each row of the sample
  std::vector<float> scores_;
  std::vector<float> all_scores_;
  std::vector<std::uint32_t> counts_;
};

// Where the items of each of `count` groups begin when they are put one group after the other; with the
// end behind.
template <class Groups>
std::vector<std::uint32_t> places_of(const Groups& group_of, std::uint32_t items, std::size_t count) {
  std::vector<std::uint32_t> first(count + 1);
  for (std::uint32_t i = 0; i < items; ++i) ++first[group_of(i) + 1];
  for (std::size_t i = 0; i < count; ++i) first[i + 1] += first[i];
  return first;
}

template <class Groups>
std::vector<std::uint32_t> sorted_by(const Groups& group_of, std::uint32_t items,
                                     std::vector<std::uint32_t> first) {
  std::vector<std::uint32_t> sorted(items);
  for (std::uint32_t i = 0; i < items; ++i) sorted[first[group_of(i)]++] = i;
  return sorted;
}

class Builder {
 public:
  Builder(const VectorColumn& vectors, Metric metric, std::uint32_t dimension,
          const std::function<Status()>& pause)
      : dimension_(dimension), pause_(pause), hands_{Hand(vectors, metric, dimension), Hand(vectors, metric, dimension)} {}

  Result<Clustering> make(std::uint32_t rows) {
    cluster_of_.assign(rows, kNoCluster);
    find_missing();
    const std::uint32_t clusters = rows / kRowsPerCluster;
    TRY(make_parents(clusters));
    TRY(find_parents());
    TRY(make_children(clusters));
    for (int i = 0; i < kRefinements; ++i) TRY(refine());
    for (Hand& hand : hands_) hand.sums = {};
    TRY(find_clusters());
    return sorted();
  }

  Result<Clustering> keep(std::vector<float> centroids, std::vector<std::uint32_t> cluster_of) {
    centroids_ = std::move(centroids);
    cluster_of_ = std::move(cluster_of);
    find_missing();
    group_centroids();
    TRY(find_parents());
    TRY(find_clusters());
    return sorted();
  }

 private:
  // What one thread works with.
  struct Hand {
    Hand(const VectorColumn& vectors, Metric metric, std::uint32_t dimension)
        : reader(vectors, metric, dimension), batch(dimension) {}
    RowReader reader;
    Batch batch;
    std::vector<std::uint32_t> nearest;  // the best centroids so far of the rows in the batch
    std::vector<float> best;             // and their scores
    std::vector<float> scores;
    std::vector<const float*> pointers;
    std::vector<float> sums;             // of the rows that are nearest to each centroid
    std::vector<std::uint32_t> counts;   // how many they are
  };

  std::uint32_t clusters() const {
    return static_cast<std::uint32_t>(centroids_.size() / dimension_);
  }
  static std::size_t parents_for(std::uint32_t clusters) {
    return static_cast<std::size_t>(std::lround(std::sqrt(static_cast<double>(clusters))));
  }
  std::size_t rows_in(std::size_t bytes) const {
    return std::max<std::size_t>(bytes / (dimension_ * sizeof(float)), 1);
  }

  void find_missing() {
    for (std::uint32_t row = 0; row < cluster_of_.size(); ++row) {
      if (cluster_of_[row] == kNoCluster) missing_.push_back(row);
    }
  }

  // Reads rows picked evenly from `count` of them, at most `wanted`, into the hand's batch.
  template <class RowAt>
  Status read_sample(Hand& hand, std::size_t count, std::size_t wanted, const RowAt& row_at) const {
    const std::size_t size = std::min({count, wanted, rows_in(kSampleBytesMax)});
    hand.batch.resize(size);
    for (std::size_t i = 0; i < size; ++i) TRY(hand.reader.copy(row_at(i * count / size), hand.batch.row(i)));
    return {};
  }

  // On the sample that the first hand has.
  void train_parents(std::size_t count) {
    parents_ = CentroidSet(Training(hands_[0].batch, dimension_, count).run(), dimension_);
    CHECK(parents_.size() <= std::numeric_limits<std::uint16_t>::max(), "parents have 16 bits");
  }

  Status make_parents(std::uint32_t clusters) {
    const std::size_t count = parents_for(clusters);
    TRY(read_sample(hands_[0], missing_.size(), count * kSamplesPerCentroid,
                    [this](std::size_t i) { return missing_[i]; }));
    TRY(pause_());
    train_parents(count);
    return pause_();
  }

  // Parents of centroids that are there already.
  void group_centroids() {
    const std::uint32_t count = clusters();
    const std::size_t size = std::min<std::size_t>(count, rows_in(kSampleBytesMax));
    Batch& sample = hands_[0].batch;
    sample.resize(size);
    for (std::size_t i = 0; i < size; ++i) {
      std::copy_n(centroids_.data() + i * count / size * dimension_, dimension_, sample.row(i));
    }
    train_parents(std::min(size, parents_for(count)));
    std::vector<const float*> pointers;
    for (std::uint32_t i = 0; i < count; ++i) {
      pointers.push_back(centroids_.data() + std::size_t{i} * dimension_);
    }
    child_numbers_.resize(parents_.size());
    for_scores(parents_, pointers.data(), count, hands_[0].scores, [&](std::size_t i, const float* scores) {
      child_numbers_[best_of(scores, parents_.size())].push_back(static_cast<std::uint32_t>(i));
    });
    lay_out_children();
  }

  void lay_out_children() {
    children_.resize(parents_.size());
    std::vector<float> values;
    for (std::size_t parent = 0; parent < parents_.size(); ++parent) {
      values.clear();
      for (const std::uint32_t child : child_numbers_[parent]) {
        const float* const centroid = centroids_.data() + std::size_t{child} * dimension_;
        values.insert(values.end(), centroid, centroid + dimension_);
      }
      children_[parent] = CentroidSet(values, dimension_);
    }
  }

  // Calls work(hand, first, how many) for every `step`th of those that are missing, some at a time, read into the hand's
  // batch: number i of them is missing_[i * step]. Both hands work, each on chunks that are always the same.
  template <class Work>
  Status for_chunks(std::size_t step, const Work& work) {
    const std::size_t chunk = rows_in(kChunkBytes);
    const std::size_t all = (missing_.size() + step - 1) / step;
    return with_two_hands(pause_, [&](std::size_t number, const std::function<Status()>& pause) -> Status {
      Hand& hand = hands_[number];
      for (std::size_t first = number * chunk; first < all; first += hands_.size() * chunk) {
        const std::size_t count = std::min(chunk, all - first);
        hand.batch.resize(count);
        for (std::size_t i = 0; i < count; ++i) TRY(hand.reader.copy(missing_[(first + i) * step], hand.batch.row(i)));
        work(hand, first, count);
        TRY(pause());
      }
      return {};
    });
  }

  Status find_parents() {
    parents_of_.resize(missing_.size());
    return for_chunks(1, [&](Hand& hand, std::size_t first, std::size_t count) {
      for_scores(parents_, hand.batch.rows(), count, hand.scores, [&](std::size_t i, float* scores) {
        // Where there are fewer than three, the last stands for the rest.
        for (std::uint16_t& parent : parents_of_[first + i]) {
          parent = static_cast<std::uint16_t>(best_of(scores, parents_.size()));
          scores[parent] = std::numeric_limits<float>::lowest();
        }
      });
    });
  }

  Status make_children(std::uint32_t clusters) {
    const auto parent_of = [this](std::uint32_t i) { return parents_of_[i][0]; };
    const auto count = static_cast<std::uint32_t>(missing_.size());
    const auto first = places_of(parent_of, count, parents_.size());
    const auto by_parent = sorted_by(parent_of, count, first);
    std::vector<std::vector<float>> centroids(parents_.size());
    const auto make = [&](std::size_t number, const std::function<Status()>& pause) -> Status {
      Hand& hand = hands_[number];
      for (std::size_t parent = number; parent < parents_.size(); parent += hands_.size()) {
        const std::uint32_t of_parent = first[parent + 1] - first[parent];
        if (of_parent == 0) continue;
        const auto share = static_cast<std::size_t>(
            std::max(1LL, std::llround(static_cast<double>(of_parent) * clusters / count)));
        TRY(read_sample(hand, of_parent, share * kSamplesPerCentroid, [&](std::size_t i) {
          return missing_[by_parent[first[parent] + i]];
        }));
        TRY(pause());
        centroids[parent] = Training(hand.batch, dimension_, std::min(share, hand.batch.size())).run();
      }
      return {};
    };
    TRY(with_two_hands(pause_, make));
    child_numbers_.resize(parents_.size());
    for (std::size_t parent = 0; parent < parents_.size(); ++parent) {
      for (std::size_t at = 0; at < centroids[parent].size(); at += dimension_) {
        child_numbers_[parent].push_back(this->clusters() + static_cast<std::uint32_t>(at / dimension_));
      }
      centroids_.insert(centroids_.end(), centroids[parent].begin(), centroids[parent].end());
    }
    lay_out_children();
    return {};
  }

  Status find_clusters() {
    return for_chunks(1, [&](Hand& hand, std::size_t first, std::size_t count) {
      find_nearest(hand, first, count, 1);
      for (std::size_t i = 0; i < count; ++i) cluster_of_[missing_[first + i]] = hand.nearest[i];
    });
  }

  // Moves each centroid to the mean of the rows of a sample that are nearest to it.
  Status refine() {
    const std::size_t step = std::max<std::size_t>(missing_.size() / (clusters() * kRefinedPerCentroid), 1);
    for (Hand& hand : hands_) {
      hand.sums.assign(centroids_.size(), 0);
      hand.counts.assign(clusters(), 0);
    }
    TRY(for_chunks(step, [&](Hand& hand, std::size_t first, std::size_t count) {
      find_nearest(hand, first, count, step);
      for (std::size_t i = 0; i < count; ++i) {
        ++hand.counts[hand.nearest[i]];
        float* const sum = hand.sums.data() + std::size_t{hand.nearest[i]} * dimension_;
        const float* const row = hand.batch.row(i);
        for (std::size_t at = 0; at < dimension_; ++at) sum[at] += row[at];
      }
    }));
    for (std::size_t i = 0; i < clusters(); ++i) {
      const std::uint32_t count = hands_[0].counts[i] + hands_[1].counts[i];
      for (std::size_t at = i * dimension_; count > 0 && at < (i + 1) * dimension_; ++at) {
        centroids_[at] = (hands_[0].sums[at] + hands_[1].sums[at]) / static_cast<float>(count);
      }
    }
    lay_out_children();
    return {};
  }

  // Finds for each row of a chunk (for_chunks) the best of the centroids of its parents.
  void find_nearest(Hand& hand, std::size_t first, std::size_t count, std::size_t step) const {
    hand.best.assign(count, std::numeric_limits<float>::lowest());
    hand.nearest.assign(count, 0);
    const auto parent_of = [&](std::uint32_t i) {
      return parents_of_[(first + i / kParentsTried) * step][i % kParentsTried];
    };
    const auto pairs = static_cast<std::uint32_t>(count * kParentsTried);
    const auto begin = places_of(parent_of, pairs, parents_.size());
    const auto by_parent = sorted_by(parent_of, pairs, begin);
    for (std::size_t parent = 0; parent < parents_.size(); ++parent) {
      const std::span of_parent(by_parent.begin() + begin[parent], by_parent.begin() + begin[parent + 1]);
      if (children_[parent].size() > 0) compare(hand, of_parent, parent);
    }
  }

  void compare(Hand& hand, std::span<const std::uint32_t> pairs, std::size_t parent) const {
    hand.pointers.clear();
    for (const std::uint32_t pair : pairs) hand.pointers.push_back(hand.batch.rows()[pair / kParentsTried]);
    const CentroidSet& children = children_[parent];
    for_scores(children, hand.pointers.data(), hand.pointers.size(), hand.scores,
               [&](std::size_t i, const float* scores) {
                 const std::size_t at = pairs[i] / kParentsTried;
                 const std::size_t best = best_of(scores, children.size());
                 if (scores[best] <= hand.best[at]) return;
                 hand.best[at] = scores[best];
                 hand.nearest[at] = child_numbers_[parent][best];
               });
  }

  // Leaves out centroids that no row has.
  Clustering sorted() {
    const auto rows = static_cast<std::uint32_t>(cluster_of_.size());
    const auto cluster_of = [this](std::uint32_t row) { return cluster_of_[row]; };
    const auto first = places_of(cluster_of, rows, clusters());
    Clustering clustering;
    clustering.rows = sorted_by(cluster_of, rows, first);
    for (std::uint32_t i = 0; i < clusters(); ++i) {
      if (first[i] == first[i + 1]) continue;
      clustering.first.push_back(first[i]);
      clustering.given.push_back(i);
      const auto centroid = centroids_.begin() + static_cast<std::ptrdiff_t>(std::size_t{i} * dimension_);
      clustering.centroids.insert(clustering.centroids.end(), centroid, centroid + dimension_);
    }
    clustering.first.push_back(rows);
    return clustering;
  }

  const std::uint32_t dimension_;
  const std::function<Status()>& pause_;
  std::array<Hand, 2> hands_;
  CentroidSet parents_;
  std::vector<CentroidSet> children_;                      // of each parent
  std::vector<std::vector<std::uint32_t>> child_numbers_;  // and which clusters they are
  std::vector<float> centroids_;                           // of all clusters
  std::vector<std::uint32_t> cluster_of_;                  // of each row
  std::vector<std::uint32_t> missing_;                     // the rows that have to find theirs
  std::vector<Parents> parents_of_;                        // of each of them, the nearest first
};

}  // namespace

Result<RowReader::Row> RowReader::row(std::uint32_t row) {
  if (block_.values == nullptr || row < block_.first || row >= block_.first + block_.count) {
    block_ = TRY(vectors_.block(row));
  }
  const std::size_t at = row - block_.first;
  return Row{block_.values + at * dimension_, block_.squared_norms[at]};
}

Status RowReader::copy(std::uint32_t row, float* into) {
  const Row from = TRY(this->row(row));
  if (metric_ != Metric::kCosine || from.squared_norm <= 0) {
    std::copy_n(from.values, dimension_, into);
    return {};
  }
  const auto scale = static_cast<float>(1 / std::sqrt(double{from.squared_norm}));
  for (std::uint32_t i = 0; i < dimension_; ++i) into[i] = from.values[i] * scale;
  return {};
}

Result<Clustering> cluster_rows(const VectorColumn& vectors, Metric metric, std::uint32_t dimension,
                                std::uint32_t rows, const std::function<Status()>& pause) {
  CHECK(rows >= kClusteredRowsMin, "enough rows");
  return Builder(vectors, metric, dimension, pause).make(rows);
}

Result<Clustering> keep_clusters(const VectorColumn& vectors, Metric metric, std::uint32_t dimension,
                                 std::vector<float> centroids, std::vector<std::uint32_t> cluster_of,
                                 const std::function<Status()>& pause) {
  return Builder(vectors, metric, dimension, pause).keep(std::move(centroids), std::move(cluster_of));
}

}  // namespace alcove::segments
