// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/models/model_catalogue.h"

#include <algorithm>

#include <QDir>
#include <QFile>
#include <QFileInfo>
#include <QSettings>

#include <nlohmann/json.hpp>

#include "core/base/paths.h"

namespace txfm::ui {
namespace {

const QString kAddedKey = QStringLiteral("models/added");

QString toText(const std::filesystem::path& path) { return QString::fromStdString(path.string()); }
QString ownModels() { return toText(stateFolder() / "models"); }

/// The name that config.json gives, else the folder's.
QString nameOf(const QString& folder) {
    QFile file(folder + QStringLiteral("/config.json"));
    if (file.open(QIODevice::ReadOnly)) {
        const QByteArray text = file.read(1 << 20);
        const auto config = nlohmann::json::parse(text.begin(), text.end(), nullptr, false);
        if (config.is_object() && config.contains("name") && config["name"].is_string() && !config["name"].get<std::string>().empty())
            return QString::fromStdString(config["name"]);
    }
    return QFileInfo(folder).fileName();
}

}  // namespace

ModelCatalogue::ModelCatalogue(QObject* parent) : QAbstractListModel(parent) { refresh(); }

bool ModelCatalogue::looksLikeModel(const QString& folder) {
    return QFileInfo::exists(folder + QStringLiteral("/config.json")) &&
           QFileInfo::exists(folder + QStringLiteral("/model.safetensors"));
}

int ModelCatalogue::rowCount(const QModelIndex& parent) const {
    return parent.isValid() ? 0 : static_cast<int>(m_entries.size());
}

QVariant ModelCatalogue::data(const QModelIndex& index, int role) const {
    if (!index.isValid() || index.row() >= rowCount()) return {};
    const Entry& entry = m_entries[static_cast<size_t>(index.row())];
    switch (role) {
    case Qt::DisplayRole: return QStringLiteral("%1  (%2)").arg(entry.name, entry.origin);
    case Qt::ToolTipRole: return entry.folder;
    case FolderRole: return entry.folder;
    default: return {};
    }
}

void ModelCatalogue::refresh() {
    beginResetModel();
    m_entries.clear();
    scan(toText(resourceFolder() / "models"), tr("bundled"));
    scan(ownModels(), tr("fine-tuned here"));
    for (const QString& folder : QSettings().value(kAddedKey).toStringList()) addEntry(folder, tr("added"));
    endResetModel();
}

void ModelCatalogue::scan(const QString& parent, const QString& origin) {
    const QDir folder(parent);
    for (const QString& name : folder.entryList(QDir::Dirs | QDir::NoDotAndDotDot, QDir::Name)) addEntry(folder.filePath(name), origin);
}

void ModelCatalogue::addEntry(const QString& folder, const QString& origin) {
    if (!looksLikeModel(folder) || indexOfFolder(folder) >= 0) return;
    m_entries.push_back({nameOf(folder), folder, origin});
}

void ModelCatalogue::addFolder(const QString& folder) {
    QSettings settings;
    QStringList added = settings.value(kAddedKey).toStringList();
    if (!added.contains(folder)) added.append(folder);
    settings.setValue(kAddedKey, added);
    refresh();
}

int ModelCatalogue::indexOfFolder(const QString& folder) const {
    const auto found = std::ranges::find_if(m_entries, [&](const Entry& e) { return QFileInfo(e.folder) == QFileInfo(folder); });
    return found == m_entries.end() ? -1 : static_cast<int>(found - m_entries.begin());
}

QString ModelCatalogue::defaultFolder() const {
    const QString bundled = toText(defaultModelFolder());
    if (indexOfFolder(bundled) >= 0 || m_entries.empty()) return bundled;
    return m_entries.front().folder;
}

QString ModelCatalogue::newModelFolder(const QString& name) {
    QString folder = ownModels() + QLatin1Char('/') + name;
    for (int i = 2; QFileInfo::exists(folder); ++i) folder = QStringLiteral("%1/%2-%3").arg(ownModels(), name).arg(i);
    return folder;
}

}  // namespace txfm::ui
