#include "server/server.h"

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <exception>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

#include <boost/asio/post.hpp>

#include "base/log.h"
#include "executor/engine.h"
#include "server/connection.h"
#include "server/listener.h"
#include "server/server_state.h"
#include "server/worker_pool.h"

namespace alcove::server {
namespace {

namespace asio = boost::asio;

// A session whose statement was cancelled at stop() and that has not ended since is cut off.
constexpr std::chrono::milliseconds kCancelGrace{5'000};
// Some wait for the disk while others compute.
constexpr unsigned kThreadsPerPoolMin = 4;

}  // namespace

class Server::Parts {
 public:
  Parts(Env env, ServerOptions options);
  ~Parts() { stop(); }

  Status listen();
  Status set_tls(const TlsCredentials& credentials);
  void start();
  Status serve(executor::Database& database);
  void stop();

  std::uint16_t port() const { return port_; }
  std::size_t session_count() const { return state_.registry.count(); }

 private:
  bool has_tls() const { return state_.tls.get() != nullptr; }

  ServerState state_;
  std::vector<std::unique_ptr<WorkerPool>> pools_;
  std::vector<asio::ip::address> addresses_;
  std::vector<std::shared_ptr<Listener>> listeners_;
  std::uint16_t port_ = 0;
  std::once_flag stopped_;
};

// A pool for each core, if that leaves threads enough in each.
Server::Parts::Parts(Env env, ServerOptions options) : state_(env, std::move(options)) {
  const unsigned threads = state_.options.worker_threads;
  const unsigned count =
      std::clamp(threads / kThreadsPerPoolMin, 1U, std::max(std::thread::hardware_concurrency(), 1U));
  for (unsigned i = 0; i < count; ++i) {
    pools_.push_back(std::make_unique<WorkerPool>(state_.env.clock, threads * (i + 1) / count - threads * i / count));
  }
}

Status Server::Parts::listen() {
  Listener::Contexts contexts;
  for (const auto& pool : pools_) contexts.push_back(&pool->context());
  std::uint16_t port = state_.options.port;
  for (const std::string& text : state_.options.listen_addresses) {
    const auto addresses = TRY(resolve_listen_address(text));
    for (const asio::ip::address& address : addresses) {
      // Which roles there are is known once the database is open: serve() asks again.
      TRY(may_listen(address, has_tls(), true, state_.options.insecure));
      const auto listener = Listener::listen(contexts, state_, {address, port});
      const bool spare = address != addresses.front();
      if (!listener && !spare) return listener.error();
      if (!listener) {
        log_warning("{}", listener.error().message());
        continue;
      }
      addresses_.push_back(address);
      listeners_.push_back(*listener);
      port = listeners_.front()->port();
    }
  }
  if (listeners_.empty()) {
    return Error(ErrorCode::kInvalidValue, "there is no address to listen on");
  }
  port_ = port;
  return {};
}

Status Server::Parts::set_tls(const TlsCredentials& credentials) {
  auto context = TRY(TlsContext::load(credentials));
  log_info("TLS with the certificate of {}", context->description());
  state_.tls.set(std::move(context));
  return {};
}

void Server::Parts::start() {
  for (const auto& listener : listeners_) listener->start();
  for (const auto& pool : pools_) pool->start();
}

Status Server::Parts::serve(executor::Database& database) {
  const bool has_password_role = database.engine().roles.password_superusers() > 0;
  for (const asio::ip::address& address : addresses_) {
    TRY(may_listen(address, has_tls(), has_password_role, state_.options.insecure));
  }
  if (!has_password_role) {
    log_warning("no superuser has a password: whoever connects from {} may do anything",
                state_.options.insecure ? "anywhere" : "this machine");
  }
  database.engine().signal_session = [this](std::int32_t process_id, bool terminate,
                                            const std::optional<std::string>& user) {
    return state_.registry.signal(
        process_id, terminate ? SessionSignal::kTerminate : SessionSignal::kCancel, user);
  };
  database.engine().run_aside = [this](std::function<void()> work) {
    asio::post(pools_.front()->context(), std::move(work));
  };
  state_.database = &database;
  return {};
}

void Server::Parts::stop() {
  std::call_once(stopped_, [this] {
    state_.stopping = true;
    state_.connections.for_each([](Connection& connection) { connection.end_session(); });
    const std::chrono::milliseconds grace(state_.options.stop_grace_ms);
    if (!state_.registry.wait_until_empty(grace)) {
      log_warning("stopping: {} sessions are still busy, cancelling their statements",
                  state_.registry.count());
      state_.registry.signal_all(SessionSignal::kTerminate);
      state_.registry.wait_until_empty(kCancelGrace);
    }
    // What is left: clients that have not said who they are, or that take no results.
    state_.abandoned = true;
    for (const auto& listener : listeners_) listener->close();
    state_.connections.for_each([](Connection& connection) { connection.abandon(); });
    state_.connections.wait_until_empty();
    for (const auto& pool : pools_) pool->join();
    if (executor::Database* const database = state_.database) {
      database->engine().signal_session = nullptr;
      database->engine().run_aside = nullptr;
    }
  });
}

Result<std::unique_ptr<Server>> Server::start(Env env, ServerOptions options) {
  if (!options.on_panic) options.on_panic = [](const Error&) { std::abort(); };
  if (options.tls_required && !options.tls) {
    return Error(ErrorCode::kInvalidValue, "TLS is required, but there is no certificate");
  }
  const auto credentials = std::exchange(options.tls, std::nullopt);
  auto parts = std::make_unique<Parts>(env, std::move(options));
  if (credentials) TRY(parts->set_tls(*credentials));
  TRY(parts->listen());
  try {
    parts->start();
  } catch (const std::exception& exception) {
    return fail(ErrorCode::kIo, "cannot start the server's threads: {}", exception.what());
  }
  return std::unique_ptr<Server>(new Server(std::move(parts)));
}

Server::Server(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}
Server::~Server() = default;

Status Server::serve(executor::Database& database) { return parts_->serve(database); }
Status Server::set_tls(const TlsCredentials& credentials) { return parts_->set_tls(credentials); }
void Server::stop() { parts_->stop(); }
std::uint16_t Server::port() const { return parts_->port(); }
std::size_t Server::session_count() const { return parts_->session_count(); }

}  // namespace alcove::server
