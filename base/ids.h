#pragma once

#include <cstdint>

namespace alcove {

// Log sequence number: commits are numbered 1, 2, 3, … over the whole server and for ever.
// 0 means "before the first".
using Lsn = std::uint64_t;
inline constexpr Lsn kLsnMax = ~Lsn{0};

// Number of an index, never used twice.
using IndexNumber = std::uint32_t;

// Number of one incarnation of a namespace, never used twice: a namespace that is dropped and made
// again has another, so that nothing of the old one can be taken for the new.
using NamespaceNumber = std::uint64_t;

// Number of a segment file, never used twice.
using FileNumber = std::uint64_t;

}  // namespace alcove
