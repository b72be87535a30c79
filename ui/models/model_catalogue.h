// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <vector>

#include <QAbstractListModel>
#include <QString>

namespace txfm::ui {

/// The models that can be chosen: bundled ones, those fine-tuned here and folders the user added. Roles:
/// display = name, UserRole = folder, ToolTip = where from. Thread: the UI thread.
class ModelCatalogue : public QAbstractListModel {
    Q_OBJECT
public:
    enum Role { FolderRole = Qt::UserRole };
    explicit ModelCatalogue(QObject* parent = nullptr);

    int rowCount(const QModelIndex& parent = {}) const override;
    QVariant data(const QModelIndex& index, int role) const override;

    /// Looks at the folders again (after a fine-tune ended).
    void refresh();
    /// Remembers a folder that the user chose.
    void addFolder(const QString& folder);
    /// It has the files of a model; whether they can be read shows when it is opened.
    static bool looksLikeModel(const QString& folder);
    int indexOfFolder(const QString& folder) const;
    QString defaultFolder() const;
    /// Where fine-tuned models are kept; a free folder name below it.
    static QString newModelFolder(const QString& name);

private:
    struct Entry {
        QString name, folder, origin;
    };
    void scan(const QString& parent, const QString& origin);
    void addEntry(const QString& folder, const QString& origin);
    std::vector<Entry> m_entries;
};

}  // namespace txfm::ui
