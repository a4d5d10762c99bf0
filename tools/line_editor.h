#pragma once

#include <histedit.h>

#include <memory>
#include <optional>
#include <string>

#include "tools/line_source.h"

namespace alcove::tools {

// Lines typed at a terminal, edited by libedit with the user's ~/.editrc, with a history that
// outlives the program and the language's keywords completed by Tab. One at a time.
class LineEditor final : public LineSource {
 public:
  // `history_path` empty: the history is not kept. A history that cannot be read or written is no
  // error.
  explicit LineEditor(std::string history_path);
  ~LineEditor() override;  // writes the history, readable by its owner only
  LineEditor(const LineEditor&) = delete;
  LineEditor& operator=(const LineEditor&) = delete;

  std::optional<std::string> next(const std::string& prompt) override;

 private:
  struct EditorCloser {
    void operator()(EditLine* editor) const { ::el_end(editor); }
  };
  struct HistoryCloser {
    void operator()(History* history) const { ::history_end(history); }
  };
  static const char* show_prompt(EditLine* editor);
  static unsigned char complete(EditLine* editor, int key);

  std::string history_path_;
  std::string prompt_;
  std::unique_ptr<History, HistoryCloser> history_;
  std::unique_ptr<EditLine, EditorCloser> editor_;
};

}  // namespace alcove::tools
