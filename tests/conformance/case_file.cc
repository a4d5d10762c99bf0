#include "tests/conformance/case_file.h"

#include <fstream>
#include <regex>

#include <gtest/gtest.h>

namespace alcove::tests {

namespace {

// `{{x*3}}` stands for xxx.
std::string with_repetitions(const std::string& line) {
  static const std::regex repetition(R"(\{\{(.+?)\*(\d+)\}\})");
  std::string text = line;
  for (std::smatch found; std::regex_search(text, found, repetition);) {
    std::string repeated;
    for (int i = std::stoi(found[2]); i > 0; --i) repeated += found[1];
    text = std::string(found.prefix()) + repeated + std::string(found.suffix());
  }
  return text;
}

Case read_case(const std::vector<std::string>& lines, int line) {
  Case one;
  one.line = line;
  std::size_t at = 0;
  for (; at < lines.size() && lines[at] != "----"; ++at) {
    const std::string& text = lines[at];
    one.source.push_back(text);
    if (text.starts_with("#")) continue;
    if (text.starts_with("!")) {
      one.directive = text.substr(1);
    } else if (text.starts_with("@") && one.text.empty()) {
      one.session = text.substr(1);
    } else {
      one.text += (one.text.empty() ? "" : "\n") + with_repetitions(text);
    }
  }
  for (++at; at < lines.size(); ++at) one.expected.push_back(lines[at]);
  return one;
}

}  // namespace

std::vector<Case> read_cases(const std::string& path) {
  std::ifstream file(path);
  EXPECT_TRUE(file.is_open()) << path;
  std::vector<Case> cases;
  std::vector<std::string> lines;
  int number = 0;
  const auto end_paragraph = [&] {
    if (!lines.empty()) cases.push_back(read_case(lines, number - static_cast<int>(lines.size())));
    lines.clear();
  };
  for (std::string line; std::getline(file, line);) {
    ++number;
    if (line.empty()) {
      end_paragraph();
    } else {
      lines.push_back(line);
    }
  }
  ++number;
  end_paragraph();
  return cases;
}

void write_cases(const std::string& path, const std::vector<Case>& cases,
                 const std::vector<std::vector<std::string>>& came) {
  std::ofstream file(path, std::ios::trunc);
  for (std::size_t i = 0; i < cases.size(); ++i) {
    if (i > 0) file << '\n';
    for (const std::string& line : cases[i].source) file << line << '\n';
    if (cases[i].text.empty()) continue;
    file << "----\n";
    for (const std::string& line : came[i]) file << line << '\n';
  }
}

bool matches(const std::vector<std::string>& expected, const std::vector<std::string>& came) {
  if (expected.size() != came.size()) return false;
  for (std::size_t i = 0; i < came.size(); ++i) {
    const bool same = expected[i].starts_with("~ ")
                          ? std::regex_match(came[i], std::regex(expected[i].substr(2)))
                          : expected[i] == came[i];
    if (!same) return false;
  }
  return true;
}

}  // namespace alcove::tests
