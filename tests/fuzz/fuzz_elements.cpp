// SPDX-License-Identifier: GPL-3.0-or-later
// AnnData files that HDF5 itself wrote, with contents that the input chooses: shapes, types, texts and numbers of
// every element. The reader meets odd values behind sound HDF5 structures, which flipped bytes rarely reach.
#include <hdf5.h>

#include <cstdlib>
#include <cstring>
#include <vector>

#include "core/base/parallel.h"
#include "core/io/hdf5_node.h"
#include "core/io/h5ad_writer.h"
#include "core/io/reader.h"
#include "tests/fuzz/scratch.h"

namespace {

using namespace txfm;
using io::hdf5::Handle;

/// Hands out the bytes of the input; zeros once they are used up.
class Choices {
public:
    Choices(const uint8_t* data, size_t size) : m_data(data), m_left(size) {}
    uint8_t byte() {
        if (m_left == 0) return 0;
        --m_left;
        return *m_data++;
    }
    uint8_t below(uint8_t bound) { return static_cast<uint8_t>(byte() % bound); }
    int64_t number() {
        static const int64_t kUsual[] = {0, 1, 2, 3, 4, 5, 6, 7, -1, 100, INT32_MAX, int64_t{1} << 40, INT64_MIN};
        const uint8_t choice = byte();
        return choice < 200 ? kUsual[choice % std::size(kUsual)] : choice;
    }
    std::string text() {
        static const char* const kUsual[] = {"csr_matrix", "csc_matrix", "array", "categorical", "dataframe", "string-array", "nullable-integer",
                                             "nullable-boolean", "null", "dict", "anndata", "0.1.0", "0.2.0", "_index", "index", "n", "batch", ""};
        const uint8_t choice = byte();
        if (choice < 230) return kUsual[choice % std::size(kUsual)];
        std::string text;
        for (uint8_t i = below(8); i > 0; --i) text += static_cast<char>(byte());
        return text;
    }

private:
    const uint8_t* m_data;
    size_t m_left;
};

Handle textType() {
    Handle type(H5Tcopy(H5T_C_S1));
    H5Tset_size(type, H5T_VARIABLE);
    return type;
}

void textAttribute(hid_t object, const char* name, const std::vector<std::string>& values, bool scalar) {
    const Handle type = textType();
    const hsize_t extent = values.size();
    const Handle space(scalar ? H5Screate(H5S_SCALAR) : H5Screate_simple(1, &extent, nullptr));
    const Handle attribute(H5Acreate2(object, name, type, space, H5P_DEFAULT, H5P_DEFAULT));
    std::vector<const char*> pointers;
    for (const std::string& value : values) pointers.push_back(value.c_str());
    if (attribute.valid() && !pointers.empty()) H5Awrite(attribute, type, pointers.data());
}

/// A data set of any type, rank and content.
void anyArray(hid_t parent, const char* name, Choices& choices) {
    static const hid_t kTypes[] = {H5T_STD_I8LE, H5T_STD_U8LE, H5T_STD_I32LE, H5T_STD_I64LE, H5T_STD_U64LE, H5T_STD_I16BE,
                                   H5T_IEEE_F32LE, H5T_IEEE_F64LE, H5T_IEEE_F32BE, H5T_NATIVE_LDOUBLE};
    const int rank = choices.below(4) == 0 ? choices.below(4) : 1;
    hsize_t extents[4];
    hsize_t total = 1;
    for (int i = 0; i < rank; ++i) total *= extents[i] = choices.below(12);
    const Handle space(rank == 0 ? H5Screate(H5S_SCALAR) : H5Screate_simple(rank, extents, nullptr));
    if (choices.below(3) == 0) {
        const Handle type = textType(), dataset(H5Dcreate2(parent, name, type, space, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT));
        std::vector<std::string> texts;
        for (hsize_t i = 0; i < total; ++i) texts.push_back(choices.text());
        std::vector<const char*> pointers;
        for (const std::string& text : texts) pointers.push_back(text.c_str());
        if (dataset.valid() && total > 0) H5Dwrite(dataset, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, pointers.data());
        return;
    }
    const hid_t type = kTypes[choices.below(std::size(kTypes))];
    const Handle creation(H5Pcreate(H5P_DATASET_CREATE));
    if (rank > 0 && total > 0 && choices.below(2) == 0) {
        hsize_t chunk[4];
        for (int i = 0; i < rank; ++i) chunk[i] = 1 + choices.below(4);
        H5Pset_chunk(creation, rank, chunk);
        if (choices.below(2) == 0) H5Pset_shuffle(creation);
        if (choices.below(2) == 0) H5Pset_deflate(creation, 1);
    }
    const Handle dataset(H5Dcreate2(parent, name, type, space, H5P_DEFAULT, creation, H5P_DEFAULT));
    std::vector<double> values(total);
    for (double& value : values) value = choices.byte() < 240 ? static_cast<double>(choices.number()) : -0.5;
    if (dataset.valid() && total > 0) H5Dwrite(dataset, H5T_NATIVE_DOUBLE, H5S_ALL, H5S_ALL, H5P_DEFAULT, values.data());
}

void anyElement(hid_t parent, const char* name, Choices& choices, int depth);

Handle anyGroup(hid_t parent, const char* name, const std::vector<const char*>& members, Choices& choices, int depth) {
    Handle group(H5Gcreate2(parent, name, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT));
    if (!group.valid()) return group;
    for (const char* attribute : {"encoding-type", "encoding-version", "_index"})
        if (choices.below(4) > 0) textAttribute(group, attribute, {choices.text()}, choices.below(5) > 0);
    if (choices.below(3) > 0) textAttribute(group, "column-order", {choices.text(), choices.text()}, false);
    if (choices.below(3) > 0) {
        const hsize_t extent = 1 + choices.below(3);
        const Handle space(H5Screate_simple(1, &extent, nullptr));
        const Handle attribute(H5Acreate2(group, "shape", H5T_STD_I64LE, space, H5P_DEFAULT, H5P_DEFAULT));
        const int64_t shape[3] = {choices.number(), choices.number(), choices.number()};
        H5Awrite(attribute, H5T_NATIVE_INT64, shape);
    }
    for (const char* member : members)
        if (choices.below(8) > 0) anyElement(group, member, choices, depth + 1);
    return group;
}

void anyElement(hid_t parent, const char* name, Choices& choices, int depth) {
    if (depth > 4) return;
    switch (choices.below(6)) {
        case 0: anyGroup(parent, name, {"codes", "categories"}, choices, depth); break;
        case 1: anyGroup(parent, name, {"values", "mask"}, choices, depth); break;
        case 2: anyGroup(parent, name, {"data", "indices", "indptr"}, choices, depth); break;
        case 3: H5Lcreate_soft("/obs", parent, name, H5P_DEFAULT, H5P_DEFAULT); break;
        default: anyArray(parent, name, choices);
    }
}

void writeFile(const std::filesystem::path& path, Choices choices) {
    const auto guard = io::hdf5::lock();
    const Handle file(H5Fcreate(path.c_str(), H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT));
    if (!file.valid()) std::abort();
    const std::vector<const char*> columns{"_index", "index", "n", "batch", "__categories"};
    for (const char* table : {"obs", "var"}) anyGroup(file, table, columns, choices, 0);
    anyElement(file, "X", choices, 0);
    anyGroup(file, "layers", {"counts"}, choices, 0);
    anyGroup(file, "obsm", {"X_pca", "X_txfm"}, choices, 0);
    anyGroup(file, "varm", {"PCs"}, choices, 0);
    anyGroup(file, "uns", {"txfm", "n"}, choices, 0);
    if (choices.below(2)) anyGroup(file, "raw", {"X", "var"}, choices, 0);
}

}  // namespace

extern "C" void txfmRegisterReaders(txfm::io::ReaderRegistry& registry);

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    static fuzz::Scratch scratch;
    static io::ReaderRegistry registry;
    if (registry.readers().empty()) {
        setThreadCount(1);
        txfmRegisterReaders(registry);
    }
    const auto path = scratch.folder() / TXFM_FUZZ_FILE;
    writeFile(path, Choices(data, size));
    Progress silent;
    const io::Reader& reader = *registry.readers().front();
    const auto info = reader.info(path, {});
    if (!info && info.error().message.empty()) std::abort();
    for (const bool keepInMemory : {true, false}) {
        io::ReadOptions options;
        options.keepInMemory = keepInMemory;
        options.allowNormalised = true;
        const auto dataset = reader.open(path, options, silent);
        if (dataset && !dataset->counts->readRows(0, dataset->cells()) && dataset->cells() == 0) std::abort();
    }
    (void)io::readObsm(path, "X_txfm").ok();
    (void)io::readUns(path, "txfm").ok();
    return 0;
}
