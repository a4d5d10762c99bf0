#include "base/log.h"

#include <memory>
#include <string>

#include <spdlog/logger.h>
#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/stdout_sinks.h>

namespace alcove {
namespace {

spdlog::logger make_logger() {
  spdlog::logger logger("alcove", std::make_shared<spdlog::sinks::stderr_sink_mt>());
  logger.set_pattern("%Y-%m-%dT%H:%M:%S.%eZ %l %v", spdlog::pattern_time_type::utc);
  logger.flush_on(spdlog::level::info);
  return logger;
}

spdlog::level::level_enum spdlog_level(LogLevel level) {
  switch (level) {
    case LogLevel::kInfo: return spdlog::level::info;
    case LogLevel::kWarning: return spdlog::level::warn;
    case LogLevel::kError: return spdlog::level::err;
  }
  return spdlog::level::err;
}

// Names and values of users stand in messages: a line break among them must not look like an
// event, nor an escape sequence reach the operator's terminal.
std::string on_one_line(std::string_view line) {
  std::string out;
  out.reserve(line.size());
  for (const char c : line) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte >= 0x20 && byte != 0x7f) {
      out.push_back(c);
    } else {
      fmt::format_to(std::back_inserter(out), "\\x{:02x}", byte);
    }
  }
  return out;
}

}  // namespace

void write_log(LogLevel level, std::string_view line) {
  static spdlog::logger logger = make_logger();
  logger.log(spdlog_level(level), spdlog::string_view_t(on_one_line(line)));
}

}  // namespace alcove
