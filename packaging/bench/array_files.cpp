// SPDX-License-Identifier: GPL-3.0-or-later
#include "packaging/bench/array_files.h"

#include <fstream>
#include <stdexcept>

namespace txfm::bench {

void ArrayFolder::write(const std::string& name, const CsrMatrix& matrix) const {
    write(name + "_data", matrix.values);
    write(name + "_indices", matrix.indices);
    write(name + "_indptr", matrix.indptr);
}

void ArrayFolder::put(const std::string& name, const char* type, const void* values, size_t count, size_t size, int64_t columns) const {
    if (m_folder.empty()) return;
    std::string shape = std::to_string(columns > 0 ? count / static_cast<size_t>(columns) : count) + ",";
    if (columns > 0) shape += " " + std::to_string(columns);
    std::string header = std::string("{'descr': '") + type + "', 'fortran_order': False, 'shape': (" + shape + "), }";
    header.resize((header.size() + 10 + 63) / 64 * 64 - 11, ' ');
    header += '\n';
    std::ofstream file(m_folder / (name + ".npy"), std::ios::binary);
    file << std::string("\x93NUMPY\x01\x00", 8) << static_cast<char>(header.size() & 0xff) << static_cast<char>(header.size() >> 8) << header;
    file.write(static_cast<const char*>(values), static_cast<std::streamsize>(count * size));
    if (!file.flush()) throw std::runtime_error("cannot write " + (m_folder / (name + ".npy")).string());
}

}  // namespace txfm::bench
