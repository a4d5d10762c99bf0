#pragma once

namespace alcove {

// Threads that serve many clients want to know before they are held up, so that another can take
// over what they would leave undone meanwhile.

enum class WaitLength : unsigned char {
  kBrief,  // as a rule for not much longer than it takes to wake another thread: one small sync
  kLong,   // or not known
};

// Tells whoever runs the calling thread that it is about to wait, for the disk or for another thread,
// or to compute for long. Does nothing where nobody asked to be told, and costs nothing when said
// twice.
void about_to_wait(WaitLength length = WaitLength::kLong);

// Who is told on the calling thread from now on; null: nobody.
void tell_before_waiting(void (*listener)(WaitLength));

}  // namespace alcove
