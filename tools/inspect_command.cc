#include "tools/inspect_command.h"

#include <cstdlib>
#include <memory>
#include <string>

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <fmt/format.h>

#include "base/posix_file_system.h"
#include "executor/commit_record.h"
#include "segments/manifest.h"
#include "segments/segment.h"
#include "wal/log_dump.h"

namespace alcove::tools {
namespace {

template <class T>
void print_field(const char* name, const T& value) {
  fmt::print("{:<16}{}\n", name, value);
}

const char* metric_name(Metric metric) {
  switch (metric) {
    case Metric::kCosine: return "cosine";
    case Metric::kDotProduct: return "dotproduct";
    case Metric::kEuclidean: return "euclidean";
  }
  return "unknown";
}

void print_header(const wal::LogFileHeader& header) {
  print_field("database", fmt::format("{:016x}", header.database_id));
  print_field("generation", header.generation);
  print_field("first LSN", header.first_lsn);
  print_field("predecessor", header.predecessor.empty() ? "none" : header.predecessor);
  print_field("copied through", header.copied_through_lsn);
}

void print_frame(const wal::LogFrame& frame) {
  fmt::print("\nframe at {:<10}{:>8} bytes  ", frame.offset, frame.bytes);
  if (frame.record_count == 0) {
    fmt::print("mark");
  } else {
    fmt::print("LSN {} to {}", frame.first_lsn, frame.first_lsn + frame.record_count - 1);
  }
  fmt::print("  synced through {}\n", frame.synced_lsn);
}

void print_record(Lsn lsn, std::string_view record) {
  std::string lines = executor::describe_commit_record(record);
  while (!lines.empty() && lines.back() == '\n') lines.pop_back();
  // Further changes of one commit stand under the first.
  constexpr const char* kIndent = "            ";
  for (std::size_t at = lines.find('\n'); at != std::string::npos; at = lines.find('\n', at + 1)) {
    lines.insert(at + 1, kIndent);
  }
  fmt::print("  {:<10}{}\n", lsn, lines);
}

Status inspect_log(FileSystem& file_system, const std::string& path) {
  const std::string end =
      TRY(wal::dump_log_file(file_system, path, print_header, print_frame, print_record));
  fmt::print("\n{}\n", end);
  return {};
}

Status inspect_segment(FileSystem& file_system, const std::string& path) {
  const std::shared_ptr<const segments::Segment> segment =
      TRY(segments::Segment::open_unlisted(file_system, path));
  const segments::SegmentIdentity& identity = segment->identity();
  const segments::SegmentDescriptor& descriptor = segment->descriptor();
  print_field("file", fmt::format("{:016x}", identity.file));
  print_field("index", identity.index);
  print_field("namespace", identity.name_space);
  print_field("dimension", identity.dimension);
  print_field("metric", metric_name(identity.metric));
  print_field("bytes", descriptor.bytes);
  print_field("hash", fmt::format("{:016x}", descriptor.hash));
  print_field("rows", descriptor.rows);
  print_field("tombstones", descriptor.tombstones);
  print_field("LSNs", fmt::format("{} to {}", descriptor.first_lsn, descriptor.last_lsn));
  fmt::print("\n{}\n", segment->describe());
  TRY(segment->verify());
  fmt::print("every block checks\n");
  return {};
}

Status inspect_manifest(FileSystem& file_system, const std::string& path) {
  std::uint64_t frame_shown = 0;
  const std::string end = TRY(segments::dump_manifest_file(
      file_system, path,
      [&](std::uint64_t offset, std::uint64_t frame, const segments::ManifestEdit& edit) {
        if (frame != frame_shown) fmt::print("\nframe {} at {}\n", frame, offset);
        frame_shown = frame;
        fmt::print("  {}\n", segments::describe_edit(edit));
      }));
  fmt::print("\n{}\n", end);
  return {};
}

using Inspection = Status (*)(FileSystem&, const std::string&);

int run(Inspection inspect, const std::string& path) {
  PosixFileSystem file_system;
  const Status status = inspect(file_system, path);
  std::fflush(stdout);
  if (status) return EXIT_SUCCESS;
  fmt::print(stderr, "alcove: {}\n", status.error().message());
  return EXIT_FAILURE;
}

}  // namespace

void add_inspect_command(CLI::App& app, int& exit_code) {
  CLI::App* inspect = app.add_subcommand("inspect", "Show what a file of a data directory says");
  inspect->require_subcommand(1);
  const auto add = [&](const char* name, const char* description, Inspection inspection) {
    CLI::App* command = inspect->add_subcommand(name, description);
    const auto path = std::make_shared<std::string>();
    command->add_option("file", *path, "The file to read")->required();
    command->callback([inspection, path, &exit_code] { exit_code = run(inspection, *path); });
  };
  add("wal", "A file of the write-ahead log, frame by frame", inspect_log);
  add("segment", "A segment file: what it holds, and whether every block checks",
      inspect_segment);
  add("manifest", "A manifest file, edit by edit", inspect_manifest);
}

}  // namespace alcove::tools
