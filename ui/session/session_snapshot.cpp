// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/session/session_snapshot.h"

#include <QCoreApplication>
#include <QDir>
#include <QFileInfo>
#include <QUuid>

#include <nlohmann/json.hpp>

#include "core/base/atomic_file.h"
#include "core/base/paths.h"
#include "ui/worker/process_id.h"

namespace txfm::ui {
namespace {

constexpr size_t kMostBytes = size_t{1} << 31;

QString sessionsFolder() { return QString::fromStdString((stateFolder() / "sessions").string()); }
QString workParent() { return QString::fromStdString((cacheFolder() / "work").string()); }

/// "<pid>-<start>": names of snapshots are that, those of working folders begin so.
QString nameOf(const ProcessId& process) { return QStringLiteral("%1-%2").arg(process.pid).arg(process.startTicks); }
QString ownName() { return nameOf(ProcessId::ofRunning(QCoreApplication::applicationPid())); }

bool ownerRuns(const QString& name) {
    const QStringList parts = name.split(QLatin1Char('-'));
    return parts.size() >= 2 && ProcessId{parts[0].toLongLong(), parts[1].toLongLong()}.isRunning();
}

nlohmann::json toJson(const Column& column) {
    nlohmann::json json{{"name", column.name}, {"missing", column.missing}, {"type", column.values.index()}};
    std::visit(
        [&](const auto& values) {
            using Values = std::decay_t<decltype(values)>;
            if constexpr (std::is_same_v<Values, Categorical>) {
                json["categories"] = values.categories;
                json["codes"] = values.codes;
                json["ordered"] = values.ordered;
            } else {
                json["values"] = values;
            }
        },
        column.values);
    return json;
}

template <size_t I = 0>
Column::Values valuesFrom(const nlohmann::json& json, size_t type) {
    if constexpr (I < std::variant_size_v<Column::Values>) {
        if (type != I) return valuesFrom<I + 1>(json, type);
        using Values = std::variant_alternative_t<I, Column::Values>;
        if constexpr (std::is_same_v<Values, Categorical>) {
            return Categorical{json.at("categories"), json.at("codes"), json.at("ordered")};
        } else {
            return json.at("values").get<Values>();
        }
    } else {
        return Categorical{};
    }
}

std::optional<SessionSnapshot> read(const QString& file) {
    const Result<std::string> bytes = readWholeFile(file.toStdString(), kMostBytes);
    if (!bytes) return std::nullopt;
    try {
        const nlohmann::json json = nlohmann::json::from_cbor(*bytes);
        const auto text = [&](const char* key) { return QString::fromStdString(json.at(key)); };
        SessionSnapshot snapshot{text("source"), text("work_file"), text("work_folder"), text("model"), json.at("allow_normalised"), {}, file,
                                 QFileInfo(file).lastModified()};
        for (const nlohmann::json& column : json.at("columns"))
            snapshot.columns.push_back({column.at("name"), valuesFrom(column, column.at("type")), column.at("missing")});
        return snapshot;
    } catch (const nlohmann::json::exception&) {
        return std::nullopt;  // written by another version, or damaged: nothing to take up
    }
}

}  // namespace

Result<void> SessionSnapshot::write() const {
    nlohmann::json json{{"source", sourcePath.toStdString()}, {"work_file", workFile.toStdString()}, {"work_folder", workFolder.toStdString()},
                        {"model", modelFolder.toStdString()}, {"allow_normalised", allowNormalised}, {"columns", nlohmann::json::array()}};
    for (const Column& column : columns) json["columns"].push_back(toJson(column));
    std::string bytes;
    nlohmann::json::to_cbor(json, bytes);
    if (!QDir().mkpath(sessionsFolder())) return failed("The folder " + sessionsFolder().toStdString() + " cannot be written.");
    return writeFileAtomically((sessionsFolder() + QLatin1Char('/') + ownName()).toStdString(), bytes);
}

void SessionSnapshot::remove() { QFile::remove(sessionsFolder() + QLatin1Char('/') + ownName()); }

std::optional<SessionSnapshot> SessionSnapshot::findLost() {
    std::optional<SessionSnapshot> lost;
    QStringList folders;
    for (const QFileInfo& file : QDir(sessionsFolder()).entryInfoList(QDir::Files, QDir::Time)) {
        const std::optional<SessionSnapshot> snapshot = read(file.filePath());
        const bool running = ownerRuns(file.fileName());
        if (!running && (!snapshot || !QFileInfo::exists(snapshot->workFile))) {
            QFile::remove(file.filePath());
            continue;
        }
        if (snapshot) folders << snapshot->workFolder;
        if (!running && !lost) lost = snapshot;
    }
    for (const QFileInfo& folder : QDir(workParent()).entryInfoList(QDir::Dirs | QDir::NoDotAndDotDot)) {
        if (!ownerRuns(folder.fileName()) && !folders.contains(folder.filePath())) QDir(folder.filePath()).removeRecursively();
    }
    return lost;
}

void SessionSnapshot::discard() const {
    QFile::remove(file);
    if (workFolder.startsWith(workParent() + QLatin1Char('/'))) QDir(workFolder).removeRecursively();
}

QString newWorkFolder() {
    const QString folder = workParent() + QLatin1Char('/') + ownName() + QLatin1Char('-') + QUuid::createUuid().toString(QUuid::Id128).left(8);
    QDir().mkpath(folder);
    return folder;
}

}  // namespace txfm::ui
