#include "server/hold_run.h"

namespace alcove::server {
namespace {

// So much is kept before the limit is looked at again.
constexpr std::uint64_t kStepBytes = 256ULL << 10;

class Keeper final : public executor::RowSink {
 public:
  explicit Keeper(RowBuffer& kept) : kept_(kept), full_bytes_(kept.bytes() + kStepBytes) {}
  void row(std::span<const executor::Cell> cells) override { kept_.push(cells); }
  bool full() const override { return kept_.bytes() >= full_bytes_; }

 private:
  RowBuffer& kept_;
  const std::uint64_t full_bytes_;
};

}  // namespace

Result<executor::Run::Progress> HoldRun::step(executor::RowSink&) {
  Keeper keeper(portal_->kept);
  const Progress progress = TRY(portal_->run->step(keeper));
  portal_->bytes = bytes_before_ + portal_->kept.bytes();
  TRY(portals_.check_bytes());
  if (progress == Progress::kDone) {
    portal_->held_columns = portal_->run->columns();
    portal_->run.reset();
    portal_->done = true;
    portal_->holds = true;
  }
  return progress;
}

}  // namespace alcove::server
