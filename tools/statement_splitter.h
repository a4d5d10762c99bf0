#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace alcove::tools {

// Cuts text that arrives line by line into statements: each ends at a ';' outside strings, quoted
// names, comments and brackets. Knows the language's quotes ('…', E'…', "…", $tag$…$tag$), its
// comments (-- and nested /* */) and that quotes inside braces are JSON's. It judges nothing: text
// that does not parse is still cut where it would be. Externally synchronised.
class StatementSplitter {
 public:
  // Requires: `lines` is whole lines, each with its line break (the last of all may lack it).
  void feed(std::string_view lines);

  // The next whole statement with its ';', without blanks before it; none when more lines are
  // needed. Statements of nothing but blanks and comments are left out.
  std::optional<std::string> next();

  // At the end of the input: the last statement, which may lack its ';'. None if only blanks and
  // comments are left. The splitter is as new afterwards.
  std::optional<std::string> take_rest();

  // Whether nothing but blanks and comments has been fed since the last whole statement, and no
  // comment is open: a new statement, or a command of the shell, may begin.
  bool at_start() const { return !has_content_ && mode_ == Mode::kPlain; }

  void clear() { *this = StatementSplitter(); }

 private:
  enum class Mode : unsigned char {
    kPlain,
    kString,        // '…'
    kEscapeString,  // E'…'
    kName,          // "…"
    kJsonString,    // "…" inside braces
    kDollarString,  // $tag$…$tag$
    kLineComment,
    kBlockComment,
  };

  // Each looks at position_ and moves it on by at least one.
  void step();
  void step_plain();
  void step_quoted(char quote, bool backslash_escapes);
  void step_block_comment();
  void open_quote(char quote);
  bool open_dollar_string();

  char at(std::size_t position) const {
    return position < text_.size() ? text_[position] : '\0';
  }
  std::string cut(std::size_t end);

  std::string text_;  // from the beginning of the statement under way
  std::size_t position_ = 0;
  Mode mode_ = Mode::kPlain;
  bool has_content_ = false;
  bool statement_ended_ = false;
  std::size_t bracket_depth_ = 0;
  std::size_t brace_depth_ = 0;
  std::size_t comment_depth_ = 0;
  std::string dollar_tag_;  // with both its dollars
};

}  // namespace alcove::tools
