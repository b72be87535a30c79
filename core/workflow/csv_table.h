// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "core/base/result.h"

namespace txfm::workflow {

/// A table written as CSV (RFC 4180, UTF-8, C locale), all at once and atomically.
class CsvTable {
public:
    explicit CsvTable(const std::vector<std::string>& header);
    /// Begins a row; fields follow in order.
    CsvTable& row();
    CsvTable& add(const std::string& text);
    CsvTable& add(const char* text) { return add(std::string(text)); }
    /// Shortest text that reads back as the same value; NaN is an empty field.
    CsvTable& add(double value);
    CsvTable& add(float value);
    CsvTable& add(int64_t value);
    Result<void> write(const std::filesystem::path& path) const;
    const std::string& text() const { return m_text; }

private:
    void separator();
    std::string m_text;
    bool m_first = true;
};

}  // namespace txfm::workflow
