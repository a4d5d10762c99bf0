#include "executor/staging.h"

#include <exception>
#include <new>
#include <utility>

namespace alcove::executor {

std::shared_ptr<Staging> Staging::begin(Engine& engine, WriteRequest request) {
  std::shared_ptr<Staging> staging(new Staging(std::move(request)));
  if (engine.run_aside) {
    engine.run_aside([staging, &engine] { staging->run(engine); });
  } else {
    staging->run(engine);
  }
  return staging;
}

bool Staging::is_over() const {
  std::lock_guard lock(mutex_);
  return segment_.has_value();
}

void Staging::when_over(std::function<void()> ready) {
  {
    std::lock_guard lock(mutex_);
    if (!segment_) {
      ready_ = std::move(ready);
      return;
    }
  }
  ready();
}

Result<WriteRequest> Staging::take() {
  std::lock_guard lock(mutex_);
  request_.staged = TRY(std::move(*segment_));
  return std::move(request_);
}

void Staging::run(Engine& engine) {
  auto segment = stage(engine);
  // Told here: whoever began it may be gone.
  if (!segment) (void)engine.watch(segment.error());
  std::function<void()> ready;
  {
    std::lock_guard lock(mutex_);
    segment_ = std::move(segment);
    ready = std::exchange(ready_, nullptr);
  }
  if (ready) ready();
}

// What is thrown must come to the session that waits, not to the thread.
Result<std::shared_ptr<StagedSegment>> Staging::stage(Engine& engine) const {
  try {
    return engine.stager.stage(*request_.index.definition, request_.name, rows_);
  } catch (const std::bad_alloc&) {
    return Error(ErrorCode::kOutOfMemory, "out of memory");
  } catch (const std::exception& exception) {
    return Error(ErrorCode::kInternal, exception.what());
  }
}

}  // namespace alcove::executor
