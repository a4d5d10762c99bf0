#include "base/waiting.h"

namespace alcove {
namespace {

thread_local void (*listener_of_thread)(WaitLength) = nullptr;

}  // namespace

void about_to_wait(WaitLength length) {
  if (listener_of_thread != nullptr) listener_of_thread(length);
}

void tell_before_waiting(void (*listener)(WaitLength)) { listener_of_thread = listener; }

}  // namespace alcove
