// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/base/large_pages.h"

#include <sys/mman.h>

#include <cstdint>

namespace txfm {

void adviseLargePages(void* memory, size_t bytes) {
    constexpr uintptr_t kLargePage = uintptr_t{2} << 20;
    const auto address = reinterpret_cast<uintptr_t>(memory);
    const uintptr_t begin = (address + kLargePage - 1) / kLargePage * kLargePage, end = address + bytes;
    if (end > begin + kLargePage) (void)::madvise(reinterpret_cast<void*>(begin), end - begin, MADV_HUGEPAGE);
}

}  // namespace txfm
