// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/training/checkpoint_file.h"

#include <torch/types.h>

#include "core/io/safetensors.h"

namespace txfm::training {
namespace {

constexpr const char* kFormat = "txfm-checkpoint";

Result<nlohmann::json> stateOf(const io::SafetensorsFile& file) {
    const auto& metadata = file.metadata();
    const auto format = metadata.find("format");
    const auto text = metadata.find("state");
    if (format == metadata.end() || format->second != kFormat || text == metadata.end())
        return badInput("'" + file.path().string() + "' is no checkpoint of a training run.",
                        "Start the run again without --resume.");
    auto state = nlohmann::json::parse(text->second, nullptr, false);
    if (!state.is_object())
        return badInput("The checkpoint '" + file.path().string() + "' is damaged.",
                        "Start the run again without --resume.");
    return state;
}

}  // namespace

Result<void> writeCheckpoint(const std::filesystem::path& path, const NamedTensors& tensors,
                             const nlohmann::json& state) {
    std::vector<torch::Tensor> host;
    std::vector<io::TensorToWrite> entries;
    for (const auto& [name, tensor] : tensors) {
        host.push_back(tensor.detach().to(torch::kCPU, torch::kFloat32).contiguous());
        entries.push_back({name, "F32", host.back().sizes().vec(), host.back().const_data_ptr()});
    }
    return io::writeSafetensors(path, entries, {{"format", kFormat}, {"state", state.dump()}});
}

Result<nlohmann::json> readCheckpointState(const std::filesystem::path& path) {
    TXFM_TRY(const io::SafetensorsFile file, io::SafetensorsFile::open(path));
    return stateOf(file);
}

Result<nlohmann::json> readCheckpoint(const std::filesystem::path& path, const NamedTensors& tensors) {
    TXFM_TRY(const io::SafetensorsFile file, io::SafetensorsFile::open(path));
    TXFM_TRY(nlohmann::json state, stateOf(file));
    torch::NoGradGuard noGrad;
    for (const auto& [name, tensor] : tensors) {
        TXFM_TRY(std::vector<float> values, file.readFloat(name, tensor.sizes().vec()));
        torch::Tensor target = tensor;
        target.copy_(torch::from_blob(values.data(), tensor.sizes(), torch::kFloat32));
    }
    return state;
}

}  // namespace txfm::training
