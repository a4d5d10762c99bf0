#include "executor/committer.h"

#include <map>
#include <set>
#include <shared_mutex>
#include <string>
#include <vector>

#include "base/waiting.h"
#include "executor/engine.h"

namespace alcove::executor {
namespace {

// An upsert that meets a dropped namespace makes the next: so often is it tried where somebody drops
// it again and again.
constexpr int kAttemptsMax = 3;

std::vector<NamespaceNumber> staged_namespaces(Transaction& transaction) {
  std::set<NamespaceNumber> numbers;
  for (const WriteRequest* write : transaction.staged()) {
    numbers.insert(write->staged->name_space());
  }
  return {numbers.begin(), numbers.end()};
}

void keep_files(Transaction& transaction, bool keep) {
  for (WriteRequest* write : transaction.staged()) write->staged->keep(keep);
}

}  // namespace

bool Committer::is_large(const Transaction& transaction) const {
  return transaction.has_staged() || transaction.bytes() > engine_.options.large_commit_bytes;
}

Status Committer::commit(Transaction& transaction, Durability durability) {
  if (is_large(transaction)) {
    TRY(transaction.stage(engine_.stager, engine_.options.large_commit_bytes,
                          Transaction::Rest::kFollows));
  }
  if (!transaction.has_staged()) return engine_.pipeline.commit(transaction, durability);
  return commit_staged(transaction, durability);
}

Status Committer::commit_staged(Transaction& transaction, Durability durability) {
  about_to_wait();
  for (int attempt = 1;; ++attempt) {
    TRY(stage_again(transaction));
    Status committed = try_commit(transaction, durability);
    const bool dropped = !committed && committed.error().code() == ErrorCode::kConflict &&
                         !is_current(transaction);
    if (!dropped || attempt == kAttemptsMax) return committed;
  }
}

bool Committer::is_current(Transaction& transaction) const {
  for (const WriteRequest* write : transaction.staged()) {
    if (!engine_.stager.is_current(*write->staged, write->index.definition->number, write->name)) {
      return false;
    }
  }
  return true;
}

Status Committer::stage_again(Transaction& transaction) {
  for (WriteRequest* write : transaction.staged()) {
    const IndexDefinition& index = *write->index.definition;
    if (engine_.stager.is_current(*write->staged, index.number, write->name)) continue;
    write->staged =
        TRY(engine_.stager.stage_again(index, write->name, *write->staged->segment()));
  }
  return {};
}

Status Committer::try_commit(Transaction& transaction, Durability durability) {
  TRY(sync_directories(transaction));
  const std::vector<NamespaceNumber> namespaces = staged_namespaces(transaction);
  const Status committed = engine_.flusher.flush_before(namespaces, [&]() -> Status {
    TRY(count_replaced(transaction));
    // From here on the log may name the files, whatever becomes of us.
    keep_files(transaction, true);
    const Status done = engine_.pipeline.commit(transaction, durability);
    const bool in_doubt = !done && (done.error().code() == ErrorCode::kPanic ||
                                    done.error().code() == ErrorCode::kIo);
    if (!done && !in_doubt) keep_files(transaction, false);
    return done;
  });
  if (!committed) return committed;
  for (const NamespaceNumber number : namespaces) engine_.compactor.note_changed(number);
  return {};
}

Status Committer::sync_directories(Transaction& transaction) {
  std::set<std::string> directories;
  for (const WriteRequest* write : transaction.staged()) {
    directories.insert(directory_of(write->staged->segment()->path()));
  }
  for (const std::string& directory : directories) {
    TRY(engine_.env.file_system.sync_directory(directory));
  }
  return {};
}

Status Committer::count_replaced(Transaction& transaction) {
  std::map<NamespaceNumber, std::vector<OpenSegment>> older;
  for (WriteRequest* write : transaction.staged()) {
    const segments::Segment& segment = *write->staged->segment();
    const auto [place, is_new] = older.try_emplace(write->staged->name_space());
    if (is_new) {
      std::shared_ptr<const Version> version;
      {
        std::unique_lock lock(engine_.catalogue.mutex());
        Index* index = engine_.catalogue.index_by_number(write->index.definition->number);
        Namespace* name_space =
            index == nullptr ? nullptr : engine_.catalogue.namespace_by_name(*index, write->name);
        if (name_space != nullptr) version = engine_.catalogue.open_version(*index, *name_space);
      }
      // Of another incarnation: then the commit will fail.
      if (version != nullptr && version->name_space == write->staged->name_space()) {
        const auto open = TRY(version->segments->open());
        place->second.assign(open.begin(), open.end());
      }
    }
    auto replaced = kill_rows(place->second, segment);
    if (!replaced) return replaced.error();
    write->replaced = *replaced;
    place->second.push_back({write->staged->segment(), nullptr});
  }
  return {};
}

}  // namespace alcove::executor
