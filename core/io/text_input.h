// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/result.h"

namespace txfm::io {

/// Lines of a plain or gzip text file of any size. Handles \n, \r\n and \r line ends, removes a UTF-8
/// byte order mark, and reads Latin-1 text as such when a line is not UTF-8. Refuses UTF-16 by name.
class LineReader {
public:
    /// BadInput naming the file: missing, not readable, UTF-16.
    static Result<LineReader> open(const std::filesystem::path& path);
    LineReader(LineReader&&) noexcept;
    LineReader& operator=(LineReader&&) noexcept;
    ~LineReader();

    /// The next line without its end (valid until the next call); false at the end or after an error.
    bool next(std::string_view& line);
    /// What ended the reading early: truncated or damaged gzip data, a line above 1 GiB, a NUL byte.
    const Result<void>& status() const;
    /// Compressed bytes consumed so far, and the size of the file: for progress.
    int64_t bytesRead() const;
    int64_t bytesTotal() const;

private:
    struct State;
    explicit LineReader(std::unique_ptr<State> state);
    std::unique_ptr<State> m_state;
};

/// Splits a line at every separator; fields in double quotes may hold separators, "" is one quote.
void splitFields(std::string_view line, char separator, std::vector<std::string_view>& fields,
                 std::vector<std::string>& unquoted);

/// A number with a decimal point (or comma when `decimalComma`), surrounding blanks ignored; false when
/// the text is anything else. "NA", "NaN", "" give NaN and true.
bool parseNumber(std::string_view text, double& value, bool decimalComma = false);

}  // namespace txfm::io
