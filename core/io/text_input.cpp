// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/io/text_input.h"

#include <zlib.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cmath>
#include <cstring>
#include <limits>

#include "core/base/utf8.h"

namespace txfm::io {
namespace fs = std::filesystem;
namespace {
constexpr size_t kBufferBytes = size_t{1} << 20;
constexpr size_t kLongestLine = size_t{1} << 30;
}  // namespace

struct LineReader::State {
    fs::path path;
    gzFile file = nullptr;
    int64_t total = 0;
    std::vector<char> buffer;
    size_t begin = 0, end = 0;  // unread part of the buffer
    bool atEnd = false;
    bool skipLineFeed = false;  // the last line ended with \r: a following \n belongs to it
    std::string converted;
    Result<void> status;

    ~State() {
        if (file) gzclose_r(file);
    }

    /// Reads more behind the unread part; false at the end of the file or after an error.
    bool refill() {
        if (atEnd || !status) return false;
        if (begin > 0) {
            std::memmove(buffer.data(), buffer.data() + begin, end - begin);
            end -= begin;
            begin = 0;
        }
        if (end == buffer.size()) {
            if (buffer.size() >= kLongestLine) return fail("has a line longer than 1 GiB; it is not a text table");
            buffer.resize(buffer.size() * 2);
        }
        const int got = gzread(file, buffer.data() + end, static_cast<unsigned>(std::min(buffer.size() - end, kLongestLine)));
        if (got < 0) {
            int code = 0;
            gzerror(file, &code);
            return fail(code == Z_ERRNO ? std::string("cannot be read: ") + std::strerror(errno)
                                        : "is damaged gzip data (a broken download?)");
        }
        if (got == 0) {
            int code = 0;
            gzerror(file, &code);
            atEnd = true;
            if (code == Z_BUF_ERROR) return fail("ends too early: the gzip data are truncated (a broken download?)");
            return false;
        }
        if (std::memchr(buffer.data() + end, 0, got)) return fail("holds binary data, not text");
        end += got;
        return true;
    }

    bool fail(const std::string& what) {
        status = badInput("'" + path.string() + "' " + what + ".", "Download or export the file again.");
        return false;
    }
};

LineReader::LineReader(std::unique_ptr<State> state) : m_state(std::move(state)) {}
LineReader::LineReader(LineReader&&) noexcept = default;
LineReader& LineReader::operator=(LineReader&&) noexcept = default;
LineReader::~LineReader() = default;
const Result<void>& LineReader::status() const { return m_state->status; }
int64_t LineReader::bytesRead() const { return gzoffset(m_state->file); }
int64_t LineReader::bytesTotal() const { return m_state->total; }

Result<LineReader> LineReader::open(const fs::path& path) {
    auto state = std::make_unique<State>();
    state->path = path;
    std::error_code ec;
    state->total = static_cast<int64_t>(fs::file_size(path, ec));
    if (ec) return badInput("Cannot read '" + path.string() + "': " + ec.message() + ".");
    state->file = gzopen(path.c_str(), "rb");
    if (!state->file) return badInput("Cannot read '" + path.string() + "': " + std::strerror(errno) + ".");
    gzbuffer(state->file, 1 << 18);
    state->buffer.resize(kBufferBytes);
    // UTF-16 holds NUL bytes, so look at its byte order mark before the NUL check of refill() speaks.
    unsigned char mark[3] = {};
    const int got = gzread(state->file, mark, 3);
    if (got >= 2 && ((mark[0] == 0xFF && mark[1] == 0xFE) || (mark[0] == 0xFE && mark[1] == 0xFF)))
        return badInput("'" + path.string() + "' is UTF-16 text.", "Save it as UTF-8 (in Excel: 'CSV UTF-8').");
    if (got < 0 || gzrewind(state->file) != 0)
        return badInput("'" + path.string() + "' is damaged gzip data (a broken download?).", "Download the file again.");
    const bool bom = got == 3 && mark[0] == 0xEF && mark[1] == 0xBB && mark[2] == 0xBF;
    if (state->refill() && bom) state->begin = 3;
    if (!state->status) return state->status.error();
    return LineReader(std::move(state));
}

bool LineReader::next(std::string_view& line) {
    State& s = *m_state;
    size_t searched = 0;
    for (;;) {
        if (s.skipLineFeed && s.begin < s.end) {
            if (s.buffer[s.begin] == '\n') ++s.begin;
            s.skipLineFeed = false;
        }
        const char* from = s.buffer.data() + s.begin;
        const char* to = s.buffer.data() + s.end;
        const char* stop = std::find_if(from + searched, to, [](char c) { return c == '\n' || c == '\r'; });
        if (stop != to) {
            line = {from, static_cast<size_t>(stop - from)};
            s.skipLineFeed = *stop == '\r';
            s.begin = stop + 1 - s.buffer.data();
            break;
        }
        searched = to - from;
        if (s.refill()) continue;
        if (!s.status || s.begin == s.end) return false;
        line = {s.buffer.data() + s.begin, s.end - s.begin};
        s.begin = s.end;
        break;
    }
    if (!isUtf8(line)) {
        s.converted = toUtf8(std::string(line));
        line = s.converted;
    }
    return true;
}

void splitFields(std::string_view line, char separator, std::vector<std::string_view>& fields,
                 std::vector<std::string>& unquoted) {
    fields.clear();
    unquoted.clear();
    unquoted.reserve(static_cast<size_t>(std::ranges::count(line, '"') / 2 + 1));  // views into it must not move
    for (size_t at = 0;;) {
        if (at < line.size() && line[at] == '"') {
            std::string text;
            for (++at; at < line.size(); ++at) {
                if (line[at] != '"') {
                    text += line[at];
                } else if (at + 1 < line.size() && line[at + 1] == '"') {
                    text += line[at++];
                } else {
                    ++at;
                    break;
                }
            }
            unquoted.push_back(std::move(text));
            fields.push_back(unquoted.back());
            while (at < line.size() && line[at] != separator) ++at;
        } else {
            const size_t stop = std::min(line.find(separator, at), line.size());
            fields.push_back(line.substr(at, stop - at));
            at = stop;
        }
        if (at >= line.size()) return;
        ++at;
    }
}

bool parseNumber(std::string_view text, double& value, bool decimalComma) {
    const auto isBlank = [](char c) { return c == ' ' || c == '\t'; };
    while (!text.empty() && isBlank(text.front())) text.remove_prefix(1);
    while (!text.empty() && isBlank(text.back())) text.remove_suffix(1);
    if (text.empty() || text == "NA" || text == "NaN" || text == "nan" || text == "N/A") {
        value = std::numeric_limits<double>::quiet_NaN();
        return true;
    }
    if (text.front() == '+') text.remove_prefix(1);
    char copy[64];
    if (decimalComma && text.size() < sizeof copy && text.find(',') != std::string_view::npos) {
        std::ranges::replace_copy(text, copy, ',', '.');
        text = {copy, text.size()};
    }
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    return error == std::errc{} && end == text.data() + text.size();
}

}  // namespace txfm::io
