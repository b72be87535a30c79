// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstddef>

#include "core/base/uninitialised.h"

namespace txfm {

/// Asks the kernel for large pages behind memory that was not touched yet: handing it out then takes a fraction of the
/// time. Only advice; where it is declined nothing changes but the time.
void adviseLargePages(void* memory, size_t bytes);

/// reserve() for the arrays of a large matrix.
template <class T>
void reserveLarge(LargeVector<T>& values, size_t size) {
    values.reserve(size);
    if (!values.empty()) return;  // moved values have touched their pages
    adviseLargePages(values.data(), size * sizeof(T));
}

/// resize() for the arrays of a large matrix; what is added has no value yet.
template <class T>
void resizeLarge(LargeVector<T>& values, size_t size) {
    reserveLarge(values, size);
    values.resize(size);
}

}  // namespace txfm
