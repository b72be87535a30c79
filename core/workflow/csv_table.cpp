// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/workflow/csv_table.h"

#include <charconv>
#include <cmath>

#include "core/base/atomic_file.h"

namespace txfm::workflow {
namespace {

template <class T>
std::string shortest(T value) {
    char buffer[64];
    const auto end = std::to_chars(buffer, buffer + sizeof buffer, value).ptr;
    return {buffer, end};
}

}  // namespace

CsvTable::CsvTable(const std::vector<std::string>& header) {
    for (const std::string& name : header) add(name);
    m_text += '\n';
    m_first = true;
}

void CsvTable::separator() {
    if (!m_first) m_text += ',';
    m_first = false;
}

CsvTable& CsvTable::row() {
    if (!m_text.ends_with('\n')) m_text += '\n';
    m_first = true;
    return *this;
}

CsvTable& CsvTable::add(const std::string& text) {
    separator();
    if (text.find_first_of(",\"\r\n") == std::string::npos) {
        m_text += text;
        return *this;
    }
    m_text += '"';
    for (const char c : text) {
        if (c == '"') m_text += '"';
        m_text += c;
    }
    m_text += '"';
    return *this;
}

CsvTable& CsvTable::add(double value) { return add(std::isnan(value) ? std::string() : shortest(value)); }
CsvTable& CsvTable::add(float value) { return add(std::isnan(value) ? std::string() : shortest(value)); }
CsvTable& CsvTable::add(int64_t value) { return add(std::to_string(value)); }

Result<void> CsvTable::write(const std::filesystem::path& path) const {
    return writeFileAtomically(path, m_text.ends_with('\n') ? m_text : m_text + '\n');
}

}  // namespace txfm::workflow
