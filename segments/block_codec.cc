#include "segments/block_codec.h"

#include <cstdint>
#include <cstring>

#include <zstd.h>

#include "base/check.h"

namespace alcove::segments {

namespace {

constexpr std::size_t kPlanes = sizeof(float);

// Both levels were chosen by measuring: a higher one saved next to nothing on planes.
constexpr int kZstdLevel = 3;
constexpr int kPlanesLevel = 1;

// Each flush ends a zstd block, which costs a header of 3 bytes; the bound has none for them.
constexpr std::size_t kFlushBytes = 64;

struct FreeDecompressor {
  void operator()(ZSTD_DCtx* context) const { ZSTD_freeDCtx(context); }
};

}  // namespace

struct BlockCompressor::Context {
  Context() : zstd(ZSTD_createCCtx()) { CHECK(zstd != nullptr, "out of memory"); }
  ~Context() { ZSTD_freeCCtx(zstd); }
  Context(const Context&) = delete;
  Context& operator=(const Context&) = delete;

  void begin(int level, std::size_t raw_bytes) {
    const bool ready =
        !ZSTD_isError(ZSTD_CCtx_reset(zstd, ZSTD_reset_session_and_parameters)) &&
        !ZSTD_isError(ZSTD_CCtx_setParameter(zstd, ZSTD_c_compressionLevel, level)) &&
        !ZSTD_isError(ZSTD_CCtx_setPledgedSrcSize(zstd, raw_bytes));
    CHECK(ready, "zstd refused its parameters");
  }

  // Appends `bytes` and a block's or the frame's end.
  void add(std::string_view bytes, ZSTD_EndDirective directive, ZSTD_outBuffer& out) {
    ZSTD_inBuffer in{bytes.data(), bytes.size(), 0};
    const std::size_t rest = ZSTD_compressStream2(zstd, &out, &in, directive);
    CHECK(!ZSTD_isError(rest) && rest == 0 && in.pos == in.size, "zstd's bound did not hold");
  }

  ZSTD_CCtx* zstd;
};

BlockCompressor::BlockCompressor() : context_(std::make_unique<Context>()) {}
BlockCompressor::~BlockCompressor() = default;

std::string_view BlockCompressor::zstd(std::string_view raw) {
  encoded_.resize(ZSTD_compressBound(raw.size()));
  ZSTD_outBuffer out{encoded_.data(), encoded_.size(), 0};
  context_->begin(kZstdLevel, raw.size());
  context_->add(raw, ZSTD_e_end, out);
  return out.pos < raw.size() ? std::string_view(encoded_).substr(0, out.pos) : std::string_view();
}

std::string_view BlockCompressor::planes(std::string_view raw) {
  const std::size_t count = raw.size() / kPlanes;
  CHECK(count * kPlanes == raw.size(), "planes are made of floats");
  planes_.resize(raw.size());
  for (std::size_t plane = 0; plane < kPlanes; ++plane) {
    char* const into = planes_.data() + plane * count;
    for (std::size_t i = 0; i < count; ++i) into[i] = raw[i * kPlanes + plane];
  }
  encoded_.resize(ZSTD_compressBound(raw.size()) + kFlushBytes);
  ZSTD_outBuffer out{encoded_.data(), encoded_.size(), 0};
  context_->begin(kPlanesLevel, raw.size());
  // A zstd block of its own for each plane gives it its own statistics.
  for (std::size_t plane = 0; plane < kPlanes; ++plane) {
    const bool last = plane + 1 == kPlanes;
    context_->add(std::string_view(planes_).substr(plane * count, count),
                  last ? ZSTD_e_end : ZSTD_e_flush, out);
  }
  return out.pos < raw.size() ? std::string_view(encoded_).substr(0, out.pos) : std::string_view();
}

bool decode_zstd(std::string_view stored, char* into, std::size_t size) {
  thread_local const std::unique_ptr<ZSTD_DCtx, FreeDecompressor> context(ZSTD_createDCtx());
  CHECK(context != nullptr, "out of memory");
  const std::size_t decoded =
      ZSTD_decompressDCtx(context.get(), into, size, stored.data(), stored.size());
  return !ZSTD_isError(decoded) && decoded == size;
}

bool decode_planes(std::string_view stored, char* into, std::size_t size) {
  const auto planes = std::make_unique_for_overwrite<char[]>(size);
  if (!decode_zstd(stored, planes.get(), size)) return false;
  const std::size_t count = size / kPlanes;
  const char* const lowest = planes.get();
  const auto byte = [&](std::size_t plane, std::size_t i) {
    return std::uint32_t{static_cast<unsigned char>(lowest[plane * count + i])} << (8 * plane);
  };
  for (std::size_t i = 0; i < count; ++i) {
    const std::uint32_t value = byte(0, i) | byte(1, i) | byte(2, i) | byte(3, i);
    std::memcpy(into + i * kPlanes, &value, kPlanes);
  }
  return true;
}

}  // namespace alcove::segments
