// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <vector>

#include <QDialog>

#include "core/io/packed_cache.h"

class QLabel;
class QPushButton;
class QThreadPool;
class QTreeWidget;

namespace txfm::studio {

/// The packed copies of large count files in the cache folder: of which file, how large; any can be removed, since the
/// program makes it again when its file is opened.
///
/// Object names for tests: storageList, storageRemove, storageTotal.
class StorageDialog : public QDialog {
    Q_OBJECT
public:
    /// `pool` looks at the disk.
    explicit StorageDialog(QThreadPool* pool, QWidget* parent = nullptr);

private:
    void reload();
    void show(const std::vector<io::PackedStoreInfo>& stores);
    void removeSelected();
    QThreadPool* m_pool;
    QTreeWidget* m_list;
    QLabel* m_total;
    QPushButton* m_remove;
};

}  // namespace txfm::studio
