// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/io/anndata_writing.h"

#include <algorithm>
#include <limits>

namespace txfm::io::anndata {
namespace {

using hdf5::Handle;
using Json = nlohmann::json;

template <class... F>
struct Overloaded : F... {
    using F::operator()...;
};
template <class... F>
Overloaded(F...) -> Overloaded<F...>;

template <class T>
Handle writeAs(hid_t parent, const std::string& name, const std::vector<int32_t>& codes) {
    const std::vector<T> narrow(codes.begin(), codes.end());
    return hdf5::writeArray<T>(parent, name, {narrow.size()}, narrow.data());
}

/// Codes in the narrowest type, as pandas has them.
Handle writeCodes(hid_t parent, const std::string& name, const Categorical& labels) {
    if (labels.categories.size() <= 127) return writeAs<int8_t>(parent, name, labels.codes);
    if (labels.categories.size() <= 32767) return writeAs<int16_t>(parent, name, labels.codes);
    return writeAs<int32_t>(parent, name, labels.codes);
}

void writeCategorical(hid_t frame, const std::string& name, const Categorical& labels) {
    const Handle group = hdf5::openOrCreateGroup(frame, name);
    writeEncoding(group, "categorical", "0.2.0");
    hdf5::writeAttribute(group, "ordered", labels.ordered);
    writeEncoding(writeCodes(group, "codes", labels), "array", "0.2.0");
    writeEncoding(hdf5::writeTexts(group, "categories", labels.categories), "string-array", "0.2.0");
}

/// Frames of version 0.1.0: codes with a reference to their labels in `__categories`.
void writeLegacyCategorical(hid_t frame, const std::string& name, const Categorical& labels) {
    const Handle all = hdf5::openOrCreateGroup(frame, "__categories");
    hdf5::removeMember(all, name);
    const Handle categories = hdf5::writeTexts(all, name, labels.categories);
    hdf5::writeAttribute(categories, "ordered", labels.ordered);
    const Handle codes = writeCodes(frame, name, labels);
    const auto guard = hdf5::lock();
    hobj_ref_t reference;
    const Handle space(H5Screate(H5S_SCALAR));
    const Handle attribute(H5Acreate2(codes, "categories", H5T_STD_REF_OBJ, space, H5P_DEFAULT, H5P_DEFAULT));
    if (H5Rcreate(&reference, all, name.c_str(), H5R_OBJECT, H5I_INVALID_HID) < 0 ||
        H5Awrite(attribute, H5T_STD_REF_OBJ, &reference) < 0)
        throw hdf5::WriteFailure("a column");
}

Handle writeValues(hid_t parent, const std::string& name, const Column::Values& values) {
    return std::visit(
        Overloaded{[&](const std::vector<double>& v) { return hdf5::writeArray(parent, name, {v.size()}, v.data()); },
                   [&](const std::vector<int64_t>& v) { return hdf5::writeArray(parent, name, {v.size()}, v.data()); },
                   [&](const std::vector<uint8_t>& v) { return hdf5::writeBooleans(parent, name, {v.size()}, v); },
                   [&](const std::vector<std::string>& v) { return hdf5::writeTexts(parent, name, v); },
                   [&](const Categorical& v) { return writeCodes(parent, name, v); }},
        values);
}

void writeMasked(hid_t frame, const Column& column) {
    const bool boolean = std::holds_alternative<std::vector<uint8_t>>(column.values);
    const Handle group = hdf5::openOrCreateGroup(frame, column.name);
    writeEncoding(group, boolean ? "nullable-boolean" : "nullable-integer", "0.1.0");
    writeEncoding(writeValues(group, "values", column.values), "array", "0.2.0");
    writeEncoding(hdf5::writeBooleans(group, "mask", {column.missing.size()}, column.missing), "array", "0.2.0");
}

void writeJsonArray(hid_t parent, const std::string& name, const Json& list) {
    const auto all = [&](auto test) { return std::all_of(list.begin(), list.end(), test); };
    if (all([](const Json& v) { return v.is_number_integer(); }) && !list.empty()) {
        const auto values = list.get<std::vector<int64_t>>();
        writeEncoding(hdf5::writeArray(parent, name, {values.size()}, values.data()), "array", "0.2.0");
    } else if (all([](const Json& v) { return v.is_number() || v.is_null(); })) {
        std::vector<double> values;
        for (const Json& v : list) values.push_back(v.is_null() ? std::numeric_limits<double>::quiet_NaN() : v.get<double>());
        writeEncoding(hdf5::writeArray(parent, name, {values.size()}, values.data()), "array", "0.2.0");
    } else if (all([](const Json& v) { return v.is_boolean(); })) {
        std::vector<uint8_t> values;
        for (const Json& v : list) values.push_back(v.get<bool>());
        writeEncoding(hdf5::writeBooleans(parent, name, {values.size()}, values), "array", "0.2.0");
    } else if (all([](const Json& v) { return v.is_string(); })) {
        writeEncoding(hdf5::writeTexts(parent, name, list.get<std::vector<std::string>>()), "string-array", "0.2.0");
    } else {
        // Mixed lists have no AnnData encoding; their JSON text keeps what they say.
        writeEncoding(hdf5::writeTexts(parent, name, {list.dump()}, true), "string", "0.2.0");
    }
}

}  // namespace

void writeEncoding(hid_t object, const std::string& type, const std::string& version) {
    hdf5::writeAttribute(object, "encoding-type", type);
    hdf5::writeAttribute(object, "encoding-version", version);
}

Handle openMapping(hid_t parent, const std::string& name) {
    const auto guard = hdf5::lock();
    const bool isNew = H5Lexists(parent, name.c_str(), H5P_DEFAULT) <= 0;
    Handle group = hdf5::openOrCreateGroup(parent, name);
    if (isNew) writeEncoding(group, "dict", "0.1.0");
    return group;
}

void writeColumn(hid_t frame, const Column& column, bool legacy) {
    const auto guard = hdf5::lock();
    hdf5::removeMember(frame, column.name);
    const bool masked = !column.missing.empty() && std::ranges::any_of(column.missing, [](uint8_t m) { return m != 0; });
    const bool text = std::holds_alternative<std::vector<std::string>>(column.values);
    if (const auto* labels = std::get_if<Categorical>(&column.values); labels || (masked && (text || legacy))) {
        // Texts with missing entries: categories hold them in every version of anndata.
        const Categorical all = labels ? *labels : column.toCategorical();
        legacy ? writeLegacyCategorical(frame, column.name, all) : writeCategorical(frame, column.name, all);
    } else if (masked && !std::holds_alternative<std::vector<double>>(column.values)) {
        writeMasked(frame, column);
    } else if (masked) {
        std::vector<double> values;
        for (size_t row = 0; row < column.size(); ++row) values.push_back(column.number(row));
        writeEncoding(hdf5::writeArray(frame, column.name, {values.size()}, values.data()), "array", "0.2.0");
    } else {
        writeEncoding(writeValues(frame, column.name, column.values), text ? "string-array" : "array", "0.2.0");
    }
}

void writeTable(hid_t parent, const std::string& name, const Table& table) {
    const auto guard = hdf5::lock();
    const Handle frame = hdf5::openOrCreateGroup(parent, name);
    writeEncoding(frame, "dataframe", "0.2.0");
    std::string index = table.indexName.empty() ? "_index" : table.indexName;
    if (table.find(index)) index = "_index";  // a column may have the index's name
    hdf5::writeAttribute(frame, "_index", index);
    std::vector<std::string> order;
    for (const Column& column : table.columns) order.push_back(column.name);
    hdf5::writeAttribute(frame, "column-order", order);
    writeEncoding(hdf5::writeTexts(frame, index, table.index), "string-array", "0.2.0");
    for (const Column& column : table.columns) writeColumn(frame, column);
}

void writeDense(hid_t parent, const std::string& name, const DenseMatrix& matrix) {
    const std::vector<hsize_t> shape = {static_cast<hsize_t>(matrix.rows), static_cast<hsize_t>(matrix.cols)};
    writeEncoding(hdf5::writeArray(parent, name, shape, matrix.values.data()), "array", "0.2.0");
}

void writeSparse(hid_t parent, const std::string& name, const CsrMatrix& matrix) {
    const Handle group = hdf5::openOrCreateGroup(parent, name);
    writeEncoding(group, "csr_matrix", "0.1.0");
    hdf5::writeAttribute(group, "shape", std::vector<int64_t>{matrix.rows, matrix.cols});
    hdf5::PackedWriter<float> data(group, "data");
    data.append(matrix.values);
    data.finish();
    hdf5::PackedWriter<int32_t> indices(group, "indices");
    indices.append(matrix.indices);
    indices.finish();
    if (matrix.nnz() <= std::numeric_limits<int32_t>::max()) {  // scipy wants both index types equal
        const std::vector<int32_t> narrow(matrix.indptr.begin(), matrix.indptr.end());
        hdf5::writeArray(group, "indptr", {narrow.size()}, narrow.data());
    } else {
        hdf5::writeArray(group, "indptr", {matrix.indptr.size()}, matrix.indptr.data());
    }
}

static Result<void> writeDenseCounts(hid_t parent, const std::string& name, const CountSource& counts,
                                     Progress& progress) {
    constexpr int64_t kBlockValues = int64_t{4} << 20;
    const Handle matrix = hdf5::createMatrix(parent, name, counts.cells(), counts.genes());
    writeEncoding(matrix, "array", "0.2.0");
    StageProgress stage(progress, "write", static_cast<double>(counts.cells()), "cells");
    const int64_t step = std::clamp<int64_t>(kBlockValues / std::max<int64_t>(1, counts.genes()), 1, 4096);
    for (int64_t row = 0; row < counts.cells(); row += step) {
        if (progress.cancelled()) return cancelledError();
        const int64_t end = std::min(row + step, counts.cells());
        TXFM_TRY(const CsrMatrix block, counts.readRows(row, end));
        DenseMatrix values(block.rows, counts.genes());
        for (int64_t i = 0; i < block.rows; ++i)
            for (int64_t k = block.indptr[i]; k < block.indptr[i + 1]; ++k) values(i, block.indices[k]) = block.values[k];
        hdf5::writeRows(matrix, row, block.rows, counts.genes(), values.values.data());
        stage.set(static_cast<double>(end));
    }
    return {};
}

Result<void> writeCounts(hid_t parent, const std::string& name, const CountSource& counts, Progress& progress) {
    if (counts.dense()) return writeDenseCounts(parent, name, counts, progress);
    constexpr int64_t kBlockValues = int64_t{8} << 20;
    const Handle group = hdf5::openOrCreateGroup(parent, name);
    writeEncoding(group, "csr_matrix", "0.1.0");
    hdf5::writeAttribute(group, "shape", std::vector<int64_t>{counts.cells(), counts.genes()});
    StageProgress stage(progress, "write", static_cast<double>(counts.cells()), "cells");
    hdf5::PackedWriter<float> data(group, "data");
    hdf5::PackedWriter<int32_t> indices(group, "indices");
    std::vector<int64_t> pointers{0};
    int64_t step = std::clamp<int64_t>(kBlockValues / std::max<int64_t>(1, counts.genes()), 1, 4096);
    for (int64_t row = 0; row < counts.cells();) {
        if (progress.cancelled()) return cancelledError();
        const int64_t end = std::min(row + step, counts.cells());
        TXFM_TRY(const CsrMatrix block, counts.readRows(row, end));
        data.append(block.values);
        indices.append(block.indices);
        for (int64_t i = 0; i < block.rows; ++i) pointers.push_back(pointers[row] + block.indptr[i + 1]);
        row = end;
        // Sparse cells need larger blocks than the first guess, which took them for dense.
        const int64_t perRow = std::max<int64_t>(1, pointers.back() / row);
        step = std::clamp<int64_t>(kBlockValues / perRow, 1, int64_t{1} << 16);
        stage.set(static_cast<double>(row));
    }
    data.finish();
    indices.finish();
    if (pointers.back() <= std::numeric_limits<int32_t>::max()) {
        const std::vector<int32_t> narrow(pointers.begin(), pointers.end());
        hdf5::writeArray(group, "indptr", {narrow.size()}, narrow.data());
    } else {
        hdf5::writeArray(group, "indptr", {pointers.size()}, pointers.data());
    }
    return {};
}

void writeJson(hid_t parent, const std::string& name, const Json& value) {
    const auto guard = hdf5::lock();
    if (value.is_object()) {
        if (H5Lexists(parent, name.c_str(), H5P_DEFAULT) > 0) {
            const Handle old(H5Oopen(parent, name.c_str(), H5P_DEFAULT));
            if (H5Iget_type(old) != H5I_GROUP) hdf5::removeMember(parent, name);
        }
        const Handle group = openMapping(parent, name);
        for (const auto& [key, member] : value.items()) writeJson(group, key, member);
        return;
    }
    if (value.is_null()) return;
    hdf5::removeMember(parent, name);
    if (value.is_array()) return writeJsonArray(parent, name, value);
    if (value.is_string()) {
        writeEncoding(hdf5::writeTexts(parent, name, {value.get<std::string>()}, true), "string", "0.2.0");
    } else if (value.is_boolean()) {
        const uint8_t flag = value.get<bool>();
        writeEncoding(hdf5::writeBooleans(parent, name, {}, {&flag, 1}), "numeric-scalar", "0.2.0");
    } else if (value.is_number_integer()) {
        const auto number = value.get<int64_t>();
        writeEncoding(hdf5::writeArray(parent, name, {}, &number), "numeric-scalar", "0.2.0");
    } else {
        const auto number = value.get<double>();
        writeEncoding(hdf5::writeArray(parent, name, {}, &number), "numeric-scalar", "0.2.0");
    }
}

}  // namespace txfm::io::anndata
