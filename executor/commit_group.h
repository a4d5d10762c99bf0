#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <unordered_set>
#include <utility>
#include <vector>

#include "base/ids.h"
#include "base/result.h"
#include "executor/catalogue.h"
#include "executor/commit_record.h"
#include "executor/next_numbers.h"
#include "executor/role_table.h"
#include "executor/transaction.h"

namespace alcove::executor {

// A group of commits being resolved: names become incarnation numbers, conflicts are found, and the
// records for the log are made, against the applied state and what the group's earlier members do.
// Owned by the pipeline's leader; the transactions outlive it.
class CommitGroup {
 public:
  CommitGroup(Catalogue& catalogue, const RoleTable& roles, NextNumbers& numbers)
      : catalogue_(catalogue), roles_(roles), numbers_(numbers) {}

  struct Member {
    std::vector<Change> changes;  // views into the transaction, and into `made`
    std::deque<std::string> made;  // roles and rows that the transaction does not have so
    bool frees_space = false;     // drops something: may use the log's reserve
  };

  // Takes the transaction in: true. False when it depends on what an earlier member does in a way
  // that only the applied state can tell: it belongs into the next group. An error when it cannot
  // commit: kConflict, kUndefinedIndex, kIndexExists, kUndefinedNamespace, kNamespaceExists,
  // those of change_role(), kLimitExceeded past kRolesMax.
  Result<bool> add(const Transaction& transaction);

  const std::vector<Member>& members() const { return members_; }
  const std::vector<std::string>& records() const { return records_; }
  std::uint64_t bytes() const { return bytes_; }
  bool frees_space() const;

 private:
  using NamespaceKey = std::pair<IndexNumber, std::string_view>;
  // What one transaction's earlier requests do, for its later ones.
  struct Scope {
    std::map<const IndexDefinition*, IndexNumber> indexes;  // created
    std::map<std::string_view, bool> index_names;           // created true, dropped false
    std::map<NamespaceKey, NamespaceNumber> namespaces;     // created; 0: dropped
    std::map<std::string_view, std::optional<Role>> roles;
    std::vector<NamespaceNumber> written;
    Member member;
    bool next_group = false;
  };

  Status resolve(const CreateIndexRequest& request, Scope& scope);
  Status resolve(const DropIndexRequest& request, Scope& scope);
  Status resolve(const CreateNamespaceRequest& request, Scope& scope);
  Status resolve(const DropNamespaceRequest& request, Scope& scope);
  Status resolve(const WriteRequest& request, Scope& scope);
  Status resolve_staged(const WriteRequest& request, NamespaceKey key, NamespaceNumber current,
                        Scope& scope);
  Status resolve(const RoleRequest& request, Scope& scope);
  Status add_roles(Scope& scope);

  Result<IndexNumber> index_number(const IndexHandle& index, const Scope& scope);
  // 0: does not exist.
  NamespaceNumber namespace_number(NamespaceKey key, const Scope& scope);
  NamespaceNumber make_namespace(NamespaceKey key, Scope& scope);
  Status check_matches(const WriteRequest& request, NamespaceKey key, NamespaceNumber current);

  Catalogue& catalogue_;
  const RoleTable& roles_;
  NextNumbers& numbers_;
  std::vector<Member> members_;
  std::vector<std::string> records_;
  std::map<NamespaceKey, NamespaceNumber> created_;
  std::unordered_set<NamespaceNumber> written_;
  std::uint64_t bytes_ = 0;
  bool closed_ = false;
};

}  // namespace alcove::executor
