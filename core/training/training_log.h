// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdio>
#include <filesystem>
#include <memory>

#include <nlohmann/json.hpp>

#include "core/base/progress.h"
#include "core/base/result.h"

namespace txfm::training {

/// training.jsonl: one JSON object per step, written at once.
class TrainingLog {
public:
    /// Continues the file after `lastStep`: lines of later steps, which a resumed run computes again, are dropped.
    static Result<TrainingLog> open(const std::filesystem::path& path, int64_t lastStep);
    /// Failed when the disk is full.
    Result<void> append(const StepUpdate& step, double seconds);

private:
    struct Closer {
        void operator()(std::FILE* file) const { std::fclose(file); }
    };
    std::filesystem::path m_path;
    std::unique_ptr<std::FILE, Closer> m_file;
};

}  // namespace txfm::training
