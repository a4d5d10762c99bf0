// The rules of the house, held against the source tree.

#include <filesystem>
#include <fstream>
#include <map>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <re2/re2.h>

namespace {

namespace fs = std::filesystem;

const fs::path kRoot = ALCOVE_ROOT;
const std::vector<std::string> kRooms = {"base",     "parser", "wal",  "segments",
                                         "executor", "server", "tools"};
const std::map<std::string, std::set<std::string>> kMayInclude = {
    {"base", {"base"}},
    {"parser", {"base", "parser"}},
    {"wal", {"base", "wal"}},
    {"segments", {"base", "segments"}},
    {"executor", {"base", "parser", "wal", "segments", "executor"}},
    {"server", {"base", "parser", "executor", "server"}},
    {"tools", {"base", "parser", "wal", "segments", "executor", "server", "tools"}},
};

struct Source {
  fs::path path;
  std::string room;
  std::vector<std::string> lines;
};

std::vector<std::string> lines_of(const fs::path& path) {
  std::ifstream in(path);
  std::vector<std::string> lines;
  for (std::string line; std::getline(in, line);) lines.push_back(std::move(line));
  return lines;
}

bool is_source(const fs::path& path) {
  return path.extension() == ".cc" || path.extension() == ".h";
}

std::vector<Source> sources(const std::vector<std::string>& folders) {
  std::vector<Source> all;
  for (const std::string& folder : folders) {
    for (const auto& entry : fs::recursive_directory_iterator(kRoot / folder)) {
      if (entry.is_regular_file() && is_source(entry.path())) {
        all.push_back({entry.path(), folder, lines_of(entry.path())});
      }
    }
  }
  return all;
}

std::string place(const Source& source, std::size_t line) {
  return fs::relative(source.path, kRoot).string() + ":" + std::to_string(line + 1);
}

TEST(House, IncludesFollowTheArrows) {
  const re2::RE2 include("^\\s*#\\s*include\\s+\"([a-z]+)/");
  std::size_t seen = 0;
  for (const Source& source : sources(kRooms)) {
    for (std::size_t i = 0; i < source.lines.size(); ++i) {
      std::string room;
      if (!re2::RE2::PartialMatch(source.lines[i], include, &room)) continue;
      ++seen;
      EXPECT_TRUE(kMayInclude.at(source.room).contains(room))
          << place(source, i) << ": " << source.room << " must not include " << room;
    }
  }
  EXPECT_GT(seen, 100U);
}

TEST(House, EveryRoomHasAReadme) {
  for (const std::string& room : kRooms) {
    EXPECT_TRUE(fs::exists(kRoot / room / "README.md")) << room;
  }
}

TEST(House, EveryImplementationIsBuilt) {
  for (const Source& source : sources(kRooms)) {
    if (source.path.extension() != ".cc") continue;
    std::stringstream build;
    build << std::ifstream(source.path.parent_path() / "CMakeLists.txt").rdbuf();
    EXPECT_NE(build.str().find(source.path.filename().string()), std::string::npos)
        << source.path << " is not in its CMakeLists.txt";
  }
}

TEST(House, HeadersGuardThemselves) {
  for (const Source& source : sources(kRooms)) {
    if (source.path.extension() != ".h") continue;
    EXPECT_EQ(source.lines.front(), "#pragma once") << source.path;
  }
}

TEST(House, NothingIsLeftToDo) {
  const re2::RE2 left("\\b(TO" "DO|FIX" "ME|XX" "X)\\b");
  auto folders = kRooms;
  folders.push_back("tests");
  for (const Source& source : sources(folders)) {
    for (std::size_t i = 0; i < source.lines.size(); ++i) {
      EXPECT_FALSE(re2::RE2::PartialMatch(source.lines[i], left)) << place(source, i);
    }
  }
}

TEST(House, DiskTimeAndChanceComeThroughTheirDoors) {
  const re2::RE2 banned(
      "(\\b(fsync|fdatasync|rand|srand|sleep_for|sleep_until)\\s*\\()|(::(rename|unlink)\\s*\\()|"
      "(std::random_device)|(std::filesystem::rename)");
  for (const Source& source : sources({"parser", "wal", "segments", "executor", "server"})) {
    for (std::size_t i = 0; i < source.lines.size(); ++i) {
      const std::string code = source.lines[i].substr(0, source.lines[i].find("//"));
      EXPECT_FALSE(re2::RE2::PartialMatch(code, banned)) << place(source, i);
    }
  }
}

TEST(House, TryStandsAlone) {
  const re2::RE2 inside("\\w\\{[^}]*TRY\\(");
  for (const Source& source : sources(kRooms)) {
    for (std::size_t i = 0; i < source.lines.size(); ++i) {
      const std::string code = source.lines[i].substr(0, source.lines[i].find("//"));
      if (code.find("#define") != std::string::npos) continue;
      EXPECT_FALSE(re2::RE2::PartialMatch(code, inside))
          << place(source, i) << ": TRY inside an initialiser";
    }
  }
}

TEST(House, LinksOfDocumentsLead) {
  const re2::RE2 link("\\]\\(([^)#:]+)(?:#[^)]*)?\\)");
  std::size_t seen = 0;
  for (const auto& entry : fs::recursive_directory_iterator(kRoot)) {
    const std::string path = fs::relative(entry.path(), kRoot).string();
    if (path.starts_with("build") || path.starts_with(".git/") || entry.path().extension() != ".md") {
      continue;
    }
    for (const std::string& line : lines_of(entry.path())) {
      std::string target;
      for (re2::StringPiece rest(line); re2::RE2::FindAndConsume(&rest, link, &target);) {
        ++seen;
        EXPECT_TRUE(fs::exists(entry.path().parent_path() / target)) << path << " links to " << target;
      }
    }
  }
  EXPECT_GT(seen, 5U);
}

}  // namespace
