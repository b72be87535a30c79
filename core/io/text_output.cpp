// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/io/text_output.h"

#include <zlib.h>

#include <cerrno>
#include <charconv>
#include <cmath>
#include <cstring>

#include "core/base/quoted.h"

namespace txfm::io {
namespace fs = std::filesystem;

struct TextWriter::State {
    gzFile file = nullptr;
    fs::path shown;
    std::string problem;
    ~State() {
        if (file) gzclose_w(file);
    }
    void remember() {
        if (problem.empty()) problem = errno != 0 ? std::strerror(errno) : "the disk may be full";
    }
    Error error() const {
        return failed("Cannot write " + quoted(shown) + ": " + problem + ".",
                      "Choose a folder that exists, is writable and has enough free space.");
    }
};

TextWriter::TextWriter(std::unique_ptr<State> state) : m_state(std::move(state)) {}
TextWriter::TextWriter(TextWriter&&) noexcept = default;
TextWriter::~TextWriter() = default;

Result<TextWriter> TextWriter::create(const fs::path& path, bool gzip, const fs::path& shown) {
    auto state = std::make_unique<State>();
    state->shown = shown;
    errno = 0;
    state->file = gzopen(path.c_str(), gzip ? "wb4" : "wbT");  // T: no compression
    if (!state->file) {
        state->remember();
        return state->error();
    }
    gzbuffer(state->file, 1 << 18);
    return TextWriter(std::move(state));
}

void TextWriter::write(std::string_view text) {
    errno = 0;
    if (!text.empty() && m_state->problem.empty() && gzwrite(m_state->file, text.data(), static_cast<unsigned>(text.size())) <= 0)
        m_state->remember();
}

Result<void> TextWriter::close() {
    errno = 0;
    if (gzclose_w(std::exchange(m_state->file, nullptr)) != Z_OK) m_state->remember();
    if (!m_state->problem.empty()) return m_state->error();
    return {};
}

void appendNumber(std::string& text, float value) {
    char buffer[64];
    const bool whole = value == std::floor(value) && std::abs(value) < 1e15f;
    const auto result = whole ? std::to_chars(buffer, buffer + sizeof buffer, static_cast<int64_t>(value))
                              : std::to_chars(buffer, buffer + sizeof buffer, value);
    text.append(buffer, result.ptr);
}

void appendField(std::string& text, std::string_view field, char separator) {
    const char special[] = {separator, '"', '\r', '\n'};
    if (field.find_first_of(std::string_view(special, sizeof special)) == std::string_view::npos) {
        text += field;
        return;
    }
    text += '"';
    for (const char c : field) {
        if (c == '"') text += '"';
        text += c;
    }
    text += '"';
}

}  // namespace txfm::io
