// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <string>

#include <c10/core/Device.h>

#include "core/base/result.h"

namespace txfm::model {

/// Turns `--device auto|cpu|cuda[:N]` into a device and gets it ready (opens LibTorch's CUDA library at run time when
/// a driver answers). Usage error for an unknown word; BadInput with a clear sentence when CUDA is asked for and missing.
/// Also applies threadCount() to LibTorch. Safe to call more than once.
Result<at::Device> prepareDevice(const std::string& device);

/// "auto" -> bf16 where the device computes it natively (AMX, AVX512-BF16, CUDA 8.0+); "fp32", "bf16" as they say.
/// Usage error for another word.
Result<bool> chooseBfloat16(const std::string& precision, at::Device device);

/// While it lives, LibTorch computes on the calling thread alone: for threads that share out the work themselves.
class ComputeAlone {
public:
    ComputeAlone();
    ~ComputeAlone();
    ComputeAlone(const ComputeAlone&) = delete;
    ComputeAlone& operator=(const ComputeAlone&) = delete;

private:
    int m_before = 1;
};

/// What computes: e.g. "CPU, 2 threads, AMX bf16" or "NVIDIA H200".
std::string describeDevice(at::Device device);

}  // namespace txfm::model
