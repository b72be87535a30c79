// SPDX-License-Identifier: GPL-3.0-or-later
// NCCL for data-parallel training (core/training/data_parallel.h). It is a library of its own because it needs LibTorch's
// CUDA library, which is open only where a GPU answers; loading it makes the group known.
#include <cstdlib>

#include <torch/csrc/distributed/c10d/ProcessGroupNCCL.hpp>

#include "core/training/data_parallel.h"

namespace txfm::cuda {
namespace {

void makeGroup(const void* store, int rank, int world, int64_t timeoutMs, void* backend) {
    // A lost peer is an exception of wait() after the timeout, not the end of the process.
    ::setenv("TORCH_NCCL_BLOCKING_WAIT", "1", 0);
    ::setenv("TORCH_NCCL_ASYNC_ERROR_HANDLING", "0", 0);
    auto options = c10d::ProcessGroupNCCL::Options::create();
    options->timeout = std::chrono::milliseconds(timeoutMs);
    *static_cast<c10::intrusive_ptr<c10d::Backend>*>(backend) = c10::make_intrusive<c10d::ProcessGroupNCCL>(
        *static_cast<const c10::intrusive_ptr<c10d::Store>*>(store), rank, world, options);
}

const bool g_known = [] {
    training::setDeviceGroupFactory(makeGroup);
    return true;
}();

}  // namespace
}  // namespace txfm::cuda
