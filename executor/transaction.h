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
#include "executor/catalogue.h"
#include "executor/snapshot.h"
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
  std::string rows;  // encode_row / encode_tombstone, in order
  std::uint64_t row_count = 0;
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
                                   DropNamespaceRequest, WriteRequest>;

// What BEGIN … COMMIT gathers: the requests for the commit, and how its own statements see the
// database meanwhile. A single statement outside BEGIN is a transaction too, with nothing to see.
// Externally synchronised.
class Transaction {
 public:
  // How a name looks from inside.
  struct NamespaceSight {
    bool exists = false;
    std::shared_ptr<const Version> base;                 // committed state, null if none or hidden
    std::shared_ptr<const segments::Memtable> overlay;   // own writes, null if none
  };

  // `keeps_overlay`: later statements will look at what earlier ones wrote.
  explicit Transaction(bool keeps_overlay) : keeps_overlay_(keeps_overlay) {}

  // ---- looking, through `snapshot` ----
  std::optional<IndexHandle> find_index(Catalogue& catalogue, std::string_view name,
                                        const Snapshot& snapshot) const;
  NamespaceSight find_namespace(Catalogue& catalogue, const IndexHandle& index,
                                std::string_view name, const Snapshot& snapshot) const;
  // Names of the namespaces of an index, in order, with own creations and drops.
  std::vector<std::string> namespace_names(Catalogue& catalogue, const IndexHandle& index,
                                           const Snapshot& snapshot,
                                           const std::optional<std::string>& after,
                                           std::size_t limit) const;
  // Definitions of all indexes, by name.
  std::vector<std::shared_ptr<const IndexDefinition>> index_definitions(
      Catalogue& catalogue, const Snapshot& snapshot) const;

  // ---- asking ----
  void create_index(CreateIndexRequest request);
  void drop_index(DropIndexRequest request);
  void create_namespace(CreateNamespaceRequest request);
  void drop_namespace(DropNamespaceRequest request);
  void write(WriteRequest request);

  // A point to come back to: the number of requests made until then, which no later one joins.
  std::size_t mark();
  // Forgets all that was asked since `mark`. Takes as long as making what is left anew.
  void return_to(std::size_t mark);

  bool empty() const { return requests_.empty(); }
  std::uint64_t bytes() const { return bytes_; }
  const std::vector<CommitRequest>& requests() const { return requests_; }

 private:
  // By index name: the definition created here, or null for one that was dropped.
  using IndexChanges = std::map<std::string, std::shared_ptr<const IndexDefinition>, std::less<>>;
  struct NamespaceChange {
    bool base_hidden = false;  // dropped, or made again, here
    bool exists = false;
    std::shared_ptr<segments::Memtable> overlay;
    std::size_t write_request = 0;  // 1 + place in requests_ of the write to add to; 0: none
  };
  using NamespaceKey = std::pair<const IndexDefinition*, std::string>;

  NamespaceChange& change(const IndexHandle& index, const std::string& name, bool exists);
  void apply(WriteRequest request, bool joins_earlier);

  bool keeps_overlay_;
  std::vector<CommitRequest> requests_;
  IndexChanges index_changes_;
  std::map<NamespaceKey, NamespaceChange> namespace_changes_;
  std::vector<std::shared_ptr<const IndexDefinition>> held_;  // keeps the keys' pointers alive
  std::uint64_t bytes_ = 0;
  Lsn sequence_ = 0;
};

}  // namespace alcove::executor
