// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/training/checkpoint_file.h"

#include <set>

#include <torch/types.h>

#include "core/io/safetensors.h"

namespace txfm::training {
namespace {

constexpr const char* kFormat = "txfm-checkpoint";
constexpr const char* kStartAgain = "Start the run again in another folder; a model that is already in this one can be its beginning.";

Result<nlohmann::json> stateOf(const io::SafetensorsFile& file) {
    const auto& metadata = file.metadata();
    const auto format = metadata.find("format");
    const auto text = metadata.find("state");
    if (format == metadata.end() || format->second != kFormat || text == metadata.end())
        return badInput("'" + file.path().string() + "' is no checkpoint of a training run.", kStartAgain);
    auto state = nlohmann::json::parse(text->second, nullptr, false);
    if (!state.is_object())
        return badInput("The checkpoint '" + file.path().string() + "' is damaged.", kStartAgain);
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
    const auto opened = io::SafetensorsFile::open(path);
    if (!opened) return badInput(opened.error().message, kStartAgain);
    const io::SafetensorsFile& file = *opened;
    TXFM_TRY(nlohmann::json state, stateOf(file));
    std::set<std::string> needed;
    for (const auto& [name, tensor] : tensors) needed.insert(name);
    for (const auto& [name, tensor] : file.tensors())
        if (!needed.contains(name))
            return badInput("The checkpoint '" + path.string() + "' holds the tensor '" + name.substr(0, 100) +
                                "', for which the run that it should continue has no use.",
                            kStartAgain);
    torch::NoGradGuard noGrad;
    for (const auto& [name, tensor] : tensors) {
        auto values = file.readFloat(name, tensor.sizes().vec());
        if (!values) return badInput(values.error().message, kStartAgain);
        torch::Tensor target = tensor;
        target.copy_(torch::from_blob(values->data(), tensor.sizes(), torch::kFloat32));
    }
    return state;
}

}  // namespace txfm::training
