#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "segments/code.h"

namespace alcove::segments {

// The scan over codes (code.h): for each row the most that its value may be, in one pass of table
// look-ups and additions of bytes, of which a vector register does 16 to 64 at a time.
//
// A row's bound is
//   factor · (scale · n + bias) + addend + base + reach · deviation
// in float32, each product fused with the addition to its right, where n is the sum of the table's
// bytes that the row's numbers name. n is an integer and the rest one fixed sequence of operations, so
// every target finds the same bits.
//
// Kernels are chosen at run time as in distance.h. Thread-safe.

// The greatest entry of a table, so that two can be added in a byte.
inline constexpr unsigned kTableEntryMax = 127;

struct CodeScan {
  const std::uint8_t* table = nullptr;  // 16 entries a group
  std::size_t groups = 0;               // even
  float scale = 0;
  float bias = 0;
  float base = 0;
  float reach = 0;
  Corrections corrections = Corrections::kHalves;
  // What scan_codes fetches into the cache meanwhile, a part with each 32 rows: asked for at once it would be waited
  // for, since a core has few lines on their way.
  std::string_view ahead;
};

// Fills in a table: entry n of a group is what its coordinates give with the levels of number n, above what they give
// at least,
//   Σ steps[i] · level[i](n) + Σ outermost · |steps[i]|
// rounded to the nearest, where `steps` are the rotated coordinates of the query in units of a table's step. Requires:
// 16 bytes at `table` for each of the shape's groups.
void fill_code_table(const CodeShape& shape, const float* steps, std::uint8_t* table);

struct CodeHit {
  std::uint32_t row = 0;  // from the first of those scanned
  float bound = 0;
};

// Scans `count` times 32 rows whose codes lie one behind the other, and writes to `hits` those whose
// bound is not below `threshold`, in order; a bound that is no number, for which nothing is known, is
// infinity. Returns how many. Requires: room for 32 · count hits.
std::size_t scan_codes(const CodeScan& scan, const char* codes, std::size_t count, float threshold,
                       CodeHit* hits);

// Writes the bound of each of `count` times 32 rows to `bounds`, and the greatest of each 32 to `greatest`. They are the
// same as in hits, but that the least is the lowest finite number. Requires: room for 32 · count bounds and count
// of the others.
void bound_codes(const CodeScan& scan, const char* codes, std::size_t count, float* bounds,
                 float* greatest);

// Appends to `hits`, in order, the rows of 32 bounds that are not below `least` but below `most`; where that is no
// number all are. `first` is the number of the first row. Returns how many. Requires: room for 32 hits.
std::size_t select_bounds(const float* bounds, float least, float most, std::uint32_t first, CodeHit* hits);

// The kernels of one target, for tests that compare targets within one process.
struct CodeKernels {
  const char* target;
  void (*fill_table)(const CodeShape&, const float*, std::uint8_t*);
  std::size_t (*scan)(const CodeScan&, const char*, std::size_t, float, CodeHit*);
  void (*bound)(const CodeScan&, const char*, std::size_t, float*, float*);
  std::size_t (*select)(const float*, float, float, std::uint32_t, CodeHit*);
};
// Every target that this CPU supports, the best first; the last needs no vector instructions.
std::vector<CodeKernels> code_kernels();

}  // namespace alcove::segments
