#include "server/fetch_run.h"

#include <utility>

#include <fmt/format.h>

namespace alcove::server {

// Lets through what is asked for, and keeps what comes after.
class FetchRun::Window final : public executor::RowSink {
 public:
  Window(FetchRun& fetch, executor::RowSink& sink) : fetch_(fetch), sink_(sink) {}
  void row(std::span<const executor::Cell> cells) override {
    Portal& portal = *fetch_.portal_;
    if (fetch_.part_.skip > 0) {
      --fetch_.part_.skip;
    } else if (fetch_.satisfied()) {
      portal.kept.push(cells);
      return;
    } else {
      ++fetch_.given_;
      if (fetch_.verb_ != Verb::kMove) sink_.row(cells);
    }
    ++portal.position;
  }
  bool full() const override { return fetch_.satisfied() || sink_.full(); }

 private:
  FetchRun& fetch_;
  executor::RowSink& sink_;
};

FetchRun::FetchRun(std::shared_ptr<Portal> portal, Part part, Verb verb)
    : portal_(std::move(portal)), part_(part), verb_(verb) {}

const std::vector<executor::Column>& FetchRun::columns() const {
  static const std::vector<executor::Column> kNone;
  return verb_ == Verb::kMove ? kNone : portal_->columns();
}

Result<executor::Run::Progress> FetchRun::step(executor::RowSink& sink) {
  Window window(*this, sink);
  while (!portal_->kept.empty() && !window.full()) portal_->kept.pop(window);
  if (satisfied()) return Progress::kDone;
  if (!portal_->kept.empty()) return Progress::kMore;
  Progress progress = Progress::kDone;
  if (!portal_->done) TRY(step_portal(window, progress));
  if (satisfied()) return Progress::kDone;
  if (progress == Progress::kDone) portal_->at_end = true;
  return progress;
}

Status FetchRun::step_portal(executor::RowSink& window, Progress& progress) {
  const Result<Progress> stepped = portal_->run->step(window);
  if (!stepped) {
    portal_->failed = true;
    portal_->run.reset();
    return stepped.error();
  }
  progress = *stepped;
  portal_->done = progress == Progress::kDone;
  return {};
}

std::string FetchRun::tag() const {
  if (verb_ != Verb::kExecute) {
    return fmt::format("{} {}", verb_ == Verb::kFetch ? "FETCH" : "MOVE", given_);
  }
  std::string tag = portal_->run ? portal_->run->tag() : "SELECT ";
  if (tag.starts_with("SELECT ")) tag = fmt::format("SELECT {}", given_);
  return tag;
}

}  // namespace alcove::server
