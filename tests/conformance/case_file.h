#pragma once

#include <string>
#include <vector>

namespace alcove::tests {

// One statement text and what must come of it.
struct Case {
  std::string session;    // empty: the first one
  std::string directive;  // such as "restart"; then nothing else is set
  std::string text;
  std::vector<std::string> expected;
  int line = 0;  // of the file, from 1
  std::vector<std::string> source;  // the lines before the expected ones, to write them again
};

// A file of cases. Paragraphs are parted by an empty line; one is
//
//     # any number of comments
//     @name                      (which session; left out: the first. @role:password logs in)
//     the statement's text,
//     on one line or several
//     ----
//     id text | score float4     (columns with types, where there are rows)
//     A | 1                      (a row; NULL is NULL)
//     SELECT 1                   (the tag)
//
// COPY … TO STDOUT: its data, line by line; COPY … FROM STDIN: `(data expected)`, and it gets none.
// `{{x*3}}` stands for xxx. Or a paragraph is a single line `!restart`, `!kill`. An error is
// `ERROR 42601 at 8: message`, a notice `NOTICE 00000: message`; an expected line that begins with
// `~ ` is a regular expression.
std::vector<Case> read_cases(const std::string& path);

// Writes the file again with `came` in place of what was expected.
void write_cases(const std::string& path, const std::vector<Case>& cases,
                 const std::vector<std::vector<std::string>>& came);

// Whether the lines that came are the expected ones.
bool matches(const std::vector<std::string>& expected, const std::vector<std::string>& came);

}  // namespace alcove::tests
