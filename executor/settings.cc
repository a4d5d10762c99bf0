#include "executor/settings.h"

#include <algorithm>

#include "base/check.h"
#include "executor/setting_value.h"

namespace alcove::executor {
namespace {

// By their lower-case forms, without making them.
int compare_names(std::string_view name, std::string_view lower_name) {
  const std::size_t shared = std::min(name.size(), lower_name.size());
  for (std::size_t at = 0; at < shared; ++at) {
    if (lower(name[at]) != lower_name[at]) return lower(name[at]) < lower_name[at] ? -1 : 1;
  }
  if (name.size() == lower_name.size()) return 0;
  return name.size() < lower_name.size() ? -1 : 1;
}

const SettingDefinition* find_definition(std::string_view lower_name) {
  const std::span<const SettingDefinition> all = Settings::definitions();
  const auto found = std::lower_bound(
      all.begin(), all.end(), lower_name,
      [](const SettingDefinition& definition, std::string_view name) {
        return compare_names(definition.name, name) < 0;
      });
  if (found == all.end() || compare_names(found->name, lower_name) != 0) return nullptr;
  return &*found;
}

const SettingDefinition& definition_of(std::string_view lower_name) {
  const SettingDefinition* definition = find_definition(lower_name);
  CHECK(definition != nullptr, "a setting that the engine asks for has a definition");
  return *definition;
}

// Whether `name` is meant as somebody's own.
bool is_custom(std::string_view name) { return name.find('.') != std::string_view::npos; }

// Whether it is, and is two or more simple identifiers with dots between them.
bool is_custom_name(std::string_view name) {
  if (!is_custom(name)) return false;
  bool at_start = true;
  for (const char c : name) {
    const bool letter = (lower(c) >= 'a' && lower(c) <= 'z') || c == '_' || (c & 0x80) != 0;
    const bool other = (c >= '0' && c <= '9') || c == '$';
    if (c == '.' ? at_start : !(letter || (other && !at_start))) return false;
    at_start = c == '.';
  }
  return !at_start;
}

// These follow the transaction: SET changes the current one only, and RESET ALL leaves them alone.
bool is_of_transaction(std::string_view name) { return name.starts_with("transaction_"); }

// What SET of a name with a dot is read by.
SettingDefinition custom_definition(const std::string& name) {
  return {.name = name.c_str(), .kind = SettingDefinition::Kind::kText, .initial = "",
          .maximum = Settings::kValueBytesMax};
}

Error undefined(const std::string& name) {
  return fail(ErrorCode::kUndefinedObject, "unrecognized configuration parameter \"{}\"",
              name.substr(0, 128));
}

Status check_known(const std::string& lower_name) {
  if (find_definition(lower_name) != nullptr || is_custom_name(lower_name)) return {};
  if (!is_custom(lower_name)) return undefined(lower_name);
  return fail(ErrorCode::kInvalidValue, "invalid configuration parameter name \"{}\"",
              lower_name.substr(0, 128))
      .with_detail("It must be two or more simple identifiers separated by dots.");
}

// Whether a client may set `lower_name`.
Status check_settable(const std::string& lower_name) {
  TRY(check_known(lower_name));
  const SettingDefinition* definition = find_definition(lower_name);
  if (definition == nullptr || !definition->read_only) return {};
  return fail(ErrorCode::kInvalidValue, "parameter \"{}\" cannot be changed", definition->name);
}

// A session stays the role that it logged in as.
Status check_no_other_role(const std::string& lower_name, const std::optional<std::string>& text) {
  if (lower_name == "session_authorization" && text) {
    return Error(ErrorCode::kNotSupported, "SET SESSION AUTHORIZATION is not supported");
  }
  if (lower_name == "role" && text && lower(*text) != "none") {
    return Error(ErrorCode::kNotSupported, "SET ROLE is not supported");
  }
  return {};
}

}  // namespace

// ---- Looking ------------------------------------------------------------------------------------

std::optional<std::string> Settings::base_value(std::string_view lower_name) const {
  if (const auto found = startup_.find(lower_name); found != startup_.end()) return found->second;
  if (is_of_transaction(lower_name)) {
    return current("default_" + std::string(lower_name));
  }
  if (const SettingDefinition* definition = find_definition(lower_name)) return definition->initial;
  return std::nullopt;
}

std::optional<std::string> Settings::current(std::string_view lower_name) const {
  for (const Values* level : {&local_, &session_}) {
    if (const auto found = level->find(lower_name); found != level->end()) return found->second;
  }
  return base_value(lower_name);
}

std::string Settings::known(std::string_view lower_name) const {
  std::optional<std::string> value = current(lower_name);
  CHECK(value, "a setting that the engine asks for has a definition");
  return *std::move(value);
}

double Settings::number(std::string_view lower_name) const {
  return setting_number(definition_of(lower_name), known(lower_name));
}

Result<std::string> Settings::show(const std::string& name) const {
  std::optional<std::string> value = current(lower(name));
  if (!value) return undefined(name);
  return *std::move(value);
}

Result<std::string> Settings::canonical_name(const std::string& name) const {
  const std::string lowered = lower(name);
  if (const SettingDefinition* definition = find_definition(lowered)) {
    return std::string(definition->name);
  }
  if (!current(lowered)) return undefined(name);
  return lowered;
}

std::vector<std::array<std::string, 3>> Settings::show_all() const {
  std::vector<std::array<std::string, 3>> all;
  for (const SettingDefinition& definition : definitions()) {
    const std::string_view description = definition.description;
    all.push_back({definition.name, known(lower(definition.name)),
                   description.empty() ? "Accepted for PostgreSQL's clients, without effect."
                                       : std::string(description)});
  }
  return all;
}

// ---- Setting ------------------------------------------------------------------------------------

Status Settings::check_custom_bytes(const std::string& lower_name, const std::string& value) const {
  std::size_t bytes = lower_name.size() + value.size();
  for (const Values* level : {&startup_, &session_, &local_}) {
    for (const auto& [name, text] : *level) {
      if (is_custom(name) && name != lower_name) bytes += name.size() + text.size();
    }
  }
  if (bytes <= kCustomBytesMax) return {};
  return fail(ErrorCode::kLimitExceeded,
              "the custom parameters of a session may take {} bytes, \"{}\" would exceed that",
              kCustomBytesMax, lower_name.substr(0, 128));
}

Result<std::string> Settings::canonical(const std::string& lower_name,
                                        const std::string& text) const {
  if (const SettingDefinition* definition = find_definition(lower_name)) {
    return canonical_setting(*definition, text, known(lower_name));
  }
  std::string value = TRY(canonical_setting(custom_definition(lower_name), text, {}));
  TRY(check_custom_bytes(lower_name, value));
  return value;
}

Status Settings::assign(const std::string& lower_name, const std::optional<std::string>& text,
                        bool local) {
  std::optional<std::string> value;
  if (text) {
    std::string read = TRY(canonical(lower_name, *text));
    value = std::move(read);
  }
  const std::optional<std::string> base = base_value(lower_name);
  if (local || is_of_transaction(lower_name)) {
    if (!saved_session_) return {};
    if (!value) value = base;
    // A name with a dot that was never set has no default to fall back to.
    if (value) local_[lower_name] = *std::move(value);
  } else {
    local_.erase(lower_name);
    if (value && value != base) {
      session_[lower_name] = *std::move(value);
    } else {
      session_.erase(lower_name);
    }
  }
  changed();
  return {};
}

Status Settings::set(const std::string& name, const std::optional<std::vector<std::string>>& values,
                     bool local) {
  if (!values) return set_text(name, std::nullopt, local);
  const std::string lowered = lower(name);
  TRY(check_known(lowered));
  const SettingDefinition* definition = find_definition(lowered);
  const std::string text =
      TRY(join_setting(definition != nullptr ? *definition : custom_definition(lowered), *values));
  return set_text(lowered, text, local);
}

Status Settings::set_text(const std::string& name, const std::optional<std::string>& text,
                          bool local) {
  const std::string lowered = lower(name);
  // Pools give a session back the role that it came with.
  const bool own_role =
      lowered == "session_authorization" && (!text || *text == known(lowered));
  if (own_role) return {};
  TRY(check_no_other_role(lowered, text));
  if (text) TRY(check_pinned(lowered, *text));
  TRY(check_settable(lowered));
  return assign(lowered, text, local);
}

Status Settings::set_startup(const std::string& name, const std::string& value) {
  const std::string lowered = lower(name);
  TRY(check_settable(lowered));
  TRY(check_pinned(lowered, value));
  const std::string text = TRY(canonical(lowered, value));
  startup_[lowered] = text;
  in_force_.reset();
  const SettingDefinition* definition = find_definition(lowered);
  if (definition != nullptr && definition->reported) told_[lowered] = text;
  return {};
}

void Settings::fix(const std::string& name, const std::string& value) {
  const SettingDefinition& definition = definition_of(lower(name));
  startup_[lower(name)] = value;
  in_force_.reset();
  if (definition.reported) told_[lower(name)] = value;
}

void Settings::pin(const std::string& name, const std::string& value) {
  fix(name, value);
  pinned_[lower(name)] = value;
}

Status Settings::check_pinned(const std::string& lower_name, const std::string& text) const {
  const auto pinned = pinned_.find(lower_name);
  if (pinned == pinned_.end() || pinned->second == text) return {};
  return fail(ErrorCode::kNotGranted,
              "permission denied: parameter \"{}\" is fixed by the role of the session", lower_name);
}

Status Settings::reset(const std::string& name) { return set(name, std::nullopt, false); }

void Settings::reset_all() {
  session_.clear();
  std::erase_if(local_, [](const auto& entry) { return !is_of_transaction(entry.first); });
  changed();
}

// ---- Transactions -------------------------------------------------------------------------------

void Settings::begin_transaction() {
  if (!saved_session_) saved_session_ = session_;
}

void Settings::commit_transaction() {
  if (!saved_session_) return;
  if (!local_.empty()) changed();
  local_.clear();
  saved_session_.reset();
}

void Settings::rollback_transaction() {
  if (!saved_session_) return;
  changed();
  local_.clear();
  session_ = *std::move(saved_session_);
  saved_session_.reset();
}

Settings::Mark Settings::mark() const {
  Mark mark;
  mark.session_ = session_;
  mark.local_ = local_;
  return mark;
}

void Settings::return_to(const Mark& mark) {
  changed();
  session_ = mark.session_;
  local_ = mark.local_;
}

// ---- What clients are told ----------------------------------------------------------------------

std::vector<std::pair<std::string, std::string>> Settings::reported() const {
  std::vector<std::pair<std::string, std::string>> all;
  for (const SettingDefinition& definition : definitions()) {
    if (definition.reported) all.emplace_back(definition.name, known(lower(definition.name)));
  }
  return all;
}

std::vector<std::pair<std::string, std::string>> Settings::take_changed() {
  std::vector<std::pair<std::string, std::string>> changed;
  if (!touched_) return changed;
  touched_ = false;
  for (auto& [name, value] : reported()) {
    const std::string lowered = lower(name);
    const auto told = told_.find(lowered);
    const std::string_view initial = definition_of(lowered).initial;
    if (value == (told == told_.end() ? initial : std::string_view(told->second))) continue;
    if (value == initial) {
      told_.erase(lowered);
    } else {
      told_[lowered] = value;
    }
    changed.emplace_back(std::move(name), std::move(value));
  }
  return changed;
}

// ---- What the engine asks -----------------------------------------------------------------------

std::uint64_t Settings::milliseconds(std::string_view lower_name) const {
  return static_cast<std::uint64_t>(number(lower_name));
}

const Settings::InForce& Settings::in_force() const {
  if (!in_force_) {
    const std::string output = known("vector_output");
    in_force_ = {.statement_timeout_ms = milliseconds("statement_timeout"),
                 .idle_session_timeout_ms = milliseconds("idle_session_timeout"),
                 .idle_in_transaction_timeout_ms = milliseconds("idle_in_transaction_session_timeout"),
                 .recall_target = number("recall_target"),
                 .vector_type = output == "vector" ? Type::kVector
                                : output == "text" ? Type::kVectorText
                                                   : Type::kFloat4Array,
                 .read_only = known("transaction_read_only") == "on"};
  }
  return *in_force_;
}

void Settings::changed() {
  touched_ = true;
  in_force_.reset();
}

std::uint64_t Settings::statement_timeout_ms() const { return in_force().statement_timeout_ms; }
std::uint64_t Settings::idle_session_timeout_ms() const { return in_force().idle_session_timeout_ms; }
std::uint64_t Settings::idle_in_transaction_timeout_ms() const {
  return in_force().idle_in_transaction_timeout_ms;
}
double Settings::recall_target() const { return in_force().recall_target; }
bool Settings::synchronous_commit() const { return known("synchronous_commit") != "off"; }
bool Settings::require_namespace() const { return known("require_namespace") == "on"; }
std::string Settings::default_namespace() const { return known("namespace"); }
std::string Settings::default_index() const { return known("index"); }
bool Settings::repeatable_read_by_default() const {
  return known("default_transaction_isolation") == "repeatable read";
}
bool Settings::read_only() const { return in_force().read_only; }
Type Settings::vector_type() const { return in_force().vector_type; }
std::string Settings::client_min_messages() const { return known("client_min_messages"); }

}  // namespace alcove::executor
