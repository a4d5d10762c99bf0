#include "executor/system_text.h"

#include <memory>
#include <string>

#include <re2/re2.h>

#include "executor/system_expression.h"
#include "executor/system_name.h"
#include "parser/name.h"
#include "segments/like_pattern.h"

namespace alcove::executor {
namespace {

constexpr std::int64_t kRegexBytesMax = 1 << 20;  // of a compiled pattern

// The compiled pattern in the second argument, kept while it is the same constant.
template <bool Fold>
const re2::RE2* compiled(const NativeCall& call) {
  auto* kept = static_cast<re2::RE2*>(sqlite3_get_auxdata(call.sqlite(), 1));
  if (kept != nullptr) return kept;
  re2::RE2::Options options;
  options.set_log_errors(false);
  options.set_max_mem(kRegexBytesMax);
  options.set_case_sensitive(!Fold);
  options.set_dot_nl(true);
  const std::string_view pattern = call.text(1);
  auto made = std::make_unique<re2::RE2>(re2::StringPiece(pattern.data(), pattern.size()), options);
  if (!made->ok()) {
    call.give(fail(ErrorCode::kInvalidValue, "invalid regular expression: {}", made->error()));
    return nullptr;
  }
  sqlite3_set_auxdata(call.sqlite(), 1, made.release(),
                      [](void* expression) { delete static_cast<re2::RE2*>(expression); });
  kept = static_cast<re2::RE2*>(sqlite3_get_auxdata(call.sqlite(), 1));
  if (kept == nullptr) sqlite3_result_error_nomem(call.sqlite());
  return kept;
}

template <bool Fold>
void regex(const NativeCall& call) {
  const re2::RE2* const expression = compiled<Fold>(call);
  if (expression == nullptr) return;
  const std::string_view text = call.text(0);
  call.give(re2::RE2::PartialMatch(re2::StringPiece(text.data(), text.size()), *expression));
}

void regexp_replace(const NativeCall& call) {
  const std::string_view flags = call.count() > 3 ? call.text(3) : std::string_view();
  const re2::RE2* const expression = flags.find('i') != std::string_view::npos
                                         ? compiled<true>(call)
                                         : compiled<false>(call);
  if (expression == nullptr) return;
  std::string text(call.text(0));
  const std::string_view by = call.text(2);
  const re2::StringPiece replacement(by.data(), by.size());
  if (flags.find('g') != std::string_view::npos) {
    re2::RE2::GlobalReplace(&text, *expression, replacement);
  } else {
    re2::RE2::Replace(&text, *expression, replacement);
  }
  call.give(std::string_view(text));
}

void like(const NativeCall& call) {
  call.give(segments::LikePattern(call.text(1)).matches(call.text(0)));
}
void ilike(const NativeCall& call) {
  const segments::LikePattern pattern(parser::lower_case(call.text(1)));
  call.give(pattern.matches(parser::lower_case(call.text(0))));
}

// A pattern in which another character takes the meaning of what follows, as one in which a backslash
// does. None: nothing does.
void like_escape(const NativeCall& call) {
  const std::string_view escape = call.text(1);
  if (escape.size() > 1) {
    return call.give(fail(ErrorCode::kInvalidValue, "invalid escape string: \"{}\"", escape));
  }
  std::string pattern;
  bool escaped = false;
  for (const char c : call.text(0)) {
    if (!escaped && !escape.empty() && c == escape.front()) {
      escaped = true;
      continue;
    }
    if (escaped || c == '\\') pattern += '\\';
    pattern += c;
    escaped = false;
  }
  call.give(std::string_view(pattern));
}

// %s, %I and %L, each the next argument.
void format_text(const NativeCall& call) {
  if (call.is_null(0)) return call.give_null();
  const std::string_view form = call.text(0);
  std::string text;
  std::size_t next = 1;
  for (std::size_t at = 0; at < form.size(); ++at) {
    if (form[at] != '%' || at + 1 == form.size()) {
      text += form[at];
      continue;
    }
    const char what = form[++at];
    if (what == '%') {
      text += '%';
      continue;
    }
    if (next >= call.count()) {
      return call.give(Error(ErrorCode::kInvalidValue, "too few arguments for format()"));
    }
    const std::string_view argument = call.text(next++);
    if (what == 'I') {
      text += quoted_name(argument);
    } else {
      text += what == 'L' ? quoted_sql(argument) : std::string(argument);
    }
  }
  call.give(std::string_view(text));
}

void split_part(const NativeCall& call) {
  std::string_view text = call.text(0);
  const std::string_view separator = call.text(1);
  for (std::int64_t part = call.integer(2); part > 1; --part) {
    const std::size_t end = separator.empty() ? std::string_view::npos : text.find(separator);
    if (end == std::string_view::npos) return call.give(std::string_view());
    text.remove_prefix(end + separator.size());
  }
  call.give(text.substr(0, separator.empty() ? std::string_view::npos : text.find(separator)));
}

void concat(const NativeCall& call) {
  std::string joined;
  for (std::size_t at = 0; at < call.count(); ++at) {
    if (!call.is_null(at)) joined += call.text(at);
  }
  call.give(std::string_view(joined));
}

constexpr Native kTextNatives[] = {
    {"pg_regex", guarded<strict<regex<false>>>},
    {"pg_iregex", guarded<strict<regex<true>>>},
    {"pg_regexp_replace", guarded<strict<regexp_replace>>},
    {"pg_like", guarded<strict<like>>},
    {"pg_ilike", guarded<strict<ilike>>},
    {"pg_like_escape", guarded<strict<like_escape>>},
    {"pg_format", guarded<format_text>},
    {"pg_split_part", guarded<strict<split_part>>},
    {"pg_concat", guarded<concat>},
};

}  // namespace

std::span<const Native> text_natives() { return kTextNatives; }

}  // namespace alcove::executor
