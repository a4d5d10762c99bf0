#include "executor/database.h"

#include <cstdlib>

#include "base/log.h"
#include "executor/background.h"
#include "executor/engine.h"
#include "executor/recovery.h"

namespace alcove::executor {
namespace {

class OpenDatabase final : public Database {
 public:
  OpenDatabase(Env env, DatabaseOptions options)
      : engine_(env, std::move(options)), background_(engine_) {}
  ~OpenDatabase() override { background_.stop(); }

  Status start(const std::function<void(const std::string&, double)>& progress) {
    lock_ = TRY(engine_.env.file_system.lock(engine_.options.directory + "/LOCK"));
    TRY(recover(engine_, progress));
    if (engine_.options.background_threads) background_.start();
    return {};
  }

  Status close() override {
    background_.stop();
    TRY(engine_.checkpoint(Engine::FreshLog::kNo));
    return engine_.watch(
        engine_.pipeline.exclusive([](wal::Log& log) { return log.mark(); }));
  }

  Result<bool> run_background() override {
    auto done = background_.round();
    if (!done) (void)engine_.watch(done.error());
    return done;
  }
  Status checkpoint() override { return engine_.checkpoint(Engine::FreshLog::kNo); }
  Engine& engine() override { return engine_; }

 private:
  std::unique_ptr<FileLock> lock_;
  Engine engine_;
  Background background_;
};

}  // namespace

Result<std::unique_ptr<Database>> Database::open(
    Env env, DatabaseOptions options,
    const std::function<void(const std::string&, double)>& progress) {
  if (!options.on_panic) {
    options.on_panic = [](const Error& error) {
      log_error("durability is in doubt, stopping: {}", error.message());
      std::abort();
    };
  }
  if (!TRY(env.file_system.exists(options.directory))) {
    TRY(env.file_system.create_directory(options.directory));
    // Else a power cut could take the whole database, with all that was acknowledged.
    TRY(env.file_system.sync_directory(directory_of(options.directory)));
  }
  auto database = std::make_unique<OpenDatabase>(env, std::move(options));
  TRY(database->start(progress));
  return std::unique_ptr<Database>(std::move(database));
}

}  // namespace alcove::executor
