#include "base/waiting.h"

namespace alcove {
namespace {

thread_local void (*listener_of_thread)() = nullptr;

}  // namespace

void about_to_wait() {
  if (listener_of_thread != nullptr) listener_of_thread();
}

void tell_before_waiting(void (*listener)()) { listener_of_thread = listener; }

}  // namespace alcove
