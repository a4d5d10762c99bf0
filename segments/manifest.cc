#include "segments/manifest.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "base/check.h"
#include "segments/manifest_format.h"
#include "segments/manifest_reader.h"
#include "segments/manifest_writer.h"

namespace alcove::segments {

namespace {

constexpr std::uint64_t kCurrentBytesMax = 4096;
constexpr std::uint64_t kRewriteBytesMin = 1024 * 1024;
constexpr std::uint64_t kRewriteRatio = 4;

using EditSink = std::function<Status(const ManifestEdit&)>;
using State = std::function<Status(const EditSink&)>;

class FileManifest final : public Manifest {
 public:
  // `number` is that of the file in force, 0 for none.
  FileManifest(FileSystem& file_system, ManifestOptions options, std::uint64_t number,
               std::string current, std::uint64_t bytes)
      : file_system_(file_system),
        options_(std::move(options)),
        number_(number),
        current_(std::move(current)),
        read_bytes_(bytes) {}

  std::uint64_t database_id() const override { return options_.database_id; }
  bool failed() const override { return failed_; }
  std::uint64_t bytes() const override { return writer_ ? writer_->bytes() : read_bytes_; }

  Status append(std::span<const ManifestEdit> edits, Reserve reserve) override {
    TRY(check_failed());
    CHECK(writer_.has_value(), "rewrite() comes before append()");
    const Status appended = writer_->append(edits, reserve);
    failed_ = !appended && appended.error().code() == ErrorCode::kPanic;
    return appended;
  }

  Status rewrite(const State& state) override;

  bool wants_rewrite() const override {
    if (!writer_) return true;
    const std::uint64_t appended_bytes = writer_->bytes() - snapshot_bytes_;
    return appended_bytes > std::max(kRewriteBytesMin, kRewriteRatio * snapshot_bytes_);
  }

 private:
  std::string path_of(std::uint64_t number) const {
    return manifest_path(options_.directory, number);
  }
  Status check_failed() const {
    if (!failed_) return {};
    return fail(ErrorCode::kPanic, "{}: an earlier write failed", path_of(number_));
  }
  // Whether CURRENT is as it was before the rewrite.
  bool current_stands() const {
    const std::string path = current_path(options_.directory);
    const auto exists = file_system_.exists(path);
    if (!exists) return false;
    if (!*exists) return number_ == 0;
    const auto text = read_file(file_system_, path, kCurrentBytesMax);
    return text && *text == current_;
  }
  Status put_in_force(ManifestWriter& writer, std::uint64_t number);
  Error abandon(std::uint64_t number, const Error& error);

  FileSystem& file_system_;
  ManifestOptions options_;
  std::uint64_t number_;
  std::string current_;  // what CURRENT holds
  std::uint64_t read_bytes_;
  std::optional<ManifestWriter> writer_;  // of the file in force, once there was a rewrite
  std::uint64_t snapshot_bytes_ = 0;
  bool failed_ = false;
};

Status FileManifest::rewrite(const State& state) {
  TRY(check_failed());
  const std::uint64_t next = number_ + 1;
  // What a crash or an earlier failure may have left. The directory sync below makes it durable.
  if (number_ > 1) TRY(file_system_.unlink(path_of(number_ - 1)));
  TRY(file_system_.unlink(path_of(next)));

  Result<ManifestWriter> writer = ManifestWriter::create(
      file_system_, path_of(next), {options_.database_id, next}, options_.allocation_bytes);
  if (!writer) return abandon(next, writer.error());
  Status written;
  const Status handed_out = state([&](const ManifestEdit& edit) {
    if (written) written = writer->add(edit);
    return written;
  });
  if (written && !handed_out) {
    static_cast<void>(file_system_.unlink(path_of(next)));
    return handed_out;
  }
  if (written) written = put_in_force(*writer, next);
  if (!written) return abandon(next, written.error());

  // Should this fail, the next rewrite tries again.
  if (number_ > 0) static_cast<void>(file_system_.unlink(path_of(number_)));
  number_ = next;
  snapshot_bytes_ = writer->bytes();
  writer_ = std::move(*writer);
  return {};
}

// Makes the snapshot durable under its name, then CURRENT name it.
Status FileManifest::put_in_force(ManifestWriter& writer, std::uint64_t number) {
  TRY(writer.seal());
  TRY(file_system_.sync_directory(options_.directory));
  const std::string current = encode_current({number, options_.database_id, writer.frames()});
  TRY(replace_file(file_system_, current_path(options_.directory), current));
  current_ = current;
  return {};
}

// Gives up the new file `number`: a full disk leaves the old one in force, if it is certain that it
// is; anything else is final.
Error FileManifest::abandon(std::uint64_t number, const Error& error) {
  if (error.code() == ErrorCode::kDiskFull && current_stands()) {
    static_cast<void>(file_system_.unlink(path_of(number)));
    return error;
  }
  failed_ = true;
  return error.with_code(ErrorCode::kPanic);
}

// Reads the manifest that CURRENT names. Returns the bytes in use.
Result<std::uint64_t> read_manifest(FileSystem& file_system, const std::string& path,
                                    const CurrentManifest& current, const EditSink& apply) {
  ManifestReader reader = TRY(ManifestReader::open(file_system, path));
  if (reader.header().number != current.number ||
      reader.header().database_id != current.database_id) {
    return fail(ErrorCode::kCorruption,
                "{}: damage at offset 0: it is manifest {} of database {:016x}", path,
                reader.header().number, reader.header().database_id);
  }
  while (true) {
    const auto frame = TRY(reader.next());
    if (!frame) break;
    for (const ManifestEdit& edit : frame->edits) TRY(apply(edit));
  }
  if (reader.frames() < current.frames) {
    return fail(ErrorCode::kCorruption,
                "{}: damage at offset {}: frame {} of the {} that CURRENT counts is not there",
                path, reader.offset(), reader.frames() + 1, current.frames);
  }
  return reader.offset();
}

}  // namespace

Result<std::unique_ptr<Manifest>> Manifest::create(FileSystem& file_system,
                                                   ManifestOptions options,
                                                   std::span<const ManifestEdit> edits) {
  CHECK(options.database_id != 0, "a database has an id");
  const bool exists = TRY(Manifest::exists(file_system, options.directory));
  if (exists) {
    return fail(ErrorCode::kIo, "{}: there is a database already", options.directory);
  }
  auto manifest =
      std::make_unique<FileManifest>(file_system, std::move(options), 0U, std::string(), 0U);
  const Status written = manifest->rewrite([&](const EditSink& sink) -> Status {
    for (const ManifestEdit& edit : edits) TRY(sink(edit));
    return {};
  });
  if (!written) return written.error();
  return manifest;
}

Result<bool> Manifest::exists(FileSystem& file_system, const std::string& directory) {
  return file_system.exists(current_path(directory));
}

Result<std::unique_ptr<Manifest>> Manifest::open(
    FileSystem& file_system, ManifestOptions options,
    const std::function<Status(const ManifestEdit&)>& apply) {
  const std::string path = current_path(options.directory);
  Result<std::string> text = read_file(file_system, path, kCurrentBytesMax);
  if (!text && text.error().code() == ErrorCode::kLimitExceeded) {
    return text.error().with_code(ErrorCode::kCorruption);
  }
  if (!text) return text.error();
  const Result<CurrentManifest> current = decode_current(*text);
  if (!current) return current.error().in(path);
  if (options.database_id != 0 && options.database_id != current->database_id) {
    return fail(ErrorCode::kCorruption, "{}: names database {:016x}, not {:016x}", path,
                current->database_id, options.database_id);
  }
  options.database_id = current->database_id;
  const std::uint64_t bytes = TRY(read_manifest(
      file_system, manifest_path(options.directory, current->number), *current, apply));
  return std::make_unique<FileManifest>(file_system, std::move(options), current->number,
                                        *std::move(text), bytes);
}

}  // namespace alcove::segments
