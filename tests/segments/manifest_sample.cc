#include "tests/segments/manifest_sample.h"

#include <gtest/gtest.h>

#include "base/record.h"

namespace alcove::segments {

std::string EditSample::name(std::size_t bytes_max) {
  std::string name(1 + below(bytes_max), '\0');
  for (char& byte : name) byte = static_cast<char>(1 + below(255));
  return name;
}

SegmentDescriptor EditSample::descriptor() {
  SegmentDescriptor descriptor;
  descriptor.file = number();
  descriptor.bytes = number();
  descriptor.hash = random_();
  descriptor.rows = static_cast<std::uint32_t>(number());
  descriptor.tombstones = static_cast<std::uint32_t>(number());
  descriptor.replaced = number();
  descriptor.first_lsn = number();
  descriptor.last_lsn = number();
  return descriptor;
}

ManifestEdit EditSample::edit(std::uint64_t type) {
  const auto u32 = [&] { return static_cast<std::uint32_t>(number()); };
  switch (type) {
    case 0:
      return CreateIndexEdit{u32(), name(kIndexNameBytesMax),
                             static_cast<std::uint32_t>(1 + below(kDimensionMax)),
                             static_cast<Metric>(1 + below(3)), number()};
    case 1: return DropIndexEdit{u32()};
    case 2: return CreateNamespaceEdit{number(), u32(), name(kNamespaceNameBytesMax), number()};
    case 3: return DropNamespaceEdit{number()};
    case 4: {
      ReplaceSegmentsEdit edit;
      edit.name_space = number();
      for (std::uint64_t i = below(5); i > 0; --i) edit.removed.push_back(number());
      if (below(2) == 0) edit.added.push_back(descriptor());
      edit.flushed_lsn = number();
      return edit;
    }
    case 5: return UnlinkedEdit{number()};
    case 6: return PendingUnlinkEdit{number()};
    case 7: {
      const std::uint64_t begin = number() / 2;
      return ReserveFilesEdit{begin, begin + number() / 2};
    }
    case 8: return PutRoleEdit{name(kRoleNameBytesMax), name(300)};
    case 9: return DropRoleEdit{name(kRoleNameBytesMax)};
    default: return CheckpointEdit{number(), number(), number(), u32(), number()};
  }
}

Edits EditSample::edits(std::size_t count) {
  Edits edits;
  while (edits.size() < count) edits.push_back(edit());
  return edits;
}

ManifestDisk::ManifestDisk() {
  EXPECT_TRUE(file_system.create_directory("data"));
  EXPECT_TRUE(file_system.sync_directory("."));
}

std::string ManifestDisk::path(std::uint64_t number) const {
  return fmt::format("data/manifest-{}", number);
}

ManifestOptions ManifestDisk::options() const {
  ManifestOptions options;
  options.directory = "data";
  options.database_id = kDatabase;
  return options;
}

std::unique_ptr<Manifest> ManifestDisk::create(const Edits& edits) {
  auto created = Manifest::create(file_system, options(), edits);
  EXPECT_TRUE(created) << created.error().message();
  return *std::move(created);
}

Result<Edits> ManifestDisk::read() {
  manifest = nullptr;
  Edits edits;
  manifest = TRY(Manifest::open(file_system, options(), [&](const ManifestEdit& edit) -> Status {
    edits.push_back(edit);
    return {};
  }));
  return edits;
}

Status ManifestDisk::rewrite(const Edits& state) {
  return manifest->rewrite([&](const std::function<Status(const ManifestEdit&)>& sink) -> Status {
    for (const ManifestEdit& edit : state) {
      const Status added = sink(edit);
      if (!added) return added.error();
    }
    return {};
  });
}

void ManifestDisk::restart() {
  file_system.stop();
  const auto edits = read();
  ASSERT_TRUE(edits) << edits.error().message();
  const Status rewritten = rewrite(*edits);
  ASSERT_TRUE(rewritten) << rewritten.error().message();
}

}  // namespace alcove::segments
