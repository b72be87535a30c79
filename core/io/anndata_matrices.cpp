// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/io/anndata_elements.h"

namespace txfm::io::anndata {
namespace {

using hdf5::ElementKind;
using Json = nlohmann::json;

constexpr int kMaxDepth = 32;  // groups can contain themselves
constexpr int64_t kMaxJsonValues = 10'000'000;

Json readArray(const Node& node) {
    if (!node.checkReadable() || node.elements() > kMaxJsonValues) return nullptr;
    const bool scalar = node.shape().empty();
    const auto wrap = [&](const auto& values) -> Json {
        if (!values.ok() || (scalar && values->empty())) return nullptr;
        return scalar ? Json(values->front()) : Json(*values);
    };
    const hdf5::ElementType type = node.type();
    if (type.kind == ElementKind::String) return wrap(node.readTexts());
    if (type.kind == ElementKind::Float) return wrap(node.readAll<double>());
    if (type.isInteger()) return wrap(node.readAll<int64_t>());
    if (type.kind != ElementKind::Boolean) return nullptr;
    const Result<std::vector<uint8_t>> flags = node.readAll<uint8_t>();
    if (!flags) return nullptr;
    Json list = Json::array();
    for (const uint8_t flag : *flags) list.push_back(flag != 0);
    return scalar ? list.at(0) : list;
}

/// One array member of a compound data set, read with a memory type that selects it alone.
std::optional<DenseMatrix> readArrayMember(const Node& slot, unsigned member, const std::string& name, int64_t rows) {
    const auto guard = hdf5::lock();
    const hdf5::Handle whole(H5Dget_type(slot.id())), type(H5Tget_member_type(whole, member));
    hsize_t width = 0;
    if (H5Tget_class(type) != H5T_ARRAY || H5Tget_array_ndims(type) != 1 || H5Tget_array_dims2(type, &width) != 1 ||
        width > 100'000)
        return std::nullopt;
    const hdf5::Handle memoryMember(H5Tarray_create2(H5T_NATIVE_FLOAT, 1, &width));
    const hdf5::Handle memory(H5Tcreate(H5T_COMPOUND, sizeof(float) * width));
    H5Tinsert(memory, name.c_str(), 0, memoryMember);
    DenseMatrix matrix(rows, static_cast<int64_t>(width));
    if (H5Dread(slot.id(), memory, H5S_ALL, H5S_ALL, H5P_DEFAULT, matrix.values.data()) < 0) return std::nullopt;
    return matrix;
}

Json readNested(const Node& node, int depth) {
    if (node.attributeText("encoding-type") == "null") return nullptr;
    if (node.isDataset()) return readArray(node);
    Json object = Json::object();
    if (!node.isGroup() || depth >= kMaxDepth) return nullptr;
    for (const std::string& name : node.children())
        if (const Result<Node> child = node.child(name); child.ok()) object[name] = readNested(*child, depth + 1);
    return object;
}

}  // namespace

Result<MatrixHeader> readMatrixHeader(const Node& node) {
    MatrixHeader header;
    if (node.isDataset()) {
        const std::vector<int64_t> shape = node.shape();
        if (shape.size() != 2 || !node.type().isNumeric()) return badInput(node.where() + " is not a matrix of numbers.");
        header.rows = shape[0];
        header.cols = shape[1];
    } else {
        std::string format = node.attributeText("encoding-type");
        if (format.empty()) format = node.attributeText("h5sparse_format");
        if (format.starts_with("csr"))
            header.layout = MatrixLayout::CompressedRows;
        else if (format.starts_with("csc"))
            header.layout = MatrixLayout::CompressedColumns;
        else
            return badInput(node.where() + " has the encoding '" + (format.empty() ? "unknown" : format) + " " +
                            node.attributeText("encoding-version") + "', which is not understood.");
        std::vector<int64_t> shape = node.attributeIntegers("shape");
        if (shape.empty()) shape = node.attributeIntegers("h5sparse_shape");
        if (shape.size() != 2) return badInput(node.where() + " does not say its shape; the file is damaged.");
        header.rows = shape[0];
        header.cols = shape[1];
        TXFM_TRY(const Node data, node.child("data"));
        header.stored = data.elements();
    }
    if (header.rows < 0 || header.cols < 0 || header.rows >= INT32_MAX || header.cols >= INT32_MAX)
        return badInput(node.where() + " claims " + std::to_string(header.rows) + " × " + std::to_string(header.cols) +
                            " values, which is impossible; the file is damaged.",
                        "Download or export the file again.");
    return header;
}

Result<std::optional<DenseMatrix>> readDense(const Node& node) {
    const std::vector<int64_t> shape = node.shape();
    if (!node.isDataset() || !node.type().isNumeric() || shape.empty() || shape.size() > 2)
        return std::optional<DenseMatrix>{};
    DenseMatrix matrix;
    matrix.rows = shape[0];
    matrix.cols = shape.size() == 2 ? shape[1] : 1;
    TXFM_TRY(matrix.values, node.readAll<float>());
    return std::optional<DenseMatrix>{std::move(matrix)};
}

Result<std::map<std::string, std::optional<DenseMatrix>>> readArrays(const Node& slot, int64_t maxElements) {
    std::map<std::string, std::optional<DenseMatrix>> arrays;
    if (slot.isDataset()) {
        TXFM_CHECK(slot.checkReadable());
        if (slot.type().kind != ElementKind::Compound || slot.shape().size() != 1)
            return badInput(slot.where() + " is not a set of arrays.");
        const auto guard = hdf5::lock();
        const hdf5::Handle type(H5Dget_type(slot.id()));
        for (int i = 0, n = H5Tget_nmembers(type); i < n; ++i) {
            char* name = H5Tget_member_name(type, static_cast<unsigned>(i));
            const std::string key = name ? name : "";
            H5free_memory(name);
            arrays[key] = readArrayMember(slot, static_cast<unsigned>(i), key, slot.shape()[0]);
        }
        return arrays;
    }
    for (const std::string& key : slot.children()) {
        TXFM_TRY(const Node node, slot.child(key));
        if (maxElements > 0 && node.elements() > maxElements) continue;
        TXFM_TRY(arrays[key], readDense(node));
    }
    return arrays;
}

Json readJson(const Node& node) { return readNested(node, 0); }

}  // namespace txfm::io::anndata
