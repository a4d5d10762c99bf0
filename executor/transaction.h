#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/ids.h"
#include "base/result.h"
#include "executor/catalogue.h"
#include "executor/role_request.h"
#include "executor/role_table.h"
#include "executor/snapshot.h"
#include "executor/staged_segment.h"
#include "executor/stager.h"
#include "segments/memtable.h"

namespace alcove::executor {

// An index as a transaction names it: one that exists (number), or one that the transaction itself
// has created (number 0; then the definition is the transaction's).
struct IndexHandle {
  std::shared_ptr<const IndexDefinition> definition;
  bool created_here() const { return definition->number == 0; }
};

// What a transaction asks of the commit, in the order in which it was asked.
struct CreateIndexRequest {
  std::shared_ptr<const IndexDefinition> definition;  // number 0
  bool if_not_exists = false;
};
struct DropIndexRequest {
  std::string index;
  bool if_exists = false;
};
struct CreateNamespaceRequest {
  IndexHandle index;
  std::string name;
  bool if_not_exists = false;
};
struct DropNamespaceRequest {
  IndexHandle index;
  std::string name;
  bool if_exists = false;
};
struct WriteRequest {
  IndexHandle index;
  std::string name;
  // Either rows (encode_row / encode_tombstone, in order) or the segment that they were staged to.
  std::string rows;
  std::uint64_t row_count = 0;
  std::shared_ptr<StagedSegment> staged;
  std::uint64_t replaced = 0;  // by the segment, of rows that are live before the commit
  // The incarnation that UPDATE and DELETE looked at, and the records they matched in it: if one of
  // these was written since its snapshot, that is a conflict.
  NamespaceNumber seen = 0;
  struct Match {
    std::string id;
    Lsn snapshot_lsn;
  };
  std::vector<Match> matches;
};
using CommitRequest = std::variant<CreateIndexRequest, DropIndexRequest, CreateNamespaceRequest,
                                   DropNamespaceRequest, WriteRequest, RoleRequest>;

// What BEGIN … COMMIT gathers: the requests for the commit, and how its own statements see the
// database meanwhile. A single statement outside BEGIN is a transaction too, with nothing to see.
// Externally synchronised.
class Transaction {
 public:
  // How a name looks from inside.
  struct NamespaceSight {
    bool exists = false;
    std::shared_ptr<const Version> base;                 // committed state, null if none or hidden
    std::vector<OpenSegment> staged;                     // own writes, over it, oldest first
    std::shared_ptr<const segments::Memtable> overlay;   // later own writes, null if none
    Lsn overlay_lsn = 0;                                 // at which to look into it: until now
  };

  // `keeps_overlay`: later statements will look at what earlier ones wrote.
  explicit Transaction(bool keeps_overlay) : keeps_overlay_(keeps_overlay) {}

  // ---- looking, through `snapshot` ----
  std::optional<IndexHandle> find_index(Catalogue& catalogue, std::string_view name,
                                        const Snapshot& snapshot) const;
  NamespaceSight find_namespace(Catalogue& catalogue, const IndexHandle& index,
                                std::string_view name, const Snapshot& snapshot) const;
  // The same, if this transaction has changed it so far; else what find_committed() says, also later.
  std::optional<NamespaceSight> find_changed(Catalogue& catalogue, const IndexHandle& index,
                                             std::string_view name,
                                             const Snapshot& snapshot) const;
  static NamespaceSight find_committed(Catalogue& catalogue, const IndexHandle& index,
                                       std::string_view name, const Snapshot& snapshot);
  // Names of the namespaces of an index, in order, with own creations and drops.
  std::vector<std::string> namespace_names(Catalogue& catalogue, const IndexHandle& index,
                                           const Snapshot& snapshot,
                                           const std::optional<std::string>& after,
                                           std::size_t limit) const;
  // Definitions of all indexes, by name.
  std::vector<std::shared_ptr<const IndexDefinition>> index_definitions(
      Catalogue& catalogue, const Snapshot& snapshot) const;

  std::optional<Role> find_role(const RoleTable& roles, const std::string& name) const;
  // Roles that this transaction changes: as they are then, none for one that is dropped.
  const std::map<std::string, std::optional<Role>>& role_changes() const { return role_changes_; }

  // ---- asking ----
  void create_index(CreateIndexRequest request);
  void drop_index(DropIndexRequest request);
  void create_namespace(CreateNamespaceRequest request);
  void drop_namespace(DropNamespaceRequest request);
  void write(WriteRequest request);
  // A write whose rows are staged already. Requires: takes_staged() since the last of the namespace's
  // other writes. Errors: those of reading the segment.
  Status write_staged(WriteRequest request);
  // Whether rows of the namespace may be staged ahead of a write: as stage() may, and no earlier ones
  // wait to be.
  bool takes_staged(const IndexHandle& index, const std::string& name) const;
  // Errors: those of executor::change_role() for the role as find_role() finds it.
  Status change_role(const RoleTable& roles, RoleRequest request);

  // Moves the rows of namespaces that have more than `rows_bytes_max` of them to staged segments; of
  // namespaces that have some already, all. Not those of a namespace or index that the transaction
  // itself made anew: their numbers are not known. Blocks when there is something to move; after an
  // error the rest is as before. Errors: as Stager.
  enum class Rest : unsigned char { kStays, kFollows };  // of namespaces with staged segments
  Status stage(Stager& stager, std::uint64_t rows_bytes_max, Rest rest);
  // The requests that hold a staged segment.
  std::vector<WriteRequest*> staged();
  bool has_staged() const;

  // A point to come back to: the number of requests made until then, which no later one joins.
  std::size_t mark();
  // Forgets all that was asked since `mark`. Takes as long as making what is left anew.
  // Errors: those of reading its own staged segments.
  Status return_to(std::size_t mark, const RoleTable& roles);

  bool empty() const { return requests_.empty(); }
  std::uint64_t bytes() const { return bytes_; }
  const std::vector<CommitRequest>& requests() const { return requests_; }

 private:
  // By index name: the definition created here, or null for one that was dropped.
  using IndexChanges = std::map<std::string, std::shared_ptr<const IndexDefinition>, std::less<>>;
  struct NamespaceChange {
    bool base_hidden = false;  // dropped, or made again, here
    bool exists = false;
    std::vector<OpenSegment> staged;
    std::shared_ptr<segments::Memtable> overlay;  // of rows that are not staged
    std::uint64_t rows_bytes = 0;                 // likewise
    std::size_t write_request = 0;  // 1 + place in requests_ of the write to add to; 0: none
  };
  using NamespaceKey = std::pair<const IndexDefinition*, std::string>;

  NamespaceChange& change(const IndexHandle& index, const std::string& name, bool exists);
  void apply(WriteRequest request, bool joins_earlier);
  // The writes with rows to the namespace as it is now, in order.
  std::vector<WriteRequest*> unstaged(const NamespaceKey& key);
  Status stage(Stager& stager, const NamespaceKey& key, NamespaceChange& change);
  Status note_staged(const WriteRequest& request, NamespaceChange& change);

  bool keeps_overlay_;
  std::vector<CommitRequest> requests_;
  IndexChanges index_changes_;
  std::map<NamespaceKey, NamespaceChange> namespace_changes_;
  std::map<std::string, std::optional<Role>> role_changes_;
  std::vector<std::shared_ptr<const IndexDefinition>> held_;  // keeps the keys' pointers alive
  std::uint64_t bytes_ = 0;
  Lsn sequence_ = 0;
};

}  // namespace alcove::executor
