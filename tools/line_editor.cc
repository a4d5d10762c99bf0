#include "tools/line_editor.h"

#include <cstdio>
#include <utility>

#include "tools/keyword_completion.h"

namespace alcove::tools {
namespace {

constexpr int kHistoryEntriesMax = 2000;

}  // namespace

LineEditor::LineEditor(std::string history_path)
    : history_path_(std::move(history_path)),
      history_(::history_init()),
      editor_(::el_init("alcove", stdin, stdout, stderr)) {
  HistEvent event;
  ::history(history_.get(), &event, H_SETSIZE, kHistoryEntriesMax);
  ::history(history_.get(), &event, H_SETUNIQUE, 1);
  if (!history_path_.empty()) {
    ::history(history_.get(), &event, H_LOAD, history_path_.c_str());
  }
  EditLine* editor = editor_.get();
  ::el_set(editor, EL_CLIENTDATA, this);
  ::el_set(editor, EL_PROMPT, &LineEditor::show_prompt);
  ::el_set(editor, EL_EDITOR, "emacs");
  ::el_set(editor, EL_HIST, ::history, history_.get());
  ::el_set(editor, EL_ADDFN, "alcove-complete", "Complete a keyword", &LineEditor::complete);
  ::el_set(editor, EL_BIND, "^I", "alcove-complete", nullptr);
  ::el_set(editor, EL_BIND, "^R", "em-inc-search-prev", nullptr);
  ::el_source(editor, nullptr);
}

LineEditor::~LineEditor() {
  HistEvent event;
  if (!history_path_.empty()) {
    ::history(history_.get(), &event, H_SAVE, history_path_.c_str());
  }
}

const char* LineEditor::show_prompt(EditLine* editor) {
  void* self = nullptr;
  ::el_get(editor, EL_CLIENTDATA, &self);
  return static_cast<LineEditor*>(self)->prompt_.c_str();
}

unsigned char LineEditor::complete(EditLine* editor, int) {
  const LineInfo* line = ::el_line(editor);
  const auto size = static_cast<std::size_t>(line->cursor - line->buffer);
  const Completion completion = complete_keyword(std::string_view(line->buffer, size));
  if (!completion.suffix.empty()) {
    return ::el_insertstr(editor, completion.suffix.c_str()) == 0 ? CC_REFRESH : CC_ERROR;
  }
  if (completion.candidates.empty()) return CC_REFRESH_BEEP;
  std::putchar('\n');
  for (const std::string& candidate : completion.candidates) std::printf("%s  ", candidate.c_str());
  std::putchar('\n');
  std::fflush(stdout);
  return CC_REDISPLAY;
}

std::optional<std::string> LineEditor::next(const std::string& prompt) {
  prompt_ = prompt;
  int size = 0;
  const char* line = ::el_gets(editor_.get(), &size);
  if (!line || size <= 0) return std::nullopt;
  std::string text(line, static_cast<std::size_t>(size));
  if (text.find_first_not_of(" \t\n") != std::string::npos) {
    HistEvent event;
    ::history(history_.get(), &event, H_ENTER, text.c_str());
  }
  return text;
}

}  // namespace alcove::tools
