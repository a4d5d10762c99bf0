#pragma once

#include "base/clock.h"
#include "base/file_system.h"
#include "base/random.h"

namespace alcove {

// The doors to the world, handed to whoever needs them. Owns nothing; outlived by what it names.
struct Env {
  FileSystem& file_system;
  Clock& clock;
  Random& random;
};

}  // namespace alcove
