// TLS as clients speak it to the server, and as none should.

#include <atomic>
#include <csignal>
#include <fstream>
#include <memory>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <libpq-fe.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

#include "tests/server/server_fixture.h"
#include "tests/server/wire_client.h"
#include "tests/support/test_certificates.h"

namespace alcove::server {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using tests::TestCertificates;

constexpr std::uint32_t kSslRequest = 80877103;
constexpr std::uint32_t kGssRequest = 80877104;

std::string request(std::uint32_t code) {
  return WireClient::big_endian(8) + WireClient::big_endian(code);
}
TlsWishes by_alpn(const char* protocol) { return {.protocol = protocol, .version_max = 0}; }
TlsWishes up_to(int version) { return {.protocol = {}, .version_max = version}; }
const std::string kHello = WireClient::startup_packet({{"user", "me"}});

// Made once: keys take their time.
TestCertificates& certificates() {
  static TestCertificates made;
  return made;
}
const TlsCredentials& credentials() {
  static const TlsCredentials issued = certificates().issue("first.test");
  return issued;
}

class TlsTest : public ServerTest {
 protected:
  TlsTest() {
    std::signal(SIGPIPE, SIG_IGN);  // what these clients write to is closed now and then
    options_.tls = credentials();
  }

  std::unique_ptr<WireClient> connect() {
    return std::make_unique<WireClient>(port(), WireClient::Greeting::kNone);
  }
  // One that has asked for TLS and got it, but said nothing in it yet.
  std::unique_ptr<WireClient> connect_tls(const TlsWishes& wishes = {}) {
    auto client = connect();
    client->send(request(kSslRequest));
    EXPECT_EQ(client->read_byte(), 'S');
    client->start_tls(wishes);
    return client;
  }
  std::unique_ptr<WireClient> open_session() {
    auto client = connect_tls();
    client->send_startup({{"user", "me"}});
    EXPECT_EQ(client->greeting().back().type, 'Z');
    return client;
  }
};

TEST_F(TlsTest, ServesASessionAfterARequest) {
  start();
  const auto client = open_session();
  EXPECT_EQ(client->tls().error(), "");
  EXPECT_EQ(client->tls().subject(), "/CN=first.test");
  EXPECT_THAT(column(client->ask("select 7")), ElementsAre("7"));
}

TEST_F(TlsTest, ServesPlainSessionsToo) {
  start();
  WireClient client(port());
  EXPECT_EQ(summary(client.ask("select 1")), "T D C(SELECT 1) ZI");
}

TEST_F(TlsTest, DeclinesGssAroundItsRequest) {
  start();
  auto client = connect();
  client->send(request(kGssRequest));
  EXPECT_EQ(client->read_byte(), 'N');
  client->send(request(kSslRequest));
  EXPECT_EQ(client->read_byte(), 'S');
  client->start_tls();
  client->send_startup({{"user", "me"}});
  EXPECT_EQ(client->greeting().back().type, 'Z');
}

TEST_F(TlsTest, TakesNoRequestInsideTls) {
  start();
  for (const std::uint32_t code : {kSslRequest, kGssRequest}) {
    auto client = connect_tls();
    client->send(request(code));
    EXPECT_THAT(reports(client->read_reply()),
                ElementsAre(HasSubstr("FATAL 0A000 unsupported frontend protocol 1234.56")));
  }
}

// Else what an attacker put before the handshake would be heard as though it were the client's.
TEST_F(TlsTest, RefusesBytesSentAheadOfItsAnswer) {
  start();
  auto client = connect();
  client->send(request(kSslRequest) + kHello);
  const auto reply = client->read_reply();
  EXPECT_EQ(summary(reply), "E $");
  EXPECT_THAT(reports(reply),
              ElementsAre("FATAL 08P01 received unencrypted data after SSL request"));
}

TEST_F(TlsTest, ABareStartupInPlaceOfTheHandshakeIsNotHeard) {
  start();
  auto client = connect();
  client->send(request(kSslRequest));
  EXPECT_EQ(client->read_byte(), 'S');
  client->send(kHello);
  while (client->read_byte() != '$') {
  }
  EXPECT_EQ(server_->session_count(), 0U);
}

TEST_F(TlsTest, MayBeginAtOnceWithAlpn) {
  start();
  auto client = connect();
  EXPECT_EQ(client->start_tls(by_alpn("postgresql")).error(), "");
  client->send_startup({{"user", "me"}});
  EXPECT_THAT(column(client->ask("select 7")), ElementsAre("7"));
}

TEST_F(TlsTest, NeedsAlpnToBeginAtOnce) {
  start();
  auto client = connect();
  EXPECT_EQ(client->start_tls().error(), "");
  client->send(kHello);
  EXPECT_THAT(reports(client->read_reply()),
              ElementsAre("FATAL 08P01 received direct SSL connection request without ALPN protocol "
                          "negotiation extension"));
}

TEST_F(TlsTest, AgreesOnNoOtherProtocol) {
  start();
  auto client = connect();
  EXPECT_THAT(client->start_tls(by_alpn("http/1.1")).error(), HasSubstr("no application protocol"));
  EXPECT_THAT(connect_tls(by_alpn("http/1.1"))->tls().error(),
              HasSubstr("no application protocol"));
  EXPECT_EQ(connect_tls(by_alpn("postgresql"))->tls().error(), "");
}

TEST_F(TlsTest, SpeaksNoOldVersions) {
  start();
  EXPECT_NE(connect_tls(up_to(TLS1_1_VERSION))->tls().error(), "");
  EXPECT_EQ(connect_tls(up_to(TLS1_2_VERSION))->tls().error(), "");
}

TEST_F(TlsTest, GivesNoTickets) {
  start();
  EXPECT_FALSE(open_session()->tls().has_ticket());
  EXPECT_FALSE(connect_tls(up_to(TLS1_2_VERSION))->tls().has_ticket());
}

TEST_F(TlsTest, CarriesLargeStatementsAndResults) {
  options_.output_buffer_bytes = 64 << 10;
  start();
  const auto client = open_session();
  const std::string large(5'000'000, 'x');
  EXPECT_THAT(column(client->ask("select '" + large + "'")), ElementsAre(large));
  EXPECT_THAT(column(client->ask("select generate_series(1, 200000)")), testing::SizeIs(200'000));
}

TEST_F(TlsTest, AnswersWhatCameInOneRecordTogether) {
  start();
  const auto client = open_session();
  std::string many;
  for (int i = 0; i < 3000; ++i) many += WireClient::query(fmt::format("select {}", i));
  client->send(many);
  for (int i = 0; i < 3000; ++i) {
    ASSERT_THAT(column(client->read_reply()), ElementsAre(std::to_string(i)));
  }
}

TEST_F(TlsTest, TakesCancelRequests) {
  start();
  const auto client = open_session();
  client->send(WireClient::query("select pg_sleep(60)"));
  const auto canceller = connect_tls();
  canceller->send(WireClient::cancel_packet(client->process_id(), client->secret_key()));
  EXPECT_EQ(canceller->read().type, '$');
  EXPECT_EQ(report_field(client->read_reply(), 'C'), "57014");
}

TEST_F(TlsTest, SaysGoodbyeAtItsEnd) {
  start();
  const auto client = open_session();
  server_->stop();
  EXPECT_THAT(reports(client->read_reply()),
              ElementsAre("FATAL 57P01 terminating connection due to administrator command"));
  EXPECT_TRUE(client->tls().ended_cleanly());
}

// The first says nothing, the second half of what it should, and neither holds up a third.
TEST_F(TlsTest, HalfHandshakesEndInTime) {
  options_.authentication_timeout_ms = 300;
  options_.worker_threads = 1;
  start();
  const auto silent = connect();
  silent->send(request(kSslRequest));
  EXPECT_EQ(silent->read_byte(), 'S');
  const auto half = connect();
  half->send(std::string("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 11));
  const auto third = open_session();
  EXPECT_THAT(column(third->ask("select 7")), ElementsAre("7"));
  EXPECT_EQ(silent->read_byte(), '$');
  EXPECT_EQ(half->read_byte(), '$');
  EXPECT_THAT(column(third->ask("select 7")), ElementsAre("7"));
}

TEST_F(TlsTest, NonsenseEndsTheConnection) {
  start();
  const auto client = open_session();
  for (const std::string& nonsense : {std::string("\x16\x03\x01\x00\x05hello", 10),
                                     std::string("\x16\x00\x00\x00\x00\x00", 6)}) {
    const auto hostile = connect();
    hostile->send(nonsense);
    hostile->half_close();
    while (hostile->read_byte() != '$') {
    }
  }
  EXPECT_THAT(column(client->ask("select 7")), ElementsAre("7"));
}

TEST_F(TlsTest, RefusesPlainSessionsWhereItIsRequired) {
  options_.tls_required = true;
  start();
  const WireClient plain(port());
  EXPECT_THAT(reports(plain.greeting()),
              ElementsAre("FATAL 28000 a connection without TLS is refused"));
  EXPECT_EQ(report_field(plain.greeting(), 'H'), "Connect with sslmode=require.");
  EXPECT_THAT(column(open_session()->ask("select 7")), ElementsAre("7"));
}

TEST_F(TlsTest, NeedsCredentialsToRequireIt) {
  options_.tls.reset();
  options_.tls_required = true;
  EXPECT_FALSE(Server::start({file_system_, clock_, random_}, options_));
}

TEST_F(TlsTest, NewCredentialsAreForNewConnections) {
  start();
  const auto before = open_session();
  ASSERT_TRUE(server_->set_tls(certificates().issue("second.test")));
  const auto after = open_session();
  EXPECT_EQ(after->tls().subject(), "/CN=second.test");
  EXPECT_EQ(before->tls().subject(), "/CN=first.test");
  EXPECT_THAT(column(before->ask("select 7")), ElementsAre("7"));

  EXPECT_FALSE(server_->set_tls({"nothing", credentials().key}));
  EXPECT_EQ(connect_tls()->tls().subject(), "/CN=second.test");
}

// ---- Credentials --------------------------------------------------------------------------------

TEST(TlsContext, RefusesWhatCannotServe) {
  const TlsCredentials good = credentials();
  const auto refusal = [](const TlsCredentials& bad) {
    const auto loaded = TlsContext::load(bad);
    return loaded ? std::string("taken") : loaded.error().message();
  };
  EXPECT_EQ(refusal(good), "taken");
  EXPECT_THAT(refusal({"", good.key}), HasSubstr("the TLS certificate cannot be read"));
  EXPECT_THAT(refusal({good.certificates, ""}), HasSubstr("the TLS key cannot be read"));
  EXPECT_THAT(refusal({good.certificates, certificates().issue("other").key}),
              HasSubstr("the TLS key does not fit the certificate"));
  EXPECT_THAT(refusal({good.certificates.substr(0, 300), good.key}),
              HasSubstr("the TLS certificate cannot be read"));
}

TEST(TlsContext, TakesAChainBehindTheCertificate) {
  const TlsCredentials good = credentials();
  std::stringstream authority;
  authority << std::ifstream(certificates().authority()).rdbuf();
  EXPECT_TRUE(TlsContext::load({good.certificates + authority.str(), good.key}));
  const auto cut = TlsContext::load({good.certificates + authority.str().substr(0, 300), good.key});
  ASSERT_FALSE(cut);
  EXPECT_THAT(cut.error().message(), HasSubstr("the TLS certificate's chain cannot be read"));
}

std::string sha256_of_der(const std::string& pem) {
  const std::unique_ptr<BIO, decltype(&BIO_free)> bio(
      BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())), &BIO_free);
  const std::unique_ptr<X509, decltype(&X509_free)> certificate(
      PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr), &X509_free);
  unsigned char* der = nullptr;
  const int length = i2d_X509(certificate.get(), &der);
  unsigned char hash[EVP_MAX_MD_SIZE];
  unsigned bytes = 0;
  EVP_Digest(der, static_cast<std::size_t>(length), hash, &bytes, EVP_sha256(), nullptr);
  OPENSSL_free(der);
  return {reinterpret_cast<const char*>(hash), bytes};
}

TEST(TlsContext, HasTheHashThatChannelsAreBoundTo) {
  const auto context = TlsContext::load(credentials());
  ASSERT_TRUE(context);
  EXPECT_EQ((*context)->server_end_point(), sha256_of_der(credentials().certificates));
  EXPECT_THAT((*context)->description(), HasSubstr("CN=first.test, valid until "));
}

// ---- libpq --------------------------------------------------------------------------------------

class LibpqTls : public TlsTest {
 protected:
  // What connecting with these options ends in: the answer to a query, or the error.
  std::string outcome(const std::string& options) const {
    const std::unique_ptr<PGconn, decltype(&PQfinish)> connection(
        PQconnectdb(fmt::format("host=127.0.0.1 port={} user=me dbname=me {}", port(), options).c_str()),
        &PQfinish);
    if (PQstatus(connection.get()) != CONNECTION_OK) return PQerrorMessage(connection.get());
    const std::unique_ptr<PGresult, decltype(&PQclear)> result(
        PQexec(connection.get(), "select 7"), &PQclear);
    const char* const version = PQsslAttribute(connection.get(), "protocol");
    return fmt::format("{} {}", PQgetvalue(result.get(), 0, 0), version == nullptr ? "plain" : version);
  }
};

TEST_F(LibpqTls, ConnectsInEveryMode) {
  start();
  const std::string root = " sslrootcert=" + certificates().authority();
  EXPECT_EQ(outcome("sslmode=disable"), "7 plain");
  EXPECT_EQ(outcome("sslmode=prefer"), "7 TLSv1.3");
  EXPECT_EQ(outcome("sslmode=require"), "7 TLSv1.3");
  EXPECT_EQ(outcome("sslmode=require ssl_max_protocol_version=TLSv1.2"), "7 TLSv1.2");
  EXPECT_EQ(outcome("sslmode=verify-ca" + root), "7 TLSv1.3");
  EXPECT_EQ(outcome("sslmode=verify-full" + root), "7 TLSv1.3");
  EXPECT_EQ(outcome("host=first.test hostaddr=127.0.0.1 sslmode=verify-full" + root), "7 TLSv1.3");
}

TEST_F(LibpqTls, FindsOutWhoIsNotTheServer) {
  start();
  EXPECT_THAT(outcome("sslmode=verify-ca sslrootcert=" + certificates().other_authority()),
              HasSubstr("certificate verify failed"));
  EXPECT_THAT(outcome("host=other.test hostaddr=127.0.0.1 sslmode=verify-full sslrootcert=" +
                      certificates().authority()),
              HasSubstr("does not match host name"));
}

TEST_F(LibpqTls, TakesKeysOfOtherKinds) {
  options_.tls = certificates().issue("curve.test", "ec -pkeyopt ec_paramgen_curve:prime256v1");
  start();
  EXPECT_EQ(outcome("sslmode=require"), "7 TLSv1.3");
}

TEST_F(LibpqTls, ManyConnectAtOnce) {
  start();
  std::vector<std::thread> threads;
  std::atomic<int> good = 0;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&] {
      for (int turn = 0; turn < 10; ++turn) good += outcome("sslmode=require") == "7 TLSv1.3" ? 1 : 0;
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(good, 80);
}

}  // namespace
}  // namespace alcove::server
