// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/training/work_folder.h"

#include "core/base/atomic_file.h"

namespace txfm::training {
namespace fs = std::filesystem;

fs::path workFolder(const fs::path& out) { return out / ".work"; }
fs::path lastCheckpoint(const fs::path& out) { return workFolder(out) / "last.safetensors"; }
fs::path bestCheckpoint(const fs::path& out) { return workFolder(out) / "best.safetensors"; }

Result<nlohmann::json> storedRun(const fs::path& out) {
    const fs::path path = workFolder(out) / "run.json";
    if (!fs::exists(path)) return nlohmann::json(nullptr);
    TXFM_TRY(const std::string text, readWholeFile(path));
    auto stored = nlohmann::json::parse(text, nullptr, false);
    if (!stored.is_object())
        return badInput("'" + path.string() + "' is damaged.", "Start the run again in another folder.");
    stored["diverged"] = fs::exists(workFolder(out) / "diverged.json");
    const fs::path finished = workFolder(out) / "finished.json";
    if (fs::exists(finished)) {
        TXFM_TRY(const std::string end, readWholeFile(finished));
        stored["finished"] = nlohmann::json::parse(end, nullptr, false);
        if (!stored["finished"].is_object())
            return badInput("'" + finished.string() + "' is damaged.", "Start the run again in another folder.");
    }
    stored["started"] = stored.contains("finished") || fs::exists(lastCheckpoint(out));
    return stored;
}

}  // namespace txfm::training
