// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/training/run_files.h"

#include <cmath>

#include <torch/types.h>

#include "core/base/atomic_file.h"
#include "core/training/publish.h"

namespace txfm::training {
namespace fs = std::filesystem;

NamedTensors RunFiles::weights() const {
    NamedTensors tensors;
    for (const auto& [name, tensor] : m_run.model->parameters()) tensors.emplace_back("weight." + name, tensor);
    return tensors;
}

NamedTensors RunFiles::checkpointTensors() const {
    NamedTensors tensors = weights();
    for (const auto& entry : m_optimizer.state()) tensors.push_back(entry);
    return tensors;
}

Result<void> RunFiles::createFolder() const {
    if (!writes()) return {};
    std::error_code ec;
    fs::create_directories(workFolder(m_run.out), ec);
    if (ec)
        return failed("Cannot write the model folder '" + m_run.out.string() + "': " + ec.message() + ".",
                      "Choose a folder that is writable.");
    return {};
}

Result<std::optional<RunState>> RunFiles::storedState() const {
    std::optional<RunState> state;
    if (!m_run.resume) return state;
    if (fs::exists(lastCheckpoint(m_run.out))) {
        TXFM_TRY(const nlohmann::json json, readCheckpointState(lastCheckpoint(m_run.out)));
        state = RunState::fromJson(json);
        return state;
    }
    TXFM_TRY(const nlohmann::json stored, storedRun(m_run.out));
    if (stored.is_object() && stored.contains("finished"))
        state = RunState::fromJson(stored["finished"].value("state", nlohmann::json::object()));
    return state;
}

Result<std::optional<RunState>> RunFiles::restore() {
    std::optional<RunState> state;
    if (!m_run.resume) return state;
    if (fs::exists(lastCheckpoint(m_run.out))) {
        TXFM_TRY(const nlohmann::json json, readCheckpoint(lastCheckpoint(m_run.out), checkpointTensors()));
        state = RunState::fromJson(json);
        m_optimizer.setSteps(json.value("optimizer_steps", state->step));
        m_run.model->weightsChanged();
        return state;
    }
    TXFM_TRY(const nlohmann::json stored, storedRun(m_run.out));
    if (!stored.is_object() || !stored.contains("finished")) return state;
    TXFM_TRY(const io::ModelDirectory made, io::ModelDirectory::open(m_run.out));
    torch::NoGradGuard noGrad;
    for (const auto& [name, tensor] : m_run.model->parameters()) {
        TXFM_TRY(std::vector<float> values, made.weights().readFloat(name, tensor.sizes().vec()));
        torch::Tensor target = tensor;
        target.copy_(torch::from_blob(values.data(), tensor.sizes(), torch::kFloat32));
    }
    m_optimizer.restart();
    m_run.model->weightsChanged();
    state = RunState::fromJson(stored["finished"].value("state", nlohmann::json::object()));
    // The model that is there stays the one to beat.
    if (m_run.config.keepBest && std::isfinite(state->bestLoss)) TXFM_CHECK(saveBest(*state));
    return state;
}

Result<void> RunFiles::saveCheckpoint(const RunState& state) const {
    if (!writes()) return {};
    nlohmann::json json = state.toJson();
    json["optimizer_steps"] = m_optimizer.steps();
    const auto written = writeCheckpoint(lastCheckpoint(m_run.out), checkpointTensors(), json);
    if (written) return {};
    return failed("The checkpoint could not be written; the one before is intact. " + written.error().message,
                  "Free some disk space and continue with --resume.");
}

Result<void> RunFiles::saveBest(const RunState& state) {
    if (!writes()) return {};
    m_optimizer.swapAverages();
    auto written = writeCheckpoint(bestCheckpoint(m_run.out), weights(), {{"step", state.step}, {"val_loss", state.bestLoss}});
    m_optimizer.swapAverages();
    return written;
}

bool RunFiles::hasBest() const { return fs::exists(bestCheckpoint(m_run.out)); }

Result<void> RunFiles::publish(const nlohmann::json& facts, bool best) {
    if (!writes()) return {};
    if (best) {
        TXFM_TRY([[maybe_unused]] const auto state, readCheckpoint(bestCheckpoint(m_run.out), weights()));
        return publishModel(m_run, facts);
    }
    m_optimizer.swapAverages();
    auto published = publishModel(m_run, facts);
    m_optimizer.swapAverages();
    return published;
}

Result<void> RunFiles::markDiverged(int64_t step, const std::string& why) const {
    if (!writes()) return {};
    return writeFileAtomically(workFolder(m_run.out) / "diverged.json",
                               nlohmann::json{{"step", step}, {"why", why}}.dump() + "\n");
}

Result<void> RunFiles::finish(const RunState& state, const nlohmann::json& result) const {
    if (!writes()) return {};
    const nlohmann::json finished{{"steps", state.step}, {"epochs", m_run.config.epochs},
                                  {"minutes", m_run.config.minutes}, {"result", result}, {"state", state.toJson()}};
    TXFM_CHECK(writeFileAtomically(workFolder(m_run.out) / "finished.json", finished.dump(1) + "\n"));
    std::error_code ec;
    for (const fs::path& file : {lastCheckpoint(m_run.out), bestCheckpoint(m_run.out)}) {
        fs::remove(file, ec);
        if (ec) return failed("Cannot remove '" + file.string() + "': " + ec.message() + ".", "Remove it by hand.");
    }
    return {};
}

}  // namespace txfm::training
