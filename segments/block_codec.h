#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

namespace alcove::segments {

// How a block's raw bytes are stored (segment_format.h):
//   zstd    one zstd frame.
//   planes  the raw bytes are float32s; first come the lowest bytes of all of them, then the next
//           bytes, the next, the highest; all in one zstd frame. Floats that were made from bytes
//           or half floats leave whole planes of zeros.

// Compresses blocks, with a working memory that is used again. Externally synchronised.
class BlockCompressor {
 public:
  BlockCompressor();
  ~BlockCompressor();

  // The encoded block, valid until the next call; empty where it would not be smaller than `raw`.
  std::string_view zstd(std::string_view raw);
  // Requires: `raw` is a whole number of float32s.
  std::string_view planes(std::string_view raw);

 private:
  struct Context;
  std::unique_ptr<Context> context_;
  std::string planes_;
  std::string encoded_;
};

// Decode exactly `size` bytes into `into`; false where the stored bytes are not the encoding of so
// many. Never write beyond. Thread-safe. Require for planes: `size` is a multiple of 4.
bool decode_zstd(std::string_view stored, char* into, std::size_t size);
bool decode_planes(std::string_view stored, char* into, std::size_t size);

}  // namespace alcove::segments
