// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <barrier>
#include <cmath>
#include <cstdint>
#include <functional>
#include <memory>
#include <thread>
#include <vector>

/// Just enough of CUDA to run device_kernels.cuh on the CPU: one thread of the machine per thread of a block, blocks one
/// after the other, so that static variables can stand for shared memory.
#define __device__
#define __global__
#define __shared__ static

struct EmulatedIndex {
    unsigned x = 0, y = 0;
};
inline thread_local EmulatedIndex threadIdx, blockIdx, gridDim;

namespace txfm::test {

constexpr int kEmulatedWarp = 32;

struct EmulatedBlock {
    explicit EmulatedBlock(int threads) : all(threads), slots(static_cast<size_t>(threads)) {
        for (int i = 0; i < threads / kEmulatedWarp; ++i) warps.push_back(std::make_unique<std::barrier<>>(kEmulatedWarp));
    }
    std::barrier<> all;
    std::vector<std::unique_ptr<std::barrier<>>> warps;
    std::vector<float> slots;
};
inline EmulatedBlock* emulatedBlock = nullptr;

/// Runs `kernel` as kernel<<<dim3(x, y), threads>>> would.
inline void launch(unsigned x, unsigned y, int threads, const std::function<void()>& kernel) {
    EmulatedBlock block(threads);
    emulatedBlock = &block;
    std::vector<std::jthread> workers;
    for (int i = 0; i < threads; ++i)
        workers.emplace_back([&, i] {
            threadIdx.x = static_cast<unsigned>(i);
            gridDim = {x, y};
            for (unsigned row = 0; row < y; ++row)
                for (unsigned column = 0; column < x; ++column) {
                    blockIdx = {column, row};
                    kernel();
                    block.all.arrive_and_wait();
                }
        });
}

}  // namespace txfm::test

inline void __syncthreads() { txfm::test::emulatedBlock->all.arrive_and_wait(); }

inline float __shfl_xor_sync(unsigned, float value, int offset) {
    auto& block = *txfm::test::emulatedBlock;
    auto& warp = *block.warps[threadIdx.x / txfm::test::kEmulatedWarp];
    block.slots[threadIdx.x] = value;
    warp.arrive_and_wait();
    const float other = block.slots[threadIdx.x ^ static_cast<unsigned>(offset)];
    warp.arrive_and_wait();
    return other;
}
