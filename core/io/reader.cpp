// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/io/reader.h"

#include <dlfcn.h>
#include <zlib.h>

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <mutex>

#include "core/base/paths.h"
#include "core/base/quoted.h"
#include "core/io/hdf5_trial.h"

namespace txfm::io {
namespace fs = std::filesystem;
namespace {

constexpr size_t kHeadBytes = 64 * 1024;
constexpr const char* kHdf5Signature = "\x89HDF\r\n\x1a\n";

/// A user block of 512 bytes or more, a power of two, may precede the signature.
bool mayBeHdf5(const fs::path& path, const std::string& head) {
    if (head.starts_with(kHdf5Signature) || path.extension() == ".h5ad") return true;
    for (size_t at = 512; at + 8 <= head.size(); at *= 2)
        if (head.compare(at, 8, kHdf5Signature) == 0) return true;
    return false;
}

/// The first bytes of a file; zlib passes content that is not gzip through unchanged.
std::string readHead(const fs::path& path, std::string* raw) {
    std::string head(kHeadBytes, '\0');
    gzFile file = gzopen(path.c_str(), "rb");
    if (!file) return {};
    const int got = gzread(file, head.data(), static_cast<unsigned>(head.size()));
    gzclose(file);
    head.resize(got > 0 ? static_cast<size_t>(got) : 0);
    std::string bytes(16, '\0');
    if (FILE* stream = std::fopen(path.c_str(), "rb")) {
        bytes.resize(std::fread(bytes.data(), 1, bytes.size(), stream));
        std::fclose(stream);
    }
    *raw = bytes;
    return head;
}

std::string lowered(std::string text) {
    std::transform(text.begin(), text.end(), text.begin(), [](unsigned char c) { return std::tolower(c); });
    return text;
}

bool isGzip(const std::string& raw) { return raw.starts_with("\x1f\x8b"); }

/// What a file that no reader wants looks like, as the end of a sentence and what to do.
Error describeUnknown(const fs::path& path, const std::string& head, const std::string& raw) {
    const std::string start = lowered(head.substr(0, 512));
    const bool gzip = isGzip(raw);
    if (start.starts_with("version https://git-lfs"))
        return badInput(quoted(path) + " is a Git LFS pointer, not the data itself.", "Run 'git lfs pull' and open the file again.");
    if (start.find("<!doctype html") != std::string::npos || start.find("<html") != std::string::npos)
        return badInput(quoted(path) + " is a web page, not a count file; the download went wrong.",
                        "Download it again and check that the link needs no log-in.");
    if (head.starts_with("\xff\xfe") || head.starts_with("\xfe\xff"))
        return badInput(quoted(path) + " is UTF-16 text.", "Save it as UTF-8 (in Excel: 'CSV UTF-8').");
    if (start.starts_with("<?xml"))
        return badInput(quoted(path) + " is an XML document, not a count file; the download may have gone wrong.");
    if (gzip && head.empty()) return badInput(quoted(path) + " is a damaged or truncated gzip file.", "Download it again.");
    if (head.starts_with(kHdf5Signature)) {
        if (!gzip)
            if (const auto root = hdf5::Node::open(path); !root) return root.error();
        return badInput(quoted(path) + " is an HDF5 file, but holds neither AnnData, 10x nor loom content.");
    }
    if (head.starts_with("PK")) return badInput(quoted(path) + " is a zip archive without a count matrix that is understood.");
    return badInput(quoted(path) + " is in no format that is understood.",
                    "Readable are h5ad, 10x (h5 or folder), loom, delimited text, GCT and Matrix Market.");
}

}  // namespace

ReaderRegistry& ReaderRegistry::instance() {
    static ReaderRegistry registry;
    static std::once_flag loaded;
    std::call_once(loaded, [] { registry.loadPlugins(pluginFolder()); });
    return registry;
}

void ReaderRegistry::add(std::unique_ptr<Reader> reader) { m_readers.push_back(std::move(reader)); }

void ReaderRegistry::loadPlugins(const fs::path& folder) {
    std::error_code ec;
    std::vector<fs::path> libraries;
    for (fs::directory_iterator it(folder, ec), end; !ec && it != end; it.increment(ec)) {
        const std::string name = it->path().filename().string();
        if (name.starts_with("reader_") && it->path().extension() == ".so") libraries.push_back(it->path());
    }
    if (libraries.empty())
        m_warnings.push_back("There are no reader plugins in " + quoted(folder) + "; no count file can be opened.");
    std::sort(libraries.begin(), libraries.end());
    for (const fs::path& library : libraries) {
        void* handle = ::dlopen(library.c_str(), RTLD_NOW | RTLD_LOCAL);
        if (!handle) {
            m_warnings.push_back("The reader plugin " + quoted(library) + " was skipped: " + ::dlerror());
            continue;
        }
        using Register = void (*)(ReaderRegistry&);
        const auto registerReaders = reinterpret_cast<Register>(::dlsym(handle, "txfmRegisterReaders"));
        if (!registerReaders) {
            m_warnings.push_back("The reader plugin " + quoted(library) +
                                 " was skipped: it has no function txfmRegisterReaders.");
            ::dlclose(handle);
            continue;
        }
        try {
            registerReaders(*this);
        } catch (const std::exception& exception) {
            m_warnings.push_back("The reader plugin " + quoted(library) + " was skipped: " + exception.what());
        }
    }
}

std::vector<fs::path> Reader::sources(const fs::path& path) const {
    constexpr int kDeepest = 5;
    std::error_code ec;
    if (!fs::is_directory(path, ec)) return {path};
    std::vector<fs::path> files;
    for (fs::recursive_directory_iterator at(path, ec), end; !ec && at != end; at.increment(ec)) {
        if (at.depth() >= kDeepest) at.disable_recursion_pending();
        if (at->is_regular_file(ec)) files.push_back(at->path());
    }
    std::ranges::sort(files);
    return files;
}

Result<const Reader*> ReaderRegistry::find(const fs::path& path, const CancelToken* token) const {
    std::error_code ec;
    const fs::file_status status = fs::status(path, ec);
    if (!fs::exists(status)) return badInput("There is no file " + quoted(path) + ".", "Check the name and the folder.");
    const bool folder = fs::is_directory(status);
    std::string head, raw;
    if (!folder) {
        if (!fs::is_regular_file(status)) return badInput(quoted(path) + " is neither a file nor a folder.");
        if (fs::file_size(path, ec) == 0) return badInput(quoted(path) + " is empty.", "Download or export it again.");
        if (FILE* stream = std::fopen(path.c_str(), "rb"))
            std::fclose(stream);
        else
            return badInput("Cannot read " + quoted(path) + ": " + std::strerror(errno) + ".");
        head = readHead(path, &raw);
        if (!isGzip(raw) && mayBeHdf5(path, head)) TXFM_CHECK(hdf5::tryInChild(path, token));
    }
    const Reader* best = nullptr;
    int bestScore = 0;
    for (const auto& reader : m_readers) {
        if (const int score = reader->probe(path, head); score > bestScore) {
            best = reader.get();
            bestScore = score;
        }
    }
    if (best) return best;
    if (folder) return badInput("The folder " + quoted(path) + " holds no count matrix that is understood.");
    return describeUnknown(path, head, raw);
}

Result<FileInfo> inspect(const fs::path& path, const ReadOptions& options) {
    TXFM_TRY(const Reader* reader, ReaderRegistry::instance().find(path));
    return reader->info(path, options);
}

}  // namespace txfm::io
