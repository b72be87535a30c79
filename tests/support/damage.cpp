// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/support/damage.h"

#include <algorithm>
#include <cctype>
#include <cstring>

#include "core/base/random.h"

namespace txfm::test {
namespace {

constexpr uint64_t kSeed = 2024;

void overwriteNumbers(std::string& bytes, RandomStream& random) {
    constexpr int64_t kExtremes[] = {-1, INT64_MAX, int64_t{1} << 40, 0, INT32_MAX};
    for (uint64_t i = 0, n = 1 + random.below(3); i < n; ++i) {
        const size_t at = random.below(bytes.size()) / 8 * 8;
        const int64_t value = kExtremes[random.below(std::size(kExtremes))];
        std::memcpy(bytes.data() + at, &value, std::min<size_t>(8, bytes.size() - at));
    }
}

void movePiece(std::string& bytes, RandomStream& random) {
    const size_t from = random.below(bytes.size()), to = random.below(bytes.size());
    const size_t length = std::min({static_cast<size_t>(random.below(4096)), bytes.size() - from, bytes.size() - to});
    std::memmove(bytes.data() + to, bytes.data() + from, length);
}

/// Replaces the first number behind a random place by one that no count file means.
void replaceTextNumber(std::string& bytes, RandomStream& random) {
    static const char* const kNumbers[] = {"-1", "99999999999999999999", "1e400", "nan", "0x7f", "", "4294967296", "1099511627776", "-0.5"};
    size_t begin = random.below(bytes.size());
    const auto isDigit = [&](size_t i) { return std::isdigit(static_cast<unsigned char>(bytes[i])) != 0; };
    while (begin < bytes.size() && !isDigit(begin)) ++begin;
    size_t end = begin;
    while (end < bytes.size() && isDigit(end)) ++end;
    bytes.replace(begin, end - begin, kNumbers[random.below(std::size(kNumbers))]);
}

void repeatOrDropLine(std::string& bytes, RandomStream& random) {
    const size_t place = random.below(bytes.size());
    const size_t before = bytes.rfind('\n', place), after = bytes.find('\n', place);
    const size_t begin = before == std::string::npos ? 0 : before + 1;
    const size_t end = after == std::string::npos ? bytes.size() : after + 1;
    if (begin >= end) return;
    const std::string line = bytes.substr(begin, end - begin);
    if (random.below(2) == 0)
        bytes.insert(begin, line);
    else
        bytes.erase(begin, end - begin);
}

}  // namespace

std::string damaged(std::string bytes, uint32_t variant) {
    RandomStream random(kSeed, variant);
    const auto place = [&] { return random.below(bytes.size()); };
    switch (random.below(8)) {
        case 0:
            for (uint64_t i = 0, n = 1 + random.below(8); i < n; ++i) {
                const size_t at = place();
                bytes[at] = static_cast<char>(bytes[at] ^ (1 << random.below(8)));
            }
            break;
        case 1:
            for (uint64_t i = 0, n = 1 + random.below(32); i < n; ++i) bytes[place()] = static_cast<char>(random.next32());
            break;
        case 2: overwriteNumbers(bytes, random); break;
        case 3: bytes.resize(place()); break;
        case 4: movePiece(bytes, random); break;
        case 5: {
            const size_t from = place();
            std::fill_n(bytes.begin() + static_cast<std::ptrdiff_t>(from),
                        std::min<size_t>(random.below(512), bytes.size() - from), '\0');
            break;
        }
        case 6: replaceTextNumber(bytes, random); break;
        default: repeatOrDropLine(bytes, random);
    }
    return bytes;
}

}  // namespace txfm::test
