#include <boost/asio/ip/address.hpp>
#include <gtest/gtest.h>

#include "server/listener.h"

namespace alcove::server {
namespace {

bool may(const char* address, bool has_tls, bool has_password_role, bool insecure) {
  return may_listen(boost::asio::ip::make_address(address), has_tls, has_password_role, insecure)
      .has_value();
}

TEST(ListenRule, LetsLoopbackBe) {
  for (const char* address : {"127.0.0.1", "127.1.2.3", "::1"}) {
    EXPECT_TRUE(may(address, false, false, false)) << address;
  }
}

TEST(ListenRule, AsksForEncryptionAndAPasswordBeyondLoopback) {
  for (const char* address : {"0.0.0.0", "192.0.2.1", "::", "2001:db8::1", "::ffff:192.0.2.1"}) {
    EXPECT_FALSE(may(address, false, false, false)) << address;
    EXPECT_FALSE(may(address, true, false, false)) << address;
    EXPECT_FALSE(may(address, false, true, false)) << address;
    EXPECT_TRUE(may(address, true, true, false)) << address;
    EXPECT_TRUE(may(address, false, false, true)) << address;
  }
}

TEST(ListenRule, SaysWhatToDo) {
  const auto address = boost::asio::ip::make_address("192.0.2.1");
  EXPECT_EQ(may_listen(address, false, true, false).error().message(),
            "cannot listen on 192.0.2.1: it is not a loopback address and there is no TLS");
  EXPECT_EQ(may_listen(address, true, false, false).error().message(),
            "cannot listen on 192.0.2.1: it is not a loopback address and no superuser has a "
            "password");
  EXPECT_FALSE(may_listen(address, true, false, false).error().hint().empty());
}

}  // namespace
}  // namespace alcove::server
