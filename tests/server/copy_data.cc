#include "tests/server/copy_data.h"

#include <bit>
#include <cmath>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "base/check.h"
#include "parser/parse.h"
#include "server/copy_reader.h"
#include "server/copy_writer.h"

namespace alcove::server {
namespace {

OwnedRecord own(const executor::CopyRecord& record) {
  OwnedRecord owned;
  if (record.name_space) owned.name_space = *record.name_space;
  if (record.id) owned.id = *record.id;
  if (record.values) owned.values.emplace(record.values->begin(), record.values->end());
  owned.metadata = Metadata::from_encoded(std::string(record.metadata));
  return owned;
}

std::string random_text(std::mt19937& random) {
  static const std::vector<std::string> kPieces = {
      "a", "Z", "7", " ", "\t", "\n", "\r", "\r\n", "\\", "\\.", "\\N", "\"", "\"\"", "'", ",", ";",
      "{", "}", "[", "]", ":", "\x01", "\x1f", "\x7f", "é", "日本", "😀", "\\n", "null", "NULL", "/"};
  std::string text;
  for (std::size_t i = random() % 6 + 1; i > 0; --i) text += kPieces[random() % kPieces.size()];
  return text;
}

float random_float(std::mt19937& random) {
  while (true) {
    const auto value = std::bit_cast<float>(static_cast<std::uint32_t>(random()));
    if (std::isfinite(value)) return value;
  }
}

}  // namespace

CopyForm copy_form(const std::string& statement) {
  const auto parsed = parser::parse(statement);
  CHECK(parsed, "the statement of a test parses");
  const auto& copy = std::get<parser::Copy>(parsed->front());
  const auto options = read_copy_options(copy);
  CHECK(options, "its options are right");
  const auto columns = executor::copy_columns(copy);
  CHECK(columns, "its columns are right");
  return {*options, *columns};
}

std::string to_string(const OwnedRecord& record) {
  std::string text = record.name_space ? *record.name_space + "/" : "";
  text += record.id.value_or("-");
  text += record.values ? fmt::format(" [{}]", fmt::join(*record.values, ", ")) : " -";
  return text + " " + (record.metadata.empty() ? "-" : record.metadata.view().to_json());
}

CopyOutcome read_pieces(const CopyForm& form, const std::vector<std::string_view>& pieces,
                        std::uint64_t record_bytes_max) {
  const auto reader = make_copy_reader(form.options, form.columns, record_bytes_max);
  CopyOutcome outcome;
  const auto fail_with = [&](const Error& error) {
    outcome.fault = error.code();
    outcome.message = error.message();
    return outcome;
  };
  for (std::string_view piece : pieces) {
    while (true) {
      const auto record = reader->next(piece);
      if (!record) return fail_with(record.error());
      if (*record == nullptr) break;
      outcome.records.push_back(own(**record));
    }
    EXPECT_TRUE(piece.empty()) << "a reader that wants more has read all";
  }
  const auto record = reader->last();
  if (!record) return fail_with(record.error());
  if (*record != nullptr) outcome.records.push_back(own(**record));
  return outcome;
}

CopyOutcome read_cut(const CopyForm& form, std::string_view data, std::size_t piece_bytes,
                     std::uint64_t record_bytes_max) {
  std::vector<std::string_view> pieces;
  for (std::size_t at = 0; at < data.size(); at += piece_bytes) {
    pieces.push_back(data.substr(at, piece_bytes));
  }
  return read_pieces(form, pieces, record_bytes_max);
}

std::string write_copy(const CopyForm& form, const std::vector<OwnedRecord>& records) {
  const auto writer = make_copy_writer(form.options, form.columns);
  std::string data;
  writer->header(data);
  for (const OwnedRecord& record : records) {
    const std::string json = record.metadata.view().to_json();
    std::vector<executor::Cell> cells;
    for (const executor::CopyColumn column : form.columns) {
      switch (column) {
        case executor::CopyColumn::kNamespace: cells.emplace_back(*record.name_space); break;
        case executor::CopyColumn::kId: cells.emplace_back(*record.id); break;
        case executor::CopyColumn::kValues:
          cells.emplace_back(std::span<const float>(*record.values));
          break;
        case executor::CopyColumn::kMetadata:
          cells.emplace_back();
          if (!record.metadata.empty()) cells.back() = std::string_view(json);
          break;
      }
    }
    writer->row(cells, data);
  }
  writer->end(data);
  return data;
}

OwnedRecord random_record(std::mt19937& random, std::size_t dimension) {
  OwnedRecord record;
  record.name_space = random_text(random);
  record.id = random_text(random);
  record.values.emplace();
  for (std::size_t i = 0; i < dimension; ++i) record.values->push_back(random_float(random));
  for (std::size_t i = random() % 4; i > 0; --i) {
    MetadataValue value;
    switch (random() % 4) {
      case 0: value = random_text(random); break;
      case 1: value = std::ldexp(static_cast<double>(random()), static_cast<int>(random() % 200) - 100); break;
      case 2: value = random() % 2 == 0; break;
      default: value = std::vector<std::string>{random_text(random), "", random_text(random)};
    }
    const Status set = record.metadata.set(random_text(random), value);
    CHECK(set, "a small field can be set");
  }
  return record;
}

}  // namespace alcove::server
