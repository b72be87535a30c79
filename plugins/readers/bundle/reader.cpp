// SPDX-License-Identifier: GPL-3.0-or-later
// Containers of other formats: a folder of per-sample files, and archives as downloaded from GEO.
#include <algorithm>

#include "core/io/describe.h"
#include "core/io/reader.h"
#include "core/preprocess/join_datasets.h"
#include "plugins/readers/bundle/gzip_hdf5.h"
#include "plugins/readers/bundle/held_counts.h"
#include "plugins/readers/bundle/sample_parts.h"

namespace txfm::readers {
namespace fs = std::filesystem;
namespace {

/// What a user sees of a path below the folder that an archive was unpacked into: a path below the archive.
std::string shownAs(std::string text, const fs::path& folder, const fs::path& shown) {
    const std::string from = folder.string();
    for (size_t at = text.find(from); at != std::string::npos; at = text.find(from, at + shown.string().size()))
        text.replace(at, from.size(), shown.string());
    return text;
}

/// Bytes of the counts of a part in memory, as many as they can be; -1 when only opening it tells.
int64_t mostInMemory(const Part& part, const io::ReadOptions& options) {
    constexpr int64_t kBytesPerValue = 8;
    if (!part.reader->leavesInFile()) return -1;
    const auto info = part.reader->info(part.path, options);
    if (!info) return -1;
    const double values = info->nonZeros >= 0 ? static_cast<double>(info->nonZeros) : static_cast<double>(info->cells) * static_cast<double>(info->genes);
    return static_cast<int64_t>(std::min(kBytesPerValue * (values + static_cast<double>(info->cells)), 1e18));
}

Result<Dataset> openParts(const fs::path& folder, const fs::path& shownPath, const io::Reader* self, const io::ReadOptions& options,
                          Progress& progress) {
    TXFM_TRY(const SampleParts found, findSampleParts(folder, shownPath, self));
    const std::vector<Part>& parts = found.parts;
    std::vector<io::NamedDataset> datasets;
    std::vector<bool> isText;
    std::string skipped = found.damaged;
    Error firstError;
    int64_t room = io::memoryForCounts();
    for (const Part& part : parts) {
        // Counts are read now while memory lasts: what is wrong with a sample is then known as long as it can be left out.
        io::ReadOptions inside = options;
        if (const int64_t bytes = options.countsLater ? -1 : mostInMemory(part, options); bytes >= 0) {
            inside.keepInMemory = bytes <= room;
            if (inside.keepInMemory) room -= bytes;
        }
        auto dataset = part.reader->open(part.path, inside, progress);
        if (!dataset && dataset.error().code == ErrorCode::Cancelled) return dataset.error();
        if (!dataset) {
            if (firstError.message.empty()) firstError = dataset.error();
            skipped += (skipped.empty() ? "" : ", ") + part.path.filename().string();
            continue;
        }
        datasets.push_back({sampleName(folder, part.path), std::move(*dataset)});
        isText.push_back(isTextTable(part));
    }
    if (datasets.empty()) {
        firstError.message = shownAs(std::move(firstError.message), folder, shownPath);
        return firstError;
    }
    const std::string facts = dropTablesWithoutGenes(datasets, isText);
    Dataset merged;
    if (datasets.size() == 1) {
        merged = std::move(datasets.front().dataset);
        // Results are not written beside slots of a file that may be gone when the program ends.
        if (merged.provenance.format == "h5ad") merged.provenance.format = "h5ad in " + shownPath.filename().string();
    } else {
        const std::string format = datasets.front().dataset.provenance.format;
        const size_t count = datasets.size();
        TXFM_TRY(merged, joinDatasets(std::move(datasets), progress));
        merged.provenance.format = std::to_string(count) + " samples (" + format + ")";
    }
    if (!skipped.empty()) merged.provenance.notes.push_back("Not readable as counts and left out: " + skipped + ".");
    merged.provenance.notes.insert(merged.provenance.notes.end(), found.notes.begin(), found.notes.end());
    if (!facts.empty()) merged.provenance.notes.push_back("Tables without a known gene were taken for facts about the samples and left out: " + facts + ".");
    for (std::string& note : merged.provenance.notes) note = shownAs(std::move(note), folder, shownPath);
    merged.provenance.path = shownPath.string();
    return merged;
}

class FolderReader final : public io::Reader {
public:
    std::string name() const override { return "folder of samples"; }
    std::vector<std::string> patterns() const override { return {}; }
    int probe(const fs::path& path, const std::string&) const override {
        std::error_code ec;
        if (!fs::is_directory(path, ec)) return 0;
        return holdsParts(path, this) ? 50 : 0;
    }
    Result<io::FileInfo> info(const fs::path& path, const io::ReadOptions& options) const override {
        Progress silent;
        TXFM_TRY(const Dataset dataset, openParts(path, path, this, options, silent));
        return io::describe(dataset);
    }
    Result<Dataset> open(const fs::path& path, const io::ReadOptions& options, Progress& progress) const override {
        return openParts(path, path, this, options, progress);
    }
};

class ArchiveReader final : public io::Reader {
public:
    std::string name() const override { return "archive"; }
    std::vector<std::string> patterns() const override { return {"*.zip", "*.tar", "*.tar.gz", "*.tgz"}; }
    int probe(const fs::path&, const std::string& head) const override { return looksLikeArchive(head) ? 85 : 0; }
    Result<io::FileInfo> info(const fs::path& path, const io::ReadOptions& options) const override {
        Progress silent;
        TXFM_TRY(const Dataset dataset, open(path, options, silent));
        return io::describe(dataset);
    }
    Result<Dataset> open(const fs::path& path, const io::ReadOptions& options, Progress& progress) const override {
        TXFM_TRY(TemporaryFolder folder, TemporaryFolder::create());
        TXFM_CHECK(unpack(path, folder.path(), progress));
        io::ReadOptions inside = options;
        inside.packed = nullptr;
        // Small data are read now, so that the unpacked files can go.
        inside.keepInMemory = sizeBelow(folder.path()) <= io::memoryForCounts();
        TXFM_TRY(Dataset dataset, openParts(folder.path(), path, this, inside, progress));
        hold(dataset, std::move(folder));
        return dataset;
    }
};

}  // namespace
}  // namespace txfm::readers

extern "C" void txfmRegisterReaders(txfm::io::ReaderRegistry& registry) {
    registry.add(std::make_unique<txfm::readers::FolderReader>());
    registry.add(std::make_unique<txfm::readers::ArchiveReader>());
    registry.add(txfm::readers::makeGzipHdf5Reader());
}
