#include "tests/support/test_certificates.h"

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <sstream>

namespace alcove::tests {
namespace {

std::string text_of(const std::string& path) {
  std::stringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

}  // namespace

TestCertificates::TestCertificates() : directory_("certificates") {
  for (const std::string name : {"ca", "other"}) {
    run("openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj '/CN=" + name + "' -keyout " + name +
        ".key -out " + name + ".crt");
  }
}

server::TlsCredentials TestCertificates::issue(const std::string& name,
                                               const std::string& algorithm) {
  run("openssl req -newkey " + algorithm + " -nodes -subj '/CN=" + name +
      "' -keyout server.key -out server.csr");
  std::ofstream(directory_.path() + "/names") << "subjectAltName=DNS:" << name << ",IP:127.0.0.1\n";
  run("openssl x509 -req -in server.csr -CA ca.crt -CAkey ca.key -CAcreateserial -days 2 "
      "-extfile names -out server.crt");
  return {text_of(certificate()), text_of(directory_.path() + "/server.key")};
}

void TestCertificates::run(const std::string& command) const {
  const std::string whole = "cd " + directory_.path() + " && " + command + " > log 2>&1";
  if (std::system(whole.c_str()) == 0) return;
  std::fprintf(stderr, "%s\n%s\n", whole.c_str(), text_of(directory_.path() + "/log").c_str());
  std::abort();
}

}  // namespace alcove::tests
