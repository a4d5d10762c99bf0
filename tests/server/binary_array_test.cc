#include "server/binary_array.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace alcove::server {
namespace {

using std::string_literals::operator""s;

// `array[0.1,0.2]::real[]`, `'{}'::real[]` and `'[0.1,0.2]'::vector` as PostgreSQL 15 sends them.
const std::string kArray =
    "\0\0\0\1\0\0\0\0\0\0\2\274\0\0\0\2\0\0\0\1\0\0\0\4\x3d\xcc\xcc\xcd\0\0\0\4\x3e\x4c\xcc\xcd"s;
const std::string kEmptyArray = "\0\0\0\0\0\0\0\0\0\0\2\274"s;
const std::string kVector = "\0\2\0\0\x3d\xcc\xcc\xcd\x3e\x4c\xcc\xcd"s;

TEST(BinaryArray, TellsVectorsFromArrays) {
  std::vector<float> values = {7};
  EXPECT_TRUE(read_any_vector(kArray, values));
  EXPECT_EQ(values, (std::vector<float>{0.1F, 0.2F}));
  EXPECT_TRUE(read_any_vector(kEmptyArray, values));
  EXPECT_TRUE(values.empty());
  EXPECT_TRUE(read_any_vector(kVector, values));
  EXPECT_EQ(values, (std::vector<float>{0.1F, 0.2F}));
}

TEST(BinaryArray, RefusesEveryCutAndEveryByteTooMany) {
  std::vector<float> values;
  for (const std::string& whole : {kArray, kVector}) {
    for (std::size_t size = 0; size < whole.size(); ++size) {
      EXPECT_FALSE(read_any_vector(whole.substr(0, size), values)) << size;
    }
    EXPECT_FALSE(read_any_vector(whole + "x", values));
  }
}

TEST(BinaryArray, RefusesAnElementOfAnotherLength) {
  std::string bytes = kArray;
  bytes[23] = 3;
  std::vector<float> values;
  EXPECT_FALSE(read_any_vector(bytes, values));
}

TEST(BinaryArray, RefusesWhatIsNoFloat32) {
  std::vector<float> values;
  const auto code = [&](const std::string& bytes) {
    const Status read = read_any_vector(bytes, values);
    return read ? ErrorCode::kInternal : read.error().code();
  };
  EXPECT_EQ(code("\0\1\0\0\x7f\xc0\0\0"s), ErrorCode::kInvalidValue) << "NaN";
  EXPECT_EQ(code("\0\0\0\1\0\0\0\0\0\0\2\275\0\0\0\1\0\0\0\1\0\0\0\x8\x7e\x37\xe4\x3c\x88\0\x75\x9c"s),
            ErrorCode::kInvalidValue)
      << "1e300";
}

TEST(BinaryArray, FindsWhatIsNotFiniteWhereverItStands) {
  const std::string one = "\x3f\x80\0\0"s;
  for (std::size_t count = 1; count <= 5; ++count) {
    for (std::size_t at = 0; at < count; ++at) {
      for (const std::string& other :
           {"\x7f\x80\0\0"s, "\xff\x80\0\0"s, "\x7f\xc0\0\1"s, "\x7f\x7f\xff\xff"s}) {
        std::string plain = {'\0', static_cast<char>(count), '\0', '\0'};
        std::string array = "\0\0\0\1\0\0\0\0\0\0\2\274\0\0\0"s;
        array += {static_cast<char>(count), '\0', '\0', '\0', '\1'};
        for (std::size_t i = 0; i < count; ++i) {
          plain += i == at ? other : one;
          array += "\0\0\0\4"s + (i == at ? other : one);
        }
        const bool is_largest = other == "\x7f\x7f\xff\xff"s;
        std::vector<float> values;
        EXPECT_EQ(read_any_vector(plain, values).has_value(), is_largest) << count << " " << at;
        EXPECT_EQ(values.size(), count);
        EXPECT_EQ(read_any_vector(array, values).has_value(), is_largest) << count << " " << at;
        if (count > 1) {
          EXPECT_EQ(values[at == 0 ? 1 : 0], 1.0F);
        }
      }
    }
  }
}

}  // namespace
}  // namespace alcove::server
