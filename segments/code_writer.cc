#include "segments/code_writer.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <span>
#include <string>
#include <utility>

#include "segments/cluster.h"
#include "segments/code.h"
#include "segments/distance.h"
#include "segments/two_hands.h"

namespace alcove::segments {

namespace {

// A cluster's codes are read from a disk together: the smaller the blocks are, the less of its neighbours comes with them
// (docs/decisions/0016).
constexpr std::size_t kCodeBlockBytes = 16 * 1024;
// So many times 32 codes leave no gap between blocks, so that those of a cluster are scanned as one.
constexpr std::size_t kGroupsPerBlock = 4;
static_assert(kGroupsPerBlock * 16 % kBlockAlignment == 0 && kCorrectionBytes % kBlockAlignment == 0);
// Codes that are held while the rows are read in their order.
constexpr std::size_t kCodeBufferBytes = std::size_t{64} * 1024 * 1024;
// Rows whose mean is the origin: any serves, the better the nearer the rows are to it.
constexpr std::uint32_t kOriginRows = 16'384;
// Rows that are taken for queries to measure clusters by, how many clusters each looks at, and how many
// rows of them.
constexpr std::uint32_t kQueries = 128;
constexpr std::uint32_t kClustersOfQuery = 8;
constexpr std::uint32_t kRowsOfCluster = 8;
constexpr std::uint32_t kRowsPerPause = 1024;
constexpr std::uint32_t kCentroidsPerPause = 16;
// Centroids are rounded unless that moves one in so many of them by more than a part of the way to the nearest other, in squares:
// those that are near each other and far from the origin might be taken for one. Of so many it is looked at.
constexpr std::uint32_t kRoundedLookedAt = 512;
constexpr std::uint32_t kMovedOneIn = 500;
constexpr float kMovedPart = 64;
// A model's clusters are kept while they have so many times kRowsPerCluster rows on average: with fewer,
// centroids cost more than they save, with more, too many rows are looked at.
constexpr double kFewestRows = 0.5;
constexpr double kMostRows = 1.2;

// Writes `count` items of `size` bytes each in blocks.
Status append_items(Section section, const void* items, std::size_t count, std::size_t size,
                    BlockWriter& out) {
  const auto* const bytes = static_cast<const char*>(items);
  const std::size_t per_block = std::max<std::size_t>(kPlainBlockBytes / size, 1);
  for (std::size_t first = 0; first < count; first += per_block) {
    const std::size_t some = std::min(per_block, count - first);
    TRY(out.append(section, Codec::kPlain, static_cast<std::uint32_t>(some),
                   {std::string_view(bytes + first * size, some * size)}, some * size));
  }
  return {};
}

// Writes codes that come one after the other in blocks.
class CodeBlocks {
 public:
  // Of 32 together `bytes`.
  CodeBlocks(Section section, std::size_t bytes, std::size_t block_bytes)
      : section_(section),
        bytes_(bytes),
        per_block_(std::max<std::size_t>(block_bytes / bytes_ / kGroupsPerBlock, 1) * kGroupsPerBlock) {}

  // `codes` are of whole times 32 rows, but for the last call.
  Status append(const char* codes, std::uint32_t rows, BlockWriter& out) {
    for (std::size_t at = 0; at < rows; at += kCodedRows, codes += bytes_) {
      block_.append(codes, bytes_);
      rows_ += static_cast<std::uint32_t>(std::min<std::size_t>(kCodedRows, rows - at));
      if (rows_ == per_block_ * kCodedRows) TRY(flush(out));
    }
    return {};
  }

  Status flush(BlockWriter& out) {
    if (rows_ > 0) TRY(out.append(section_, Codec::kPlain, rows_, {block_}, block_.size()));
    rows_ = 0;
    block_.clear();
    return {};
  }

 private:
  Section section_;
  std::size_t bytes_;
  std::size_t per_block_;
  std::string block_;
  std::uint32_t rows_ = 0;
};

class CodesWriter {
 public:
  CodesWriter(const SegmentIdentity& identity, const VectorColumn& vectors, std::uint32_t rows,
              const CodeModel& model, const std::function<Status()>& pause, BlockWriter& out)
      : metric_(identity.metric), dimension_(identity.dimension), vectors_(vectors), rows_(rows),
        model_(model), pause_(pause), out_(out), reader_(vectors, metric_, dimension_) {}

  // Whether the model's clusters are kept.
  bool keeps() const { return keeps_; }

  Status run() {
    keeps_ = model_fits();
    if (keeps_) {
      TRY(take_clusters());
    } else {
      TRY(make_clusters());
    }
    TRY(append_items(Section::kCentroids, origin_.data(), 1,
                     dimension_ * sizeof(float), out_));
    return rows_ >= kClusteredRowsMin ? write_clusters() : write_codes();
  }

 private:
  std::uint32_t clusters() const { return static_cast<std::uint32_t>(clustering_.first.size() - 1); }
  std::span<const float> centroid(std::uint32_t cluster) const {
    return std::span(clustering_.centroids).subspan(std::size_t{cluster} * dimension_, dimension_);
  }
  Centroid stored(std::uint32_t cluster) const {
    if (units_.empty()) return {{}, centroid(cluster)};
    return {{std::span(numbers_).subspan(std::size_t{cluster} * dimension_, dimension_), units_[cluster]}, {}};
  }
  // Of a centroid from the origin.
  void get_offset(std::uint32_t cluster, std::vector<float>& offset) const {
    offset.resize(dimension_);
    for (std::size_t i = 0; i < dimension_; ++i) offset[i] = stored(cluster).offset_at(origin_, i);
  }

  bool model_fits() const {
    if (model_.segment == nullptr || rows_ < kClusteredRowsMin) return false;
    const double per_cluster = static_cast<double>(rows_) / model_.segment->clusters();
    return per_cluster >= kRowsPerCluster * kFewestRows && per_cluster <= kRowsPerCluster * kMostRows;
  }

  Status make_clusters() {
    TRY(find_origin());
    if (rows_ >= kClusteredRowsMin) {
      clustering_ = TRY(cluster_rows(vectors_, metric_, dimension_, rows_, pause_));
      TRY(round_centroids());
    } else {
      clustering_.centroids = origin_;
      clustering_.first = {0, rows_};
    }
    return {};
  }

  // From then on centroids are where their rounded offsets say.
  Status round_centroids() {
    std::vector<std::int8_t> numbers(clustering_.centroids.size());
    std::vector<float> units(clusters());
    std::vector<float> offset;
    for (std::uint32_t i = 0; i < clusters(); ++i) {
      get_offset(i, offset);
      units[i] = round_vector(offset, std::span(numbers).subspan(std::size_t{i} * dimension_, dimension_));
    }
    const auto rounded = [&](std::uint32_t cluster) {
      return Centroid{{std::span(numbers).subspan(std::size_t{cluster} * dimension_, dimension_), units[cluster]}, {}};
    };
    if (TRY(moves_far(rounded))) return {};
    for (std::uint32_t i = 0; i < clusters(); ++i) {
      float* const centroid = clustering_.centroids.data() + std::size_t{i} * dimension_;
      for (std::size_t j = 0; j < dimension_; ++j) centroid[j] = rounded(i).at(origin_, j);
    }
    numbers_ = std::move(numbers);
    units_ = std::move(units);
    return {};
  }

  // Whether centroids that are rounded so lie too far from where they were.
  template <class Rounded>
  Result<bool> moves_far(const Rounded& rounded) {
    const std::uint32_t count = std::min(clusters(), kRoundedLookedAt);
    std::uint32_t moved = 0;
    std::vector<float> squared_distances(clusters());
    for (std::uint32_t i = 0; i < count; ++i) {
      const auto number = static_cast<std::uint32_t>(std::uint64_t{i} * clusters() / count);
      const std::span<const float> centroid = this->centroid(number);
      squared_l2_rows(centroid.data(), clustering_.centroids.data(), dimension_, clusters(), squared_distances.data());
      float nearest = std::numeric_limits<float>::infinity();
      for (const float each : squared_distances) {
        if (each > 0) nearest = std::min(nearest, each);
      }
      double by = 0;
      for (std::size_t j = 0; j < dimension_; ++j) {
        const double apart = double{rounded(number).at(origin_, j)} - double{centroid[j]};
        by += apart * apart;
      }
      if (by * double{kMovedPart} > double{nearest}) ++moved;
      if (i % kCentroidsPerPause == 0) TRY(pause_());
    }
    return std::uint64_t{moved} * kMovedOneIn > count;
  }

  Status take_clusters() {
    const Segment& from = *model_.segment;
    const auto origin = TRY(from.origin());
    origin_.assign(origin.begin(), origin.end());
    std::vector<float> centroids;
    model_clusters_.resize(from.rows());
    model_codes_.resize(from.rows());
    for (std::uint32_t i = 0; i < from.clusters(); ++i) {
      const Centroid centroid = TRY(from.centroid(i));
      for (std::size_t j = 0; j < dimension_; ++j) centroids.push_back(centroid.at(origin_, j));
      const Segment::Cluster cluster = TRY(from.cluster(i));
      for (std::uint32_t at = cluster.first; at < cluster.first + cluster.rows; ++at) {
        const std::uint32_t row = TRY(from.postings(at)).front();
        if (row >= from.rows()) {
          return fail(ErrorCode::kCorruption, "{}: a code of a row beyond the rows", from.path());
        }
        model_clusters_[row] = i;
        model_codes_[row] = at;
      }
      if (i % kRowsPerPause == 0) TRY(pause_());
    }
    std::vector<std::uint32_t> cluster_of(rows_, kNoCluster);
    for (std::uint32_t row = 0; row < rows_; ++row) {
      if (model_.rows[row] != CodeModel::kNoRow) cluster_of[row] = model_clusters_[model_.rows[row]];
    }
    clustering_ = TRY(keep_clusters(vectors_, metric_, dimension_, std::move(centroids),
                                    std::move(cluster_of), pause_));
    for (const std::uint32_t given : clustering_.given) {
      const Centroid centroid = TRY(from.centroid(given));
      if (!centroid.whole.empty()) break;  // all are
      const RoundedVector offset = centroid.offset;
      numbers_.insert(numbers_.end(), offset.numbers.begin(), offset.numbers.end());
      units_.push_back(offset.unit);
    }
    return {};
  }

  Status find_origin() {
    const std::uint32_t count = std::min(rows_, kOriginRows);
    std::vector<double> sums(dimension_);
    std::vector<float> row(dimension_);
    for (std::uint32_t i = 0; i < count; ++i) {
      const std::uint64_t at = std::uint64_t{i} * rows_ / count;
      TRY(reader_.copy(static_cast<std::uint32_t>(at), row.data()));
      for (std::uint32_t j = 0; j < dimension_; ++j) sums[j] += double{row[j]};
    }
    origin_.resize(dimension_);
    for (std::uint32_t j = 0; j < dimension_; ++j) origin_[j] = static_cast<float>(sums[j] / count);
    return {};
  }

  Status write_clusters() {
    TRY(write_centroids());
    TRY(write_centroid_codes());
    TRY(write_codes());
    TRY(append_items(Section::kPostings, clustering_.rows.data(), rows_,
                     sizeof(std::uint32_t), out_));
    const double share = keeps_ ? TRY(model_share()) : TRY(measure_share());
    std::vector<Segment::Cluster> entries(clusters());
    for (std::uint32_t i = 0; i < clusters(); ++i) {
      Segment::Cluster& entry = entries[i];
      entry.first = clustering_.first[i];
      entry.rows = clustering_.first[i + 1] - entry.first;
      entry.squared_norm = static_cast<float>(squared_length(centroid(i)));
      entry.squared_radius = static_cast<float>(squared_lengths_[i] / entry.rows);
      entry.variance = static_cast<float>(squared_lengths_[i] / entry.rows * share);
    }
    return append_items(Section::kClusters, entries.data(), entries.size(),
                        sizeof(Segment::Cluster), out_);
  }

  Status write_centroids() {
    if (units_.empty()) {
      return append_items(Section::kCentroids, clustering_.centroids.data(), clusters(), dimension_ * sizeof(float), out_);
    }
    std::string bytes;
    for (std::uint32_t i = 0; i < clusters(); ++i) {
      const RoundedVector offset = stored(i).offset;
      bytes.append(reinterpret_cast<const char*>(&offset.unit), sizeof(float));
      bytes.append(reinterpret_cast<const char*>(offset.numbers.data()), dimension_);
    }
    return append_items(Section::kCentroids, bytes.data(), clusters(), rounded_bytes(dimension_), out_);
  }

  static double squared_length(std::span<const float> x) {
    double sum = 0;
    for (const float value : x) sum += double{value} * double{value};
    return sum;
  }

  Status write_centroid_codes() {
    // Under cosine too, a centroid has the length that it has.
    Encoder encoder(metric_ == Metric::kCosine ? Metric::kDotProduct : metric_, origin_, Corrections::kWhole);
    const Encoder::Centroid origin = encoder.prepare_origin();
    CodeBlocks blocks(Section::kCentroidCodes, encoder.shape().centroid_bytes, kPlainBlockBytes);
    std::string codes;
    for (std::uint32_t first = 0; first < clusters(); first += kCodedRows) {
      const std::uint32_t end = std::min<std::uint32_t>(clusters(), first + kCodedRows);
      codes.assign(encoder.shape().centroid_bytes, '\0');
      for (std::uint32_t i = first; i < end; ++i) {
        encoder.encode(centroid(i).data(), 0, origin, i - first, codes.data());
      }
      TRY(blocks.append(codes.data(), end - first, out_));
    }
    return blocks.flush(out_);
  }

  // Codes are made in their order, so many at a time as are held, of rows in theirs, which is that of the file.
  Status write_codes() {
    const Encoder encoder(metric_, origin_);
    std::vector<Encoder::Centroid> centroids;
    std::vector<float> offset;
    for (std::uint32_t i = 0; i < clusters(); ++i) {
      get_offset(i, offset);
      centroids.push_back(encoder.prepare(offset));
    }
    const std::vector<std::uint32_t> clusters_of_rows = find_clusters_of_rows();
    const std::vector<std::uint32_t> places = find_places();
    squared_lengths_.assign(clusters(), 0);

    const std::size_t bytes = encoder.shape().bytes;
    CodeBlocks blocks(Section::kCodes, encoder.shape().bytes, kCodeBlockBytes);
    const auto held = static_cast<std::uint32_t>(std::min<std::size_t>(
        kCodeBufferBytes / bytes * kCodedRows, rows_));
    for (std::uint32_t first = 0; first < rows_; first += held) {
      const std::uint32_t count = std::min(held, rows_ - first);
      std::string codes((count + kCodedRows - 1) / kCodedRows * bytes, '\0');
      // Rows whose codes stand together are one hand's. A small segment is not worth a thread.
      constexpr auto kTogether = static_cast<std::uint32_t>(kCodedRows);
      const std::uint32_t middle = rows_ < kClusteredRowsMin ? count : count / 2 / kTogether * kTogether;
      std::vector<double> lengths_beside(clusters());
      const auto make = [&](std::uint32_t begin, std::uint32_t end, std::vector<double>& lengths, const auto& pause) {
        return make_codes({first, begin, end}, centroids, clusters_of_rows, places, codes, lengths, pause);
      };
      if (middle == count) {
        TRY(make(0, count, squared_lengths_, pause_));
      } else {
        TRY(with_two_hands(pause_, [&](std::size_t hand, const std::function<Status()>& pause) {
          return hand == 0 ? make(0, middle, squared_lengths_, pause) : make(middle, count, lengths_beside, pause);
        }));
      }
      for (std::uint32_t i = 0; i < clusters(); ++i) squared_lengths_[i] += lengths_beside[i];
      TRY(blocks.append(codes.data(), count, out_));
    }
    return blocks.flush(out_);
  }

  // Of the codes held, those of places [begin, end), counted from the first that is held.
  struct Places {
    std::uint32_t first;
    std::uint32_t begin;
    std::uint32_t end;
  };
  // Adds to `lengths`, of each cluster, the squared distances of those rows to its centroid.
  Status make_codes(Places range, const std::vector<Encoder::Centroid>& centroids,
                    const std::vector<std::uint32_t>& clusters_of_rows, const std::vector<std::uint32_t>& places,
                    std::string& codes, std::vector<double>& lengths, const std::function<Status()>& pause) const {
    Encoder encoder(metric_, origin_);
    RowReader reader(vectors_, metric_, dimension_);
    const std::size_t bytes = encoder.shape().bytes;
    if (keeps_) TRY(copy_codes(range, encoder.shape(), codes, lengths, pause));
    for (std::uint32_t number = 0; number < rows_; ++number) {
      if (number % kRowsPerPause == 0) TRY(pause());
      if (is_kept(number)) continue;
      const std::uint32_t place = (places.empty() ? number : places[number]) - range.first;
      if (place < range.begin || place >= range.end) continue;
      const std::uint32_t cluster = clusters_of_rows.empty() ? 0 : clusters_of_rows[number];
      const RowReader::Row row = TRY(reader.row(number));
      lengths[cluster] += encoder.encode(row.values, row.squared_norm, centroids[cluster], place % kCodedRows,
                                         codes.data() + place / kCodedRows * bytes);
    }
    return {};
  }

  bool is_kept(std::uint32_t row) const { return keeps_ && model_.rows[row] != CodeModel::kNoRow; }

  // Those that the model has, in order: there they stand in about the same. Likewise adds to `lengths`.
  Status copy_codes(Places range, const CodeShape& shape, std::string& codes, std::vector<double>& lengths,
                    const std::function<Status()>& pause) const {
    std::uint32_t cluster = 0;
    for (std::uint32_t i = range.begin; i < range.end; ++i) {
      if (i % kRowsPerPause == 0) TRY(pause());
      while (clustering_.first[cluster + 1] <= range.first + i) ++cluster;
      const std::uint32_t row = clustering_.rows[range.first + i];
      if (!is_kept(row)) continue;
      const std::uint32_t model_row = model_.rows[row];
      const std::uint32_t at = model_codes_[model_row];
      const Segment::Codes from = TRY(model_.segment->codes(at, 1));
      const std::uint32_t place = at - from.first;
      copy_code(shape, from.bytes + place / kCodedRows * shape.bytes, place % kCodedRows,
                codes.data() + i / kCodedRows * shape.bytes, i % kCodedRows);
      const Segment::Cluster model_cluster = TRY(model_.segment->cluster(model_clusters_[model_row]));
      lengths[cluster] += double{model_cluster.squared_radius};
    }
    return {};
  }

  // What measure_share() found for the model.
  Result<double> model_share() const {
    for (std::uint32_t i = 0; i < model_.segment->clusters(); ++i) {
      const Segment::Cluster cluster = TRY(model_.segment->cluster(i));
      if (cluster.squared_radius > 0) return double{cluster.variance} / double{cluster.squared_radius};
    }
    return 1.0;
  }

  // The inverse of the postings; nothing where rows stand in their order.
  std::vector<std::uint32_t> find_places() const {
    std::vector<std::uint32_t> places(clustering_.rows.size());
    for (std::uint32_t at = 0; at < places.size(); ++at) places[clustering_.rows[at]] = at;
    return places;
  }
  std::vector<std::uint32_t> find_clusters_of_rows() const {
    std::vector<std::uint32_t> found(clustering_.rows.size());
    for (std::uint32_t i = 0; i < clusters() && !found.empty(); ++i) {
      for (std::uint32_t at = clustering_.first[i]; at < clustering_.first[i + 1]; ++at) {
        found[clustering_.rows[at]] = i;
      }
    }
    return found;
  }

  // What share of a cluster's mean squared distance to its centroid lies in the direction of a query.
  Result<double> measure_share() {
    double sum = 0;
    std::uint64_t count = 0;
    std::vector<float> query(dimension_);
    std::vector<float> row(dimension_);
    std::vector<float> squared_distances(clusters());
    std::vector<std::pair<double, std::uint32_t>> near(clusters());
    for (std::uint32_t i = 0; i < kQueries; ++i) {
      const std::uint64_t number = std::uint64_t{i} * rows_ / kQueries;
      TRY(reader_.copy(static_cast<std::uint32_t>(number), query.data()));
      squared_l2_rows(query.data(), clustering_.centroids.data(), dimension_, clusters(), squared_distances.data());
      for (std::uint32_t j = 0; j < clusters(); ++j) near[j] = {double{squared_distances[j]}, j};
      const std::size_t some = std::min<std::size_t>(near.size(), kClustersOfQuery + 1);
      std::partial_sort(near.begin(), near.begin() + static_cast<std::ptrdiff_t>(some), near.end());
      // The first is the query's own, whose centroid it has a share in.
      for (std::size_t k = 1; k < some; ++k) {
        const auto [distance, cluster] = near[k];
        const double radius = squared_lengths_[cluster];
        if (distance <= 0 || radius <= 0) continue;
        const std::uint32_t begin = clustering_.first[cluster];
        const std::uint32_t rows = clustering_.first[cluster + 1] - begin;
        for (std::uint32_t m = 0; m < std::min(rows, kRowsOfCluster); ++m) {
          const std::uint64_t at = begin + std::uint64_t{m} * rows / std::min(rows, kRowsOfCluster);
          TRY(reader_.copy(clustering_.rows[at], row.data()));
          const double along = product_of_differences(query, row, centroid(cluster));
          sum += along * along / (distance * radius / rows);
          ++count;
        }
      }
      TRY(pause_());
    }
    return count == 0 ? 1.0 : sum / static_cast<double>(count);
  }

  static double product_of_differences(const std::vector<float>& x, const std::vector<float>& y,
                                       std::span<const float> c) {
    double sum = 0;
    for (std::size_t i = 0; i < x.size(); ++i) {
      sum += (double{x[i]} - double{c[i]}) * (double{y[i]} - double{c[i]});
    }
    return sum;
  }

  const Metric metric_;
  const std::uint32_t dimension_;
  const VectorColumn& vectors_;
  const std::uint32_t rows_;
  const CodeModel& model_;
  const std::function<Status()>& pause_;
  BlockWriter& out_;
  RowReader reader_;
  std::vector<float> origin_;
  Clustering clustering_;
  // Of each cluster's centroid; nothing where they are whole.
  std::vector<std::int8_t> numbers_;
  std::vector<float> units_;
  std::vector<double> squared_lengths_;  // of each cluster: the sum over its rows
  bool keeps_ = false;                   // the model's clusters
  std::vector<std::uint32_t> model_clusters_;  // of each row of the model
  std::vector<std::uint32_t> model_codes_;     // likewise
};

}  // namespace

Result<bool> write_codes(const SegmentIdentity& identity, const VectorColumn& vectors,
                         std::uint32_t rows, const CodeModel& model,
                         const std::function<Status()>& pause, BlockWriter& out) {
  CodesWriter writer(identity, vectors, rows, model, pause, out);
  TRY(writer.run());
  return writer.keeps();
}

}  // namespace alcove::segments
