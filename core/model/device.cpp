// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/model/device.h"

#include <dlfcn.h>

#include <ATen/Context.h>
#include <ATen/Parallel.h>

#include "core/base/parallel.h"
#include "core/base/paths.h"

namespace txfm::model {
namespace {

constexpr const char* kCudaOperators = "cuda_operators.so";

// The driver answers cuInit and counts devices; without it there is no reason to load 1 GB of CUDA libraries.
int driverDevices() {
    void* driver = dlopen("libcuda.so.1", RTLD_NOW | RTLD_LOCAL);
    if (!driver) return 0;
    const auto init = reinterpret_cast<int (*)(unsigned)>(dlsym(driver, "cuInit"));
    const auto count = reinterpret_cast<int (*)(int*)>(dlsym(driver, "cuDeviceGetCount"));
    int devices = 0;
    if (!init || !count || init(0) != 0 || count(&devices) != 0) return 0;
    return devices;
}

// Opens libtorch_cuda.so once; "" when it works, else why not.
const std::string& cudaProblem() {
    static const std::string problem = []() -> std::string {
        if (driverDevices() == 0) return "no NVIDIA driver with a device answers on this machine";
        // RTLD_GLOBAL: its operators register themselves in the LibTorch that is already loaded.
        if (!dlopen("libtorch_cuda.so", RTLD_NOW | RTLD_GLOBAL))
            return std::string("LibTorch's CUDA library cannot be opened (") + dlerror() + ")";
        if (!at::hasCUDA()) return "LibTorch finds no usable CUDA device";
        // The fused operators register themselves; without them LibTorch's own do the same work.
        dlopen((pluginFolder() / kCudaOperators).c_str(), RTLD_NOW | RTLD_LOCAL);
        return "";
    }();
    return problem;
}

}  // namespace

Result<at::Device> prepareDevice(const std::string& device) {
    at::set_num_threads(threadCount());
    if (device == "cpu") return at::Device(at::kCPU);
    if (device == "auto") return at::Device(cudaProblem().empty() ? at::kCUDA : at::kCPU);
    int64_t index = 0;
    if (device.starts_with("cuda:")) {
        const std::string number = device.substr(5);
        if (number.empty() || number.size() > 3 || number.find_first_not_of("0123456789") != std::string::npos)
            return usageError("The device '" + device + "' is not known.", "Use auto, cpu, cuda or cuda:N.");
        index = std::stoll(number);
    } else if (device != "cuda") {
        return usageError("The device '" + device + "' is not known.", "Use auto, cpu, cuda or cuda:N.");
    }
    if (!cudaProblem().empty())
        return badInput("The device '" + device + "' cannot be used: " + cudaProblem() + ".",
                        "Use --device cpu, or install the NVIDIA driver and the CUDA libraries with packaging/setup.sh.");
    const auto devices = static_cast<int64_t>(at::detail::getCUDAHooks().deviceCount());
    if (index >= devices)
        return badInput("The device '" + device + "' does not exist: this machine has " + std::to_string(devices) +
                            " CUDA device(s), numbered from 0.",
                        "Choose a lower number or --device auto.");
    return at::Device(at::kCUDA, static_cast<c10::DeviceIndex>(index));
}

Result<bool> chooseBfloat16(const std::string& precision, at::Device device) {
    if (precision == "fp32") return false;
    if (precision == "bf16") return true;
    if (precision != "auto")
        return usageError("The precision '" + precision + "' is not known.", "Use auto, fp32 or bf16.");
    if (device.is_cuda()) return true;
    return __builtin_cpu_supports("avx512bf16") != 0;
}

// OpenMP and MKL count per thread. LibTorch sets both counts of a thread when they are first asked for: once by its own
// library and once by what its headers put into ours, at::parallel_for for one. Both ask before, or the second would undo
// the 1. With other counts attention in bf16 and products in float32 round otherwise.
ComputeAlone::ComputeAlone() {
    at::internal::lazy_init_num_threads();
    m_before = at::get_num_threads();
    at::set_num_threads(1);
}
ComputeAlone::~ComputeAlone() { at::set_num_threads(m_before); }

std::string describeDevice(at::Device device) {
    if (device.is_cuda()) return "CUDA device " + std::to_string(device.has_index() ? device.index() : 0);
    std::string isa = "AVX2";
    if (__builtin_cpu_supports("avx512f")) isa = "AVX-512";
    if (__builtin_cpu_supports("avx512bf16")) isa = "AVX-512 bf16";
    std::string text = "CPU, " + std::to_string(threadCount()) + (threadCount() == 1 ? " thread, " : " threads, ") + isa;
    return text;
}

}  // namespace txfm::model
