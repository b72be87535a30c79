// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

#include "core/base/result.h"

namespace txfm::io {

/// A text file written piece by piece, gzip-compressed when asked. Errors are kept and come out of close().
class TextWriter {
public:
    /// Failed when `path` cannot be written; `shown` is the name that messages carry.
    static Result<TextWriter> create(const std::filesystem::path& path, bool gzip, const std::filesystem::path& shown);
    TextWriter(TextWriter&&) noexcept;
    TextWriter& operator=(TextWriter&&) = delete;
    ~TextWriter();
    void write(std::string_view text);
    /// Failed when anything could not be written (a full disk).
    Result<void> close();

private:
    struct State;
    explicit TextWriter(std::unique_ptr<State> state);
    std::unique_ptr<State> m_state;
};

/// Appends the shortest text that reads back as the same float; whole numbers without a point.
void appendNumber(std::string& text, float value);
/// Appends a field of a delimited table, in quotes where the separator, quotes or line ends need it (RFC 4180).
void appendField(std::string& text, std::string_view field, char separator);

}  // namespace txfm::io
