// SPDX-License-Identifier: GPL-3.0-or-later
// Attributes and texts of a Node.
#include <algorithm>

#include "core/base/utf8.h"
#include "core/io/hdf5_node.h"
#include "core/io/hdf5_types.h"

namespace txfm::io::hdf5 {
namespace {

/// Texts from memory that H5Dread or H5Aread filled, or an empty list on failure.
template <class Read>
bool readTextElements(hid_t fileType, size_t count, std::vector<std::string>& out, hid_t space, Read&& read) {
    out.clear();
    out.reserve(count);
    if (H5Tis_variable_str(fileType) > 0) {
        const Handle memory(H5Tcopy(H5T_C_S1));
        H5Tset_size(memory, H5T_VARIABLE);
        H5Tset_cset(memory, H5Tget_cset(fileType));
        std::vector<char*> pointers(count, nullptr);
        const bool ok = read(memory.get(), pointers.data()) >= 0;
        if (ok)
            for (const char* text : pointers) out.push_back(text ? toUtf8(text) : std::string());
        if (count > 0) H5Dvlen_reclaim(memory, space, H5P_DEFAULT, pointers.data());
        return ok;
    }
    const size_t width = H5Tget_size(fileType);
    std::vector<char> bytes(width * count);
    if (read(fileType, bytes.data()) < 0) return false;
    const bool spacePadded = H5Tget_strpad(fileType) == H5T_STR_SPACEPAD;
    for (size_t i = 0; i < count; ++i) {
        std::string text(bytes.data() + i * width, width);
        if (spacePadded) text.erase(text.find_last_not_of(' ') + 1);
        out.push_back(toUtf8(std::move(text)));
    }
    return true;
}

}  // namespace

bool Node::hasAttribute(const std::string& name) const {
    const auto guard = lock();
    return H5Aexists(m_id, name.c_str()) > 0;
}

std::string Node::attributeText(const std::string& name) const {
    std::vector<std::string> texts = attributeTexts(name);
    return texts.size() == 1 ? texts.front() : std::string();
}

std::vector<std::string> Node::attributeTexts(const std::string& name) const {
    std::vector<std::string> texts;
    const auto guard = lock();
    if (!hasAttribute(name)) return texts;
    const Handle attribute(H5Aopen(m_id, name.c_str(), H5P_DEFAULT));
    if (!attribute.valid()) return texts;
    const Handle type(H5Aget_type(attribute)), space(H5Aget_space(attribute));
    const hssize_t count = H5Sget_simple_extent_npoints(space);
    if (H5Tget_class(type) != H5T_STRING || count < 1 || count > (hssize_t{1} << 24)) return texts;
    if (!readTextElements(type, static_cast<size_t>(count), texts, space,
                          [&](hid_t memory, void* out) { return H5Aread(attribute, memory, out); }))
        texts.clear();
    return texts;
}

std::vector<int64_t> Node::attributeIntegers(const std::string& name) const {
    const auto guard = lock();
    if (!hasAttribute(name)) return {};
    const Handle attribute(H5Aopen(m_id, name.c_str(), H5P_DEFAULT));
    if (!attribute.valid()) return {};
    const Handle type(H5Aget_type(attribute)), space(H5Aget_space(attribute));
    const hssize_t count = H5Sget_simple_extent_npoints(space);
    const ElementType element = describeType(type);
    if (!element.isNumeric() || !partsFit(type) || count < 1 || count > 1024) return {};
    std::vector<int64_t> values(static_cast<size_t>(count));
    if (element.kind == ElementKind::Boolean) {
        std::vector<int8_t> bytes(values.size());
        if (H5Aread(attribute, type, bytes.data()) < 0) return {};
        std::copy(bytes.begin(), bytes.end(), values.begin());
        return values;
    }
    if (H5Aread(attribute, H5T_NATIVE_INT64, values.data()) < 0) return {};
    return values;
}

Result<std::vector<std::string>> Node::readTexts() const {
    TXFM_CHECK(checkReadable());
    const auto guard = lock();
    const Handle type(H5Dget_type(m_id)), space(H5Dget_space(m_id));
    if (H5Tget_class(type) != H5T_STRING) return badInput(where() + " does not hold texts.");
    std::vector<std::string> texts;
    const int64_t count = elements();
    if (count == 0) return texts;
    if (!readTextElements(type, static_cast<size_t>(count), texts, space, [&](hid_t memory, void* out) {
            return H5Dread(m_id, memory, H5S_ALL, H5S_ALL, H5P_DEFAULT, out);
        }))
        return unreadable(*this);
    return texts;
}

}  // namespace txfm::io::hdf5
