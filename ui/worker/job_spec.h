// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>

#include <QString>

#include <nlohmann/json.hpp>

namespace txfm::ui {

/// One call of the txfm program as a job file states it: the command, its options under their JSON keys
/// (flags with underscores) and what every command shares.
struct JobSpec {
    QString command;  ///< "embed", "project", "cluster", "finetune" …
    nlohmann::json options = nlohmann::json::object();
    QString title;    ///< shown to people, e.g. "Embedding pbmc_1k.h5ad"
    std::string device = "auto";
    int threads = 0;
    uint64_t seed = 0;
    /// Goes on when the window closes (fine-tuning); other jobs are cancelled then.
    bool survivesWindow = false;

    nlohmann::json toJson() const;
    /// The equivalent command line, for copying.
    QString commandLine() const;
};

}  // namespace txfm::ui
