// SPDX-License-Identifier: GPL-3.0-or-later
// Compiled without the precompiled header: c10d's headers need their own definitions (core/CMakeLists.txt).
#include "core/training/data_parallel.h"

#include <dlfcn.h>

#include <cstring>
#include <mutex>

#include "core/base/paths.h"
#include "core/training/process_environment.h"

#ifdef TXFM_HAVE_GLOO
#include <torch/csrc/autograd/function_hook.h>
#include <torch/csrc/autograd/variable.h>
#include <torch/csrc/distributed/c10d/PrefixStore.hpp>
#include <torch/csrc/distributed/c10d/ProcessGroupGloo.hpp>
#include <torch/csrc/distributed/c10d/TCPStore.hpp>
#endif

namespace txfm::training {
namespace {
DeviceGroupFactory g_deviceGroups = nullptr;
}

void setDeviceGroupFactory(DeviceGroupFactory factory) { g_deviceGroups = factory; }

#ifdef TXFM_HAVE_GLOO
namespace {

/// Weights per bucket, about 16 MB: large enough for bandwidth, small enough to start early.
constexpr int64_t kBucketElements = int64_t{4} << 20;
constexpr const char* kNcclPlugin = "cuda_nccl.so";

std::string firstLine(const std::exception& error) {
    const std::string what = error.what();
    return what.substr(0, std::min(what.find('\n'), size_t{200}));
}

class GlooGroup final : public DataParallel {
public:
    GlooGroup(const ProcessPlace& place, double timeoutSeconds) : m_place(place) {
        const auto timeout = std::chrono::milliseconds(static_cast<int64_t>(timeoutSeconds * 1000));
        c10d::TCPStoreOptions storeOptions;
        storeOptions.port = static_cast<uint16_t>(place.masterPort);
        storeOptions.isServer = place.rank == 0 && !place.storeIsHosted;
        storeOptions.numWorkers = static_cast<size_t>(place.world);
        storeOptions.waitWorkers = false;
        storeOptions.timeout = timeout;
        m_tcp = c10::make_intrusive<c10d::TCPStore>(place.masterAddress, storeOptions);
        auto store = c10::make_intrusive<c10d::PrefixStore>("txfm/" + place.runId, m_tcp);
        auto options = c10d::ProcessGroupGloo::Options::create(timeout);
        const char* interface = std::getenv("GLOO_SOCKET_IFNAME");
        const bool local = place.masterAddress == "127.0.0.1" || place.masterAddress == "localhost";
        options->devices.push_back(interface ? c10d::ProcessGroupGloo::createDeviceForInterface(interface)
                                   : local   ? c10d::ProcessGroupGloo::createDeviceForHostname("127.0.0.1")
                                             : c10d::ProcessGroupGloo::createDefaultDevice());
        m_group = c10::make_intrusive<c10d::ProcessGroupGloo>(store, place.rank, place.world, options);
        m_gradients = m_group;
        m_timeoutMs = timeout.count();
    }

    ~GlooGroup() override {
        for (Bucket& bucket : m_buckets)
            for (const OptimizedParameter& parameter : bucket.parameters)
                torch::autograd::impl::set_post_acc_grad_hooks(parameter.tensor, nullptr);
    }

    int rank() const override { return m_place.rank; }
    int world() const override { return m_place.world; }

    void attach(const std::vector<OptimizedParameter>& parameters) override {
        joinDevices(parameters);
        // Gradients come from the last layer to the first, so buckets are filled in that order.
        for (auto it = parameters.rbegin(); it != parameters.rend(); ++it) {
            if (m_buckets.empty() || m_buckets.back().elements + it->tensor.numel() > kBucketElements) m_buckets.emplace_back();
            Bucket& bucket = m_buckets.back();
            bucket.offsets.push_back(bucket.elements);
            bucket.elements += it->tensor.numel();
            bucket.parameters.push_back(*it);
        }
        for (size_t i = 0; i < m_buckets.size(); ++i) {
            Bucket& bucket = m_buckets[i];
            const auto device = m_gradients == m_group ? at::Device(at::kCPU) : bucket.parameters.front().tensor.device();
            bucket.flat = torch::zeros({bucket.elements}, torch::dtype(torch::kFloat32).device(device));
            for (const OptimizedParameter& parameter : bucket.parameters)
                torch::autograd::impl::set_post_acc_grad_hooks(parameter.tensor, std::make_unique<Hook>(*this, i));
        }
    }

    void armReduction() override {
        std::lock_guard lock(m_mutex);
        for (Bucket& bucket : m_buckets) {
            bucket.pending = bucket.parameters.size();
            bucket.work.reset();
        }
        m_sent = 0;
        m_armed = true;
    }

    Result<void> finishReduction() override {
        return guarded([&] {
            std::lock_guard lock(m_mutex);
            // Weights without a gradient in this step count as zero; every process sends the same buckets in the
            // same order.
            while (m_sent < m_buckets.size()) send(m_buckets[m_sent++]);
            for (Bucket& bucket : m_buckets) {
                bucket.work->wait();
                bucket.work.reset();
                for (size_t i = 0; i < bucket.parameters.size(); ++i) {
                    const torch::Tensor& weight = bucket.parameters[i].tensor;
                    const auto sum = bucket.flat.narrow(0, bucket.offsets[i], weight.numel()).view(weight.sizes());
                    weight.mutable_grad() = sum.to(weight.device());
                }
            }
            m_armed = false;
        });
    }

    Result<void> sum(std::vector<double>& values) override {
        return guarded([&] {
            std::vector<at::Tensor> tensors{torch::tensor(values, torch::kFloat64)};
            m_group->allreduce(tensors)->wait();
            std::memcpy(values.data(), tensors[0].const_data_ptr<double>(), values.size() * sizeof(double));
        });
    }

    Result<void> broadcast(const std::vector<torch::Tensor>& tensors) override {
        return guarded([&] {
            torch::NoGradGuard noGrad;
            for (torch::Tensor tensor : tensors) {
                std::vector<at::Tensor> host{tensor.detach().to(torch::kCPU).contiguous()};
                m_group->broadcast(host)->wait();
                tensor.copy_(host[0]);
            }
        });
    }

private:
    struct Bucket {
        std::vector<OptimizedParameter> parameters;
        std::vector<int64_t> offsets;
        int64_t elements = 0;
        torch::Tensor flat;
        size_t pending = 0;
        c10::intrusive_ptr<c10d::Work> work;
    };

    struct Hook : torch::autograd::PostAccumulateGradHook {
        Hook(GlooGroup& owner, size_t bucket) : group(owner), index(bucket) {}
        void operator()(const torch::autograd::Variable&) override { group.gradientReady(index); }
        GlooGroup& group;
        size_t index;
    };

    /// Weights on GPUs are summed there where the build has NCCL; gloo carries them over the host otherwise.
    void joinDevices(const std::vector<OptimizedParameter>& parameters) {
        if (parameters.empty() || !parameters.front().tensor.is_cuda()) return;
        dlopen((pluginFolder() / kNcclPlugin).c_str(), RTLD_NOW | RTLD_LOCAL);
        if (!g_deviceGroups) return;
        const c10::intrusive_ptr<c10d::Store> store =
            c10::make_intrusive<c10d::PrefixStore>("txfm-devices/" + m_place.runId, m_tcp);
        c10::intrusive_ptr<c10d::Backend> group;
        g_deviceGroups(&store, m_place.rank, m_place.world, m_timeoutMs, &group);
        m_gradients = group;
    }

    void gradientReady(size_t index) {
        std::lock_guard lock(m_mutex);
        if (!m_armed) return;
        --m_buckets[index].pending;
        while (m_sent < m_buckets.size() && m_buckets[m_sent].pending == 0) send(m_buckets[m_sent++]);
    }

    void send(Bucket& bucket) {
        torch::NoGradGuard noGrad;
        for (size_t i = 0; i < bucket.parameters.size(); ++i) {
            const torch::Tensor& weight = bucket.parameters[i].tensor;
            auto place = bucket.flat.narrow(0, bucket.offsets[i], weight.numel());
            if (const auto grad = weight.grad(); grad.defined()) {
                place.copy_(grad.reshape({-1}));
            } else {
                place.zero_();
            }
        }
        std::vector<at::Tensor> tensors{bucket.flat};
        bucket.work = m_gradients->allreduce(tensors);
    }

    template <class Body>
    Result<void> guarded(Body&& body) {
        try {
            body();
            return {};
        } catch (const std::exception& error) {
            return failed("Process " + std::to_string(m_place.rank) + " of " + std::to_string(m_place.world) +
                              " lost contact with another process of the run (" + firstLine(error) + ").",
                          "Start all processes again with --resume.");
        }
    }

    ProcessPlace m_place;
    c10::intrusive_ptr<c10d::TCPStore> m_tcp;
    c10::intrusive_ptr<c10d::Backend> m_group;      // gloo: numbers and tensors of the host
    c10::intrusive_ptr<c10d::Backend> m_gradients;  // the same, or NCCL
    int64_t m_timeoutMs = 0;
    std::vector<Bucket> m_buckets;
    std::mutex m_mutex;
    size_t m_sent = 0;
    bool m_armed = false;
};

}  // namespace
#endif

int DataParallel::localRank() {
    const auto place = readProcessPlace();
    return place.ok() && place->has_value() ? (*place)->localRank : 0;
}

Result<std::shared_ptr<DataParallel>> DataParallel::fromEnvironment(double timeoutSeconds) {
    TXFM_TRY(const std::optional<ProcessPlace> place, readProcessPlace());
    if (!place) return std::shared_ptr<DataParallel>();
#ifdef TXFM_HAVE_GLOO
    try {
        return std::shared_ptr<DataParallel>(std::make_shared<GlooGroup>(*place, timeoutSeconds));
    } catch (const std::exception& error) {
        return failed("Process " + std::to_string(place->rank) + " of " + std::to_string(place->world) +
                          " could not reach the others at " + place->masterAddress + ":" +
                          std::to_string(place->masterPort) + " (" + firstLine(error) + ").",
                      "Check MASTER_ADDR and MASTER_PORT and that all processes were started.");
    }
#else
    return failed("This build has no data-parallel training: gloo's headers were missing when it was made.",
                  "Install libgloo-dev and build again, or start one process.");
#endif
}

}  // namespace txfm::training
