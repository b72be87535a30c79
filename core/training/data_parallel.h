// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <memory>
#include <vector>

#include <torch/types.h>

#include "core/base/result.h"
#include "core/training/adamw.h"

namespace txfm::training {

/// Joins the GPUs of a run for the gradients (NCCL). `store` is a c10::intrusive_ptr<c10d::Store> and the result a
/// c10::intrusive_ptr<c10d::Backend>, which only files with c10d's headers can name. Throws c10::Error.
using DeviceGroupFactory = void (*)(const void* store, int rank, int world, int64_t timeoutMs, void* backend);
/// Called by plugins/cuda/nccl_group.cpp when that library is loaded; the last one counts.
void setDeviceGroupFactory(DeviceGroupFactory factory);

/// The processes of a data-parallel run, joined by LibTorch's c10d: gloo on CPUs, NCCL on GPUs where the build has it.
/// Gradients are summed in buckets as soon as the backward pass has finished each bucket, so that the transfer
/// overlaps the rest of the backward pass. A peer that is lost or silent for longer than the timeout turns into an
/// Error, never a hang.
class DataParallel {
public:
    /// The group that the environment describes: torchrun's RANK, WORLD_SIZE, LOCAL_RANK, MASTER_ADDR, MASTER_PORT, or
    /// SLURM's SLURM_PROCID, SLURM_NTASKS, SLURM_LOCALID, SLURM_JOB_NODELIST or MASTER_ADDR. Null for a run of one process.
    static Result<std::shared_ptr<DataParallel>> fromEnvironment(double timeoutSeconds);
    /// Process number on this machine from the environment, 0 for a run of one process; chooses the GPU.
    static int localRank();
    virtual ~DataParallel() = default;

    virtual int rank() const = 0;
    virtual int world() const = 0;
    /// Groups these weights into buckets and watches their gradients.
    virtual void attach(const std::vector<OptimizedParameter>& parameters) = 0;
    /// Before the backward pass of the last micro-batch of a step: buckets are sent as they become complete.
    virtual void armReduction() = 0;
    /// Waits until every gradient is the sum over all processes.
    virtual Result<void> finishReduction() = 0;
    /// Element-wise sums over all processes.
    virtual Result<void> sum(std::vector<double>& values) = 0;
    /// Copies tensors of process 0 to all.
    virtual Result<void> broadcast(const std::vector<torch::Tensor>& tensors) = 0;
};

}  // namespace txfm::training
