#include "executor/next_numbers.h"

namespace alcove::executor {

std::shared_ptr<const NextNumbers::Promise> NextNumbers::promise(IndexNumber of_index,
                                                                 std::string_view name) {
  std::lock_guard lock(mutex_);
  // Promises are few: one for each name that is being loaded into for the first time.
  std::erase_if(promised_, [](const auto& each) { return each.second.expired(); });
  std::weak_ptr<Promise>& place = promised_[{of_index, std::string(name)}];
  std::shared_ptr<Promise> promise = place.lock();
  if (promise == nullptr) {
    promise = std::make_shared<Promise>();
    promise->number = name_space.fetch_add(1);
    place = promise;
  }
  return promise;
}

NamespaceNumber NextNumbers::take_namespace(IndexNumber of_index, std::string_view name) {
  std::lock_guard lock(mutex_);
  if (const auto place = promised_.find({of_index, std::string(name)}); place != promised_.end()) {
    const std::shared_ptr<Promise> promise = place->second.lock();
    promised_.erase(place);
    if (promise != nullptr) {
      promise->taken = true;
      return promise->number;
    }
  }
  return name_space.fetch_add(1);
}

}  // namespace alcove::executor
