// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/session/session_file.h"

#include <QDir>
#include <QFileInfo>

#include "core/base/atomic_file.h"
#include "core/base/paths.h"

namespace txfm::ui {
namespace {

constexpr size_t kMostBytes = size_t{64} << 20;
constexpr int kVersion = 1;
constexpr auto kFormat = "txfm-session";

}  // namespace

const QString SessionFile::kEnding = QStringLiteral(".txfm-session");

bool SessionFile::isOne(const QString& path) { return path.endsWith(kEnding, Qt::CaseInsensitive); }

QString SessionFile::ofLastWindow() { return QString::fromStdString((stateFolder() / "last").string()) + kEnding; }

void SessionFile::select(const std::vector<int64_t>& cells, int64_t cellCount) {
    // Runs of neighbours as [first, last]: much shorter where a sorted file is selected by cluster or sample.
    nlohmann::json ranges = nlohmann::json::array();
    for (const int64_t cell : cells) {
        if (!ranges.empty() && ranges.back()[1] == cell - 1) {
            ranges.back()[1] = cell;
        } else {
            ranges.push_back({cell, cell});
        }
    }
    selection = {{"of", cellCount}, {"ranges", std::move(ranges)}};
}

std::vector<int64_t> SessionFile::selected(int64_t cellCount) const {
    std::vector<int64_t> cells;
    try {
        if (selection.at("of") != cellCount) return {};
        int64_t next = 0;  // ascending, so that a damaged file asks for no more than all cells
        for (const nlohmann::json& range : selection.at("ranges")) {
            const int64_t first = range.at(0), last = range.at(1);
            if (first < next || last >= cellCount) return {};
            for (int64_t cell = first; cell <= last; ++cell) cells.push_back(cell);
            next = last + 1;
        }
    } catch (const nlohmann::json::exception&) {
        return {};  // none is kept
    }
    return cells;
}

Result<SessionFile> SessionFile::read(const QString& path) {
    TXFM_TRY(const std::string text, readWholeFile(path.toStdString(), kMostBytes));
    const std::string name = "The session file " + path.toStdString();
    const nlohmann::json json = nlohmann::json::parse(text, nullptr, false);
    if (!json.is_object() || json.value("format", "") != kFormat) return badInput(name + " is damaged or is no session of TxFM Studio.", "Open the data file itself.");
    SessionFile session;
    try {
        if (json.at("version") != kVersion)
            return badInput(name + " was written by another version of TxFM Studio.", "Open the data file itself.");
        const QString beside = QFileInfo(path).absolutePath() + QLatin1Char('/') + QString::fromStdString(json.at("data"));
        session.data = QDir::cleanPath(QFileInfo::exists(beside) ? beside : QString::fromStdString(json.at("data_absolute")));
        session.countsIn = QString::fromStdString(json.at("counts_in"));
        session.model = QString::fromStdString(json.at("model"));
        session.allowNormalised = json.at("allow_normalised");
        session.page = QString::fromStdString(json.at("page"));
        session.selection = json.at("selection");
        session.views = json.at("views");
    } catch (const nlohmann::json::exception&) {
        return badInput(name + " is damaged.", "Open the data file itself.");
    }
    if (!QFileInfo::exists(session.data))
        return badInput("The data of this session are no longer at " + session.data.toStdString() + ".", "Put the file back, or open it from its new place.");
    return session;
}

Result<void> SessionFile::write(const QString& path) const {
    const QString folder = QFileInfo(path).absolutePath();
    const nlohmann::json json{{"format", kFormat},
                              {"version", kVersion},
                              {"data", QDir(folder).relativeFilePath(data).toStdString()},
                              {"data_absolute", data.toStdString()},
                              {"counts_in", countsIn.toStdString()},
                              {"model", model.toStdString()},
                              {"allow_normalised", allowNormalised},
                              {"page", page.toStdString()},
                              {"selection", selection},
                              {"views", views}};
    if (!QDir().mkpath(folder)) return failed("The folder " + folder.toStdString() + " cannot be written.", "Choose another one.");
    return writeFileAtomically(path.toStdString(), json.dump(1) + "\n");
}

}  // namespace txfm::ui
