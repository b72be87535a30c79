// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <memory>
#include <new>
#include <utility>
#include <vector>

namespace txfm {

/// Leaves the numbers that resize(n) adds without a value. The arrays of large matrices are filled from several threads
/// right afterwards; clearing them first would touch all of their memory once more, from one thread.
template <class T>
struct UninitialisedAllocator : std::allocator<T> {
    template <class U>
    struct rebind {
        using other = UninitialisedAllocator<U>;
    };
    UninitialisedAllocator() = default;
    template <class U>
    UninitialisedAllocator(const UninitialisedAllocator<U>&) {}

    template <class U>
    void construct(U* place) {
        ::new (static_cast<void*>(place)) U;
    }
    template <class U, class... Args>
    void construct(U* place, Args&&... args) {
        ::new (static_cast<void*>(place)) U(std::forward<Args>(args)...);
    }
};

/// A vector of numbers whose resize(n) does not set them; resize(n, value) does.
template <class T>
using LargeVector = std::vector<T, UninitialisedAllocator<T>>;

}  // namespace txfm
