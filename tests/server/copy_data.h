#pragma once

#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "base/metadata.h"
#include "executor/copy_column.h"
#include "server/copy_options.h"

namespace alcove::server {

// A COPY's statement, as far as reading and writing its data goes.
struct CopyForm {
  CopyOptions options;
  std::vector<executor::CopyColumn> columns;
};
// Of a statement that is right.
CopyForm copy_form(const std::string& statement);

// A record that owns its parts.
struct OwnedRecord {
  std::optional<std::string> name_space;
  std::optional<std::string> id;
  std::optional<std::vector<float>> values;
  Metadata metadata;
  bool operator==(const OwnedRecord&) const = default;
};
// `tenant/A [0.1, 2] {"genre": "comedy"}`; what is NULL is `-`.
std::string to_string(const OwnedRecord& record);

// What becomes of data that comes in these pieces.
struct CopyOutcome {
  std::vector<OwnedRecord> records;
  std::optional<ErrorCode> fault;
  std::string message;
  bool operator==(const CopyOutcome&) const = default;
};
CopyOutcome read_pieces(const CopyForm& form, const std::vector<std::string_view>& pieces,
                        std::uint64_t record_bytes_max = 1U << 20);
// Cut into pieces of `piece_bytes`.
CopyOutcome read_cut(const CopyForm& form, std::string_view data, std::size_t piece_bytes,
                     std::uint64_t record_bytes_max = 1U << 20);

// The data of a COPY … TO STDOUT.
std::string write_copy(const CopyForm& form, const std::vector<OwnedRecord>& records);

// A record with odd texts, any finite floats, and every type of metadata.
OwnedRecord random_record(std::mt19937& random, std::size_t dimension);

}  // namespace alcove::server
