#include "segments/manifest.h"
#include "segments/manifest_reader.h"

namespace alcove::segments {

Result<std::string> dump_manifest_file(
    FileSystem& file_system, const std::string& path,
    const std::function<void(std::uint64_t offset, std::uint64_t frame, const ManifestEdit&)>&
        edit) {
  ManifestReader reader = TRY(ManifestReader::open(file_system, path));
  while (true) {
    const auto frame = reader.next();
    if (!frame) return frame.error().message();
    if (!*frame) break;
    for (const ManifestEdit& each : (*frame)->edits) edit((*frame)->offset, (*frame)->number, each);
  }
  const bool clean = TRY(reader.ends_in_zeros());
  return fmt::format("{}: manifest {} of database {:016x} ends at offset {} after {} frames{}",
                     path, reader.header().number, reader.header().database_id, reader.offset(),
                     reader.frames(), clean ? "" : ", in a torn write");
}

}  // namespace alcove::segments
