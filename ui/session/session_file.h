// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <vector>

#include <QString>

#include <nlohmann/json.hpp>

#include "core/base/result.h"

namespace txfm::ui {

/// A session as a small JSON file: which data and model were open, what was selected and how every page looked. The data
/// themselves stay in their own file. Thread: any.
struct SessionFile {
    QString data;      ///< absolute; in the file also relative to it, so that both can move together
    QString countsIn;  ///< matrix chosen for the counts, "" = found by themselves
    QString model;     ///< folder
    bool allowNormalised = false;
    QString page;
    nlohmann::json selection;  ///< see select()
    nlohmann::json views;      ///< of the pages, by their names

    /// Keeps these cells, ascending, as the selection of a data set of that many cells.
    void select(const std::vector<int64_t>& cells, int64_t cellCount);
    /// None where the data set has another number of cells.
    std::vector<int64_t> selected(int64_t cellCount) const;

    /// BadInput: no session file, or its data are gone.
    static Result<SessionFile> read(const QString& path);
    Result<void> write(const QString& path) const;

    static bool isOne(const QString& path);
    static const QString kEnding;
    /// Where the last window left what it showed.
    static QString ofLastWindow();
};

}  // namespace txfm::ui
