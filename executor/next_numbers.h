#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>

#include "base/ids.h"

namespace alcove::executor {

// Numbers for what is made next; never given twice. Thread-safe.
//
// Rows that are staged for a namespace that does not exist yet need its number before it is made: the
// number is promised to the name, the same for all who ask while one of them holds it. Whoever makes
// the namespace takes the promised number, also if it knows nothing of the promise.
class NextNumbers {
 public:
  struct Promise {
    NamespaceNumber number = 0;
    // A namespace was made with the number, or tried to be: it will not be made with it again.
    std::atomic<bool> taken{false};
  };

  std::shared_ptr<const Promise> promise(IndexNumber of_index, std::string_view name);
  // The number for a namespace that is made now.
  NamespaceNumber take_namespace(IndexNumber of_index, std::string_view name);

  std::atomic<IndexNumber> index{1};
  std::atomic<NamespaceNumber> name_space{1};

 private:
  using Key = std::pair<IndexNumber, std::string>;
  std::mutex mutex_;
  std::map<Key, std::weak_ptr<Promise>> promised_;
};

}  // namespace alcove::executor
