#pragma once

#include "base/error.h"

namespace alcove::server {

// The SQLSTATE that stands for an error on the wire: five characters, for ever in static memory.
// The one place where codes of ours meet PostgreSQL's.
const char* sqlstate(ErrorCode code);

// Whether an error speaks of this server's own state and not of what a client asked: those belong
// into the server's log as well.
bool concerns_operator(ErrorCode code);

}  // namespace alcove::server
