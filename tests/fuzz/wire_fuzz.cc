// Any bytes as what a client sends once its session is open: the conversation answers or ends, and
// the next one finds the database as sound as before. Of one database there are so many conversations
// as find each other's traces, and no more than memory holds.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/check.h"
#include "base/clock.h"
#include "base/random.h"
#include "base/simulated_file_system.h"
#include "executor/database.h"
#include "server/conversation.h"
#include "server/frontend_message.h"

namespace {

using namespace alcove;
using server::Conversation;
using server::FrontendFrame;

constexpr std::uint64_t kMessageBytesMax = 1 << 16;
constexpr int kStepsMax = 200;  // some statements never end
constexpr int kConversationsMax = 256;

struct World {
  SimulatedFileSystem disk;
  SystemClock clock;
  SystemRandom random;
  std::unique_ptr<executor::Database> database;
  server::ServerOptions options;

  World() {
    auto opened = executor::Database::open(
        {disk, clock, random},
        {.directory = "data", .background_threads = false, .on_panic = {}});
    CHECK(opened, "a database opens in an empty directory");
    database = *std::move(opened);
    options.statement_bytes_max = kMessageBytesMax;
  }
};

void converse(World& world, std::string_view stream) {
  executor::Session session(*world.database, {"fuzz", "fuzz", 1, true});
  std::string out;
  const std::function<void(const Error&)> on_panic = [](const Error&) {
    CHECK(false, "a sound disk makes nobody panic");
  };
  Conversation conversation(session, out, world.options, on_panic);
  int steps = 0;
  while (true) {
    const FrontendFrame frame = server::frame_message(stream, kMessageBytesMax);
    if (frame.kind != FrontendFrame::Kind::kMessage) return;
    const std::string_view rest = stream.substr(frame.bytes);
    auto next = conversation.receive(
        {.type = frame.type,
         .body = stream.substr(server::kMessageHeaderBytes,
                               frame.bytes - server::kMessageHeaderBytes),
         .sync_follows = rest.starts_with('S')});
    while (next == Conversation::Next::kStep || next == Conversation::Next::kWait) {
      if (++steps > kStepsMax) return;
      if (next == Conversation::Next::kWait) (void)world.database->run_background();
      next = conversation.step();
      out.clear();
    }
    if (next == Conversation::Next::kClose) return;
    out.clear();
    stream = rest;
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static std::unique_ptr<World> world;
  static int conversations = 0;
  if (conversations++ % kConversationsMax == 0) world = std::make_unique<World>();
  converse(*world, std::string_view(reinterpret_cast<const char*>(data), size));
  return 0;
}
