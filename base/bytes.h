#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

namespace alcove {

static_assert(std::endian::native == std::endian::little,
              "vectors are read in place from little-endian files");

// Appends fixed and variable width little-endian fields to a string it does not own.
// Externally synchronised.
class ByteWriter {
 public:
  explicit ByteWriter(std::string& out) : out_(out) {}

  void u8(std::uint8_t value) { out_.push_back(static_cast<char>(value)); }
  void u16(std::uint16_t value) { fixed(value); }
  void u32(std::uint32_t value) { fixed(value); }
  void u64(std::uint64_t value) { fixed(value); }
  void f32(float value) { fixed(value); }
  void f64(double value) { fixed(value); }
  // LEB128, 1 to 10 bytes.
  void varint(std::uint64_t value) {
    while (value >= 0x80) {
      u8(static_cast<std::uint8_t>(value | 0x80));
      value >>= 7;
    }
    u8(static_cast<std::uint8_t>(value));
  }
  void raw(std::string_view bytes) { out_.append(bytes); }
  // A varint length, then the bytes.
  void string(std::string_view bytes) {
    varint(bytes.size());
    raw(bytes);
  }
  void zeros(std::size_t count) { out_.append(count, '\0'); }

 private:
  template <class T>
  void fixed(T value) {
    char bytes[sizeof(T)];
    std::memcpy(bytes, &value, sizeof(T));
    out_.append(bytes, sizeof(T));
  }
  std::string& out_;
};

// Reads what ByteWriter wrote, from bytes that are not trusted. A read past the end yields zero
// (or an empty view) and turns ok() false for good; check ok() before using what was read.
// Views returned live as long as the bytes given to the constructor.
class ByteReader {
 public:
  explicit ByteReader(std::string_view bytes) : bytes_(bytes) {}

  bool ok() const { return ok_; }
  std::size_t remaining() const { return bytes_.size(); }
  bool at_end() const { return ok_ && bytes_.empty(); }
  // For a reader of the fields: what was read makes no sense.
  void refuse() { ok_ = false; bytes_ = {}; }

  std::uint8_t u8() { return fixed<std::uint8_t>(); }
  std::uint16_t u16() { return fixed<std::uint16_t>(); }
  std::uint32_t u32() { return fixed<std::uint32_t>(); }
  std::uint64_t u64() { return fixed<std::uint64_t>(); }
  float f32() { return fixed<float>(); }
  double f64() { return fixed<double>(); }
  std::uint64_t varint() {
    std::uint64_t value = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
      const std::uint8_t byte = u8();
      if (!ok_) return 0;
      if (shift == 63 && byte > 1) break;
      value |= static_cast<std::uint64_t>(byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
    refuse();
    return 0;
  }
  std::string_view raw(std::uint64_t count) {
    if (count > bytes_.size()) {
      refuse();
      return {};
    }
    std::string_view head = bytes_.substr(0, static_cast<std::size_t>(count));
    bytes_.remove_prefix(static_cast<std::size_t>(count));
    return head;
  }
  std::string_view string() { return raw(varint()); }

 private:
  template <class T>
  T fixed() {
    T value{};
    const std::string_view bytes = raw(sizeof(T));
    if (ok_) std::memcpy(&value, bytes.data(), sizeof(T));
    return value;
  }
  std::string_view bytes_;
  bool ok_ = true;
};

}  // namespace alcove
