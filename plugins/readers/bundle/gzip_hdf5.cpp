// SPDX-License-Identifier: GPL-3.0-or-later
#include "plugins/readers/bundle/gzip_hdf5.h"

#include <zlib.h>

#include <fstream>

#include "core/base/quoted.h"
#include "core/io/scratch_file.h"
#include "plugins/readers/bundle/held_counts.h"

namespace txfm::readers {
namespace fs = std::filesystem;
namespace {

constexpr size_t kBlock = size_t{1} << 20;

bool isGzip(const fs::path& path) {
    std::ifstream stream(path, std::ios::binary);
    return stream.get() == 0x1f && stream.get() == 0x8b;
}

Result<void> unpack(const fs::path& from, const fs::path& to, Progress& progress) {
    const std::unique_ptr<gzFile_s, decltype(&gzclose)> in(gzopen(from.c_str(), "rb"), &gzclose);
    if (!in) return badInput("Cannot read " + quoted(from) + ".");
    std::ofstream out(to, std::ios::binary);
    std::error_code ec;
    const auto room = static_cast<int64_t>(fs::space(to.parent_path(), ec).available);
    StageProgress stage(progress, "read", static_cast<double>(fs::file_size(from, ec)), "bytes");
    std::string block(kBlock, '\0');
    int64_t written = 0;
    while (true) {
        if (progress.cancelled()) return cancelledError();
        const int got = gzread(in.get(), block.data(), static_cast<unsigned>(block.size()));
        if (got < 0) return badInput(quoted(from) + " is a damaged gzip file.", "Download it again.");
        if (got == 0) break;
        if ((written += got) > room)
            return failed("Unpacking " + quoted(from) + " needs more space than " + quoted(to.parent_path()) + " has.",
                          "Free some disk space, or let XDG_CACHE_HOME name a folder on a larger disk.");
        out.write(block.data(), got);
        stage.set(static_cast<double>(gzoffset(in.get())));
    }
    int code = Z_OK;
    gzerror(in.get(), &code);
    if (code != Z_OK) return badInput(quoted(from) + " is a truncated gzip file.", "Download it again.");
    out.close();
    if (!out) return failed("Cannot write " + quoted(to) + " while unpacking " + quoted(from) + ".", "Check the free space of the cache folder.");
    return {};
}

class GzipHdf5Reader final : public io::Reader {
public:
    std::string name() const override { return "gzip-compressed HDF5"; }
    std::vector<std::string> patterns() const override { return {"*.h5ad.gz", "*.h5.gz", "*.loom.gz"}; }
    int probe(const fs::path& path, const std::string& head) const override { return head.starts_with("\x89HDF\r\n\x1a\n") && isGzip(path) ? 85 : 0; }
    Result<io::FileInfo> info(const fs::path& path, const io::ReadOptions& options) const override {
        Progress silent;
        TXFM_TRY(const Unpacked unpacked, unpackFile(path, silent));
        auto info = unpacked.reader->info(unpacked.file, options);
        if (!info) return namedAs(path, unpacked.file, info.error());
        info->notes.push_back(kNote);
        return info;
    }
    Result<Dataset> open(const fs::path& path, const io::ReadOptions& options, Progress& progress) const override {
        TXFM_TRY(Unpacked unpacked, unpackFile(path, progress));
        io::ReadOptions inside = options;
        inside.packed = nullptr;
        if (sizeBelow(unpacked.folder.path()) > io::memoryForCounts()) inside.keepInMemory = false;
        auto dataset = unpacked.reader->open(unpacked.file, inside, progress);
        if (!dataset) return namedAs(path, unpacked.file, dataset.error());
        hold(*dataset, std::move(unpacked.folder));
        // Results are not written beside slots of a file that is gone when the program ends.
        dataset->provenance.format += " in gzip";
        dataset->provenance.path = path.string();
        dataset->provenance.notes.push_back(kNote);
        return dataset;
    }

private:
    static constexpr const char* kNote =
        "The file was unpacked for this time; unpack it yourself (gunzip) to open it faster and to keep its layers and other slots in results.";

    struct Unpacked {
        TemporaryFolder folder;
        fs::path file;
        const io::Reader* reader;
    };

    static Result<Unpacked> unpackFile(const fs::path& path, Progress& progress) {
        TXFM_TRY(TemporaryFolder folder, TemporaryFolder::create());
        const fs::path file = folder.path() / (path.extension() == ".gz" ? path.stem() : path.filename());
        TXFM_CHECK(unpack(path, file, progress));
        auto reader = io::ReaderRegistry::instance().find(file, &progress.token());
        if (!reader) return namedAs(path, file, reader.error());
        return Unpacked{std::move(folder), file, *reader};
    }

    /// An error about the unpacked file as one about the file that the user knows.
    static Error namedAs(const fs::path& shown, const fs::path& file, Error error) {
        for (size_t at = error.message.find(file.string()); at != std::string::npos; at = error.message.find(file.string(), at + shown.string().size()))
            error.message.replace(at, file.string().size(), shown.string());
        return error;
    }
};

}  // namespace

std::unique_ptr<io::Reader> makeGzipHdf5Reader() { return std::make_unique<GzipHdf5Reader>(); }

}  // namespace txfm::readers
