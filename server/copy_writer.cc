#include "server/copy_writer.h"

#include "server/copy_binary.h"
#include "server/copy_csv.h"
#include "server/copy_ndjson.h"
#include "server/copy_text.h"

namespace alcove::server {

std::unique_ptr<CopyWriter> make_copy_writer(const CopyOptions& options,
                                             const std::vector<executor::CopyColumn>& columns) {
  switch (options.format) {
    case CopyFormat::kCsv: return std::make_unique<CsvCopyWriter>(options, columns);
    case CopyFormat::kNdjson: return std::make_unique<NdjsonCopyWriter>(columns);
    case CopyFormat::kBinary: return std::make_unique<BinaryCopyWriter>(options, columns);
    case CopyFormat::kText: break;
  }
  return std::make_unique<TextCopyWriter>(options, columns);
}

}  // namespace alcove::server
