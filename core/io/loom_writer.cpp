// SPDX-License-Identifier: GPL-3.0-or-later
#include <algorithm>
#include <set>

#include "core/base/atomic_file.h"
#include "core/io/anndata_writing.h"
#include "core/io/exports.h"

namespace txfm::io {
namespace fs = std::filesystem;
namespace {

using hdf5::Handle;

constexpr hsize_t kChunkGenes = 64, kChunkCells = 256;
constexpr int64_t kBlockValues = int64_t{1} << 24;

std::string uniqueName(std::string name, std::set<std::string>& taken) {
    std::ranges::replace(name, '/', '_');  // a slash would make a group
    if (name.empty() || name == ".") name = "unnamed";
    while (!taken.insert(name).second) name += "_";
    return name;
}

void writeColumn(hid_t group, const Column& column, std::set<std::string>& taken) {
    const std::string name = uniqueName(column.name, taken);
    const bool whole = column.missing.empty();
    if (const auto* numbers = std::get_if<std::vector<double>>(&column.values)) {
        hdf5::writeArray(group, name, {numbers->size()}, numbers->data());
    } else if (const auto* integers = std::get_if<std::vector<int64_t>>(&column.values); integers && whole) {
        hdf5::writeArray(group, name, {integers->size()}, integers->data());
    } else {
        std::vector<std::string> texts;
        for (size_t row = 0; row < column.size(); ++row) texts.push_back(column.text(row));
        hdf5::writeTexts(group, name, texts);
    }
}

void writeAttributes(hid_t file, const char* group, const Table& table, const char* indexName,
                     const std::map<std::string, DenseMatrix>& wide) {
    const Handle attributes = hdf5::openOrCreateGroup(file, group);
    std::set<std::string> taken{indexName};
    hdf5::writeTexts(attributes, indexName, table.index);
    for (const Column& column : table.columns) writeColumn(attributes, column, taken);
    for (const auto& [key, matrix] : wide)
        hdf5::writeArray(attributes, uniqueName(key, taken), {static_cast<hsize_t>(matrix.rows), static_cast<hsize_t>(matrix.cols)}, matrix.values.data());
}

Handle createMatrix(hid_t file, int64_t genes, int64_t cells, bool counts) {
    const auto guard = hdf5::lock();
    const hsize_t extents[2] = {static_cast<hsize_t>(genes), static_cast<hsize_t>(cells)};
    const hsize_t chunk[2] = {std::min(kChunkGenes, extents[0]), std::min(kChunkCells, extents[1])};
    const hsize_t most[2] = {extents[0], H5S_UNLIMITED};
    const Handle space(H5Screate_simple(2, extents, most)), creation(H5Pcreate(H5P_DATASET_CREATE));
    H5Pset_chunk(creation, 2, chunk);
    H5Pset_shuffle(creation);
    H5Pset_deflate(creation, 2);
    Handle matrix(H5Dcreate2(file, "matrix", counts ? H5T_STD_I32LE : H5T_IEEE_F32LE, space, H5P_DEFAULT, creation, H5P_DEFAULT));
    if (!matrix.valid()) throw hdf5::WriteFailure("the matrix");
    return matrix;
}

/// Cells [begin, begin + count) as columns; `values` is [genes × count].
void writeCells(hid_t matrix, int64_t begin, int64_t count, int64_t genes, const std::vector<float>& values) {
    const auto guard = hdf5::lock();
    const hsize_t start[2] = {0, static_cast<hsize_t>(begin)}, size[2] = {static_cast<hsize_t>(genes), static_cast<hsize_t>(count)};
    const Handle file(H5Dget_space(matrix)), memory(H5Screate_simple(2, size, nullptr));
    if (H5Sselect_hyperslab(file, H5S_SELECT_SET, start, nullptr, size, nullptr) < 0 ||
        H5Dwrite(matrix, H5T_NATIVE_FLOAT, memory, file, H5P_DEFAULT, values.data()) < 0)
        throw hdf5::WriteFailure("the matrix");
}

Result<void> writeMatrix(hid_t file, const Dataset& dataset, Progress& progress) {
    const int64_t genes = dataset.genes(), cells = dataset.cells();
    const Handle matrix = createMatrix(file, genes, cells, dataset.provenance.valueKind == ValueKind::Counts);
    // Whole chunks, so that none is written twice.
    const auto chunkCells = static_cast<int64_t>(kChunkCells);
    const int64_t step = std::max<int64_t>(1, kBlockValues / genes / chunkCells) * chunkCells;
    StageProgress stage(progress, "write", static_cast<double>(cells), "cells");
    std::vector<float> values;
    for (int64_t begin = 0; begin < cells; begin += step) {
        if (progress.cancelled()) return cancelledError();
        const int64_t count = std::min(step, cells - begin);
        TXFM_TRY(const CsrMatrix block, dataset.counts->readRows(begin, begin + count));
        values.assign(static_cast<size_t>(genes * count), 0.0f);
        for (int64_t row = 0; row < count; ++row)
            for (int64_t k = block.indptr[row]; k < block.indptr[row + 1]; ++k)
                values[static_cast<size_t>(block.indices[k] * count + row)] = block.values[k];
        writeCells(matrix, begin, count, genes, values);
        stage.set(static_cast<double>(begin + count));
    }
    return {};
}

}  // namespace

Result<void> writeLoom(const fs::path& out, const Dataset& dataset, Progress& progress) {
    TXFM_TRY(AtomicFile target, AtomicFile::create(out));
    TXFM_CHECK(hdf5::writing(out, [&]() -> Result<void> {
        Handle file = hdf5::createFile(target.temporaryPath());
        for (const char* group : {"attrs", "layers", "row_graphs", "col_graphs"}) hdf5::openOrCreateGroup(file, group);
        hdf5::writeTexts(file, "attrs/LOOM_SPEC_VERSION", {"3.0.0"}, true);
        hdf5::writeTexts(file, "attrs/CreatedWith", {"txfm " TXFM_VERSION}, true);
        writeAttributes(file, "row_attrs", dataset.var, "Gene", {});
        writeAttributes(file, "col_attrs", dataset.obs, "CellID", dataset.obsm);
        TXFM_CHECK(writeMatrix(file, dataset, progress));
        hdf5::closeWritten(file);
        return {};
    }));
    return target.commit();
}

}  // namespace txfm::io
