// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/io/safetensors.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <bit>
#include <cerrno>
#include <cstring>
#include <utility>

#include <nlohmann/json.hpp>

#include "core/base/atomic_file.h"
#include "core/base/quoted.h"

static_assert(std::endian::native == std::endian::little, "safetensors data are little-endian");

namespace txfm::io {
namespace {

using Json = nlohmann::json;

constexpr uint64_t kMaxHeader = 100'000'000;
constexpr size_t kMaxDimensions = 8;

/// Bytes per element, 0 = not a type that the format knows.
uint64_t elementSize(const std::string& dtype) {
    static const std::map<std::string, uint64_t> kSizes = {
        {"F64", 8}, {"I64", 8}, {"U64", 8}, {"F32", 4},     {"I32", 4},     {"U32", 4}, {"F16", 2},
        {"BF16", 2}, {"I16", 2}, {"U16", 2}, {"F8_E5M2", 1}, {"F8_E4M3", 1}, {"I8", 1},  {"U8", 1}, {"BOOL", 1}};
    const auto it = kSizes.find(dtype);
    return it == kSizes.end() ? 0 : it->second;
}

Error malformed(const std::filesystem::path& path, const std::string& what) {
    return badInput(quoted(path) + " is not a usable safetensors file: " + what + ".",
                    "Download or export the model again.");
}

/// Keeps names from hostile files short enough for a one-line message.
std::string shown(const std::string& name) {
    std::string text = name.size() > 80 ? name.substr(0, 80) + "…" : name;
    for (char& c : text)
        if (static_cast<unsigned char>(c) < 0x20) c = '?';
    return "'" + text + "'";
}

Result<TensorInfo> parseTensor(const std::filesystem::path& path, const std::string& name, const Json& entry,
                               uint64_t dataSize) {
    if (!entry.is_object() || !entry.contains("dtype") || !entry.contains("shape") || !entry.contains("data_offsets"))
        return malformed(path, "tensor " + shown(name) + " lacks dtype, shape or data_offsets");
    const Json &dtype = entry["dtype"], &shape = entry["shape"], &offsets = entry["data_offsets"];
    if (!dtype.is_string() || elementSize(dtype.get<std::string>()) == 0)
        return malformed(path, "tensor " + shown(name) + " has an unknown type");
    if (!shape.is_array() || shape.size() > kMaxDimensions)
        return malformed(path, "tensor " + shown(name) + " has a malformed shape");
    if (!offsets.is_array() || offsets.size() != 2 || !offsets[0].is_number_unsigned() ||
        !offsets[1].is_number_unsigned())
        return malformed(path, "tensor " + shown(name) + " has malformed offsets");
    TensorInfo info;
    info.dtype = dtype.get<std::string>();
    uint64_t bytes = elementSize(info.dtype);
    for (const Json& size : shape) {
        if (!size.is_number_unsigned()) return malformed(path, "tensor " + shown(name) + " has a malformed shape");
        const uint64_t extent = size.get<uint64_t>();
        if (__builtin_mul_overflow(bytes, extent, &bytes) || extent > uint64_t{1} << 62)
            return malformed(path, "tensor " + shown(name) + " has an impossible shape");
        info.shape.push_back(static_cast<int64_t>(extent));
    }
    info.begin = offsets[0].get<uint64_t>();
    info.end = offsets[1].get<uint64_t>();
    if (info.begin > info.end || info.end > dataSize)
        return malformed(path, "tensor " + shown(name) + " lies outside the file, which may be truncated");
    if (info.end - info.begin != bytes)
        return malformed(path, "the size of tensor " + shown(name) + " does not agree with its shape");
    return info;
}

Result<void> checkOverlap(const std::filesystem::path& path, const std::map<std::string, TensorInfo>& tensors) {
    std::vector<std::pair<const TensorInfo*, const std::string*>> order;
    for (const auto& [name, info] : tensors)
        if (info.begin != info.end) order.emplace_back(&info, &name);
    std::sort(order.begin(), order.end(), [](const auto& a, const auto& b) { return a.first->begin < b.first->begin; });
    for (size_t i = 1; i < order.size(); ++i)
        if (order[i].first->begin < order[i - 1].first->end)
            return malformed(path, "tensors " + shown(*order[i - 1].second) + " and " + shown(*order[i].second) + " overlap");
    return {};
}

float halfToFloat(uint16_t half) {
    const uint32_t sign = uint32_t{half & 0x8000u} << 16;
    const uint32_t exponent = (half >> 10) & 31, mantissa = half & 0x3ff;
    if (exponent == 31) return std::bit_cast<float>(sign | 0x7f800000u | mantissa << 13);
    if (exponent == 0) {
        const float value = static_cast<float>(mantissa) * 0x1p-24f;
        return sign ? -value : value;
    }
    return std::bit_cast<float>(sign | (exponent + 112) << 23 | mantissa << 13);
}

std::string shapeText(const std::vector<int64_t>& shape) {
    std::string text = "[";
    for (size_t i = 0; i < shape.size(); ++i) text += (i ? ", " : "") + std::to_string(shape[i]);
    return text + "]";
}

/// False with errno set, ECANCELED for a stop.
bool writeAll(int fd, const void* data, size_t size, const CancelToken* cancel) {
    const char* p = static_cast<const char*>(data);
    while (size > 0) {
        if (cancel && cancel->cancelled()) {
            errno = ECANCELED;
            return false;
        }
        const ssize_t written = ::write(fd, p, std::min<size_t>(size, size_t{1} << 25));
        if (written < 0 && errno == EINTR) continue;
        if (written < 0) return false;
        p += written;
        size -= static_cast<size_t>(written);
    }
    return true;
}

}  // namespace

uint16_t floatToBfloat16(float value) {
    const uint32_t bits = std::bit_cast<uint32_t>(value);
    if ((bits & 0x7fffffffu) > 0x7f800000u) return static_cast<uint16_t>((bits >> 16) | 0x40);  // NaN stays NaN
    return static_cast<uint16_t>((bits + 0x7fff + ((bits >> 16) & 1)) >> 16);
}

float bfloat16ToFloat(uint16_t value) { return std::bit_cast<float>(uint32_t{value} << 16); }

SafetensorsFile::SafetensorsFile(SafetensorsFile&& other) noexcept { *this = std::move(other); }

SafetensorsFile& SafetensorsFile::operator=(SafetensorsFile&& other) noexcept {
    std::swap(m_path, other.m_path);
    std::swap(m_tensors, other.m_tensors);
    std::swap(m_metadata, other.m_metadata);
    std::swap(m_map, other.m_map);
    std::swap(m_size, other.m_size);
    std::swap(m_dataOffset, other.m_dataOffset);
    return *this;
}

SafetensorsFile::~SafetensorsFile() {
    if (m_map) ::munmap(const_cast<uint8_t*>(m_map), m_size);
}

Result<SafetensorsFile> SafetensorsFile::open(const std::filesystem::path& path) {
    SafetensorsFile file;
    file.m_path = path;
    const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (fd < 0) return badInput("Cannot read " + quoted(path) + ": " + std::strerror(errno) + ".");
    struct stat status {};
    if (::fstat(fd, &status) != 0 || !S_ISREG(status.st_mode) || status.st_size < 8) {
        ::close(fd);
        return malformed(path, "it is empty, truncated or no regular file");
    }
    file.m_size = static_cast<size_t>(status.st_size);
    void* map = ::mmap(nullptr, file.m_size, PROT_READ, MAP_SHARED, fd, 0);
    const int mapError = errno;
    ::close(fd);
    if (map == MAP_FAILED) return badInput("Cannot map " + quoted(path) + ": " + std::strerror(mapError) + ".");
    file.m_map = static_cast<const uint8_t*>(map);

    uint64_t headerSize = 0;
    std::memcpy(&headerSize, file.m_map, 8);
    if (headerSize > kMaxHeader || headerSize > file.m_size - 8)
        return malformed(path, "its header is longer than the file or than 100 MB");
    file.m_dataOffset = 8 + headerSize;
    const char* text = reinterpret_cast<const char*>(file.m_map + 8);
    const Json header = Json::parse(text, text + headerSize, nullptr, false);
    if (header.is_discarded() || !header.is_object()) return malformed(path, "its header is not a JSON object");
    for (const auto& [name, entry] : header.items()) {
        if (name == "__metadata__") {
            if (!entry.is_object()) return malformed(path, "its metadata are not a JSON object");
            for (const auto& [key, value] : entry.items())
                if (value.is_string()) file.m_metadata[key] = value.get<std::string>();
            continue;
        }
        TXFM_TRY(TensorInfo info, parseTensor(path, name, entry, file.m_size - file.m_dataOffset));
        file.m_tensors.emplace(name, std::move(info));
    }
    TXFM_CHECK(checkOverlap(path, file.m_tensors));
    return file;
}

const uint8_t* SafetensorsFile::bytes(const TensorInfo& tensor) const { return m_map + m_dataOffset + tensor.begin; }

Result<std::vector<float>> SafetensorsFile::readFloat(const std::string& name, const std::vector<int64_t>& shape) const {
    const auto it = m_tensors.find(name);
    if (it == m_tensors.end()) return badInput(quoted(m_path) + " lacks the tensor " + shown(name) + ".");
    const TensorInfo& info = it->second;
    if (!shape.empty() && info.shape != shape)
        return badInput("Tensor " + shown(name) + " in " + quoted(m_path) + " has the shape " + shapeText(info.shape) +
                        ", " + shapeText(shape) + " is needed.");
    const uint8_t* data = bytes(info);
    const size_t size = (info.end - info.begin) / elementSize(info.dtype);
    std::vector<float> values(size);
    if (info.dtype == "F32") {
        std::memcpy(values.data(), data, size * 4);
    } else if (info.dtype == "BF16" || info.dtype == "F16") {
        const bool brain = info.dtype == "BF16";
        for (size_t i = 0; i < size; ++i) {
            uint16_t half = 0;
            std::memcpy(&half, data + 2 * i, 2);
            values[i] = brain ? bfloat16ToFloat(half) : halfToFloat(half);
        }
    } else if (info.dtype == "F64") {
        for (size_t i = 0; i < size; ++i) {
            double wide = 0;
            std::memcpy(&wide, data + 8 * i, 8);
            values[i] = static_cast<float>(wide);
        }
    } else {
        return badInput("Tensor " + shown(name) + " in " + quoted(m_path) + " has the type " + info.dtype +
                        "; weights are F32, BF16, F16 or F64.");
    }
    return values;
}

Result<void> writeSafetensors(const std::filesystem::path& path, const std::vector<TensorToWrite>& tensors,
                              const std::map<std::string, std::string>& metadata, const CancelToken* cancel) {
    std::vector<const TensorToWrite*> order;
    for (const TensorToWrite& tensor : tensors) order.push_back(&tensor);
    // Wide types first keeps every tensor aligned without gaps, which the format's own reader forbids.
    std::sort(order.begin(), order.end(), [](const TensorToWrite* a, const TensorToWrite* b) {
        const uint64_t sizeA = elementSize(a->dtype), sizeB = elementSize(b->dtype);
        return sizeA != sizeB ? sizeA > sizeB : a->name < b->name;
    });
    Json header = Json::object();
    if (!metadata.empty()) header["__metadata__"] = metadata;
    uint64_t offset = 0;
    std::vector<uint64_t> sizes;
    for (const TensorToWrite* tensor : order) {
        uint64_t bytes = elementSize(tensor->dtype);
        for (const int64_t extent : tensor->shape) bytes *= static_cast<uint64_t>(extent);
        if (elementSize(tensor->dtype) == 0)
            return failed("Tensor " + shown(tensor->name) + " has the unknown type '" + tensor->dtype + "'.");
        header[tensor->name] = {{"dtype", tensor->dtype}, {"shape", tensor->shape}, {"data_offsets", {offset, offset + bytes}}};
        sizes.push_back(bytes);
        offset += bytes;
    }
    std::string text = header.dump();
    text.resize((text.size() + 7) / 8 * 8, ' ');

    TXFM_TRY(AtomicFile file, AtomicFile::create(path));
    const int fd = ::open(file.temporaryPath().c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    const auto cannotWrite = [&] {
        return failed("Cannot write " + quoted(path) + ": " + std::strerror(errno) + ".",
                      "Choose a folder that is writable and has enough free space.");
    };
    if (fd < 0) return cannotWrite();
    const uint64_t headerSize = text.size();
    bool written = writeAll(fd, &headerSize, 8, cancel) && writeAll(fd, text.data(), text.size(), cancel);
    for (size_t i = 0; written && i < order.size(); ++i) written = writeAll(fd, order[i]->data, sizes[i], cancel);
    if (!written) {
        const Error error = errno == ECANCELED ? cancelledError() : cannotWrite();
        ::close(fd);
        return error;
    }
    if (::close(fd) != 0) return cannotWrite();
    return file.commit();
}

}  // namespace txfm::io
