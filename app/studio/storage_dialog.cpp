// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/studio/storage_dialog.h"

#include <filesystem>

#include <QDialogButtonBox>
#include <QHeaderView>
#include <QLabel>
#include <QPushButton>
#include <QTreeWidget>
#include <QVBoxLayout>

#include "core/base/paths.h"
#include "ui/session/background.h"
#include "ui/widgets/format.h"
#include "ui/widgets/theme.h"

namespace txfm::studio {
using namespace ui;

StorageDialog::StorageDialog(QThreadPool* pool, QWidget* parent)
    : QDialog(parent), m_pool(pool), m_list(new QTreeWidget(this)), m_total(new QLabel(this)), m_remove(new QPushButton(tr("Remove"), this)) {
    setWindowTitle(tr("Stored copies of large files"));
    resize(640, 420);
    auto* text = new QLabel(tr("Files larger than memory are read once into a packed copy, from which any cell is at hand at once. A copy "
                               "that is removed is made again when its file is opened."), this);
    text->setWordWrap(true);
    text->setProperty("role", "muted");
    m_list->setObjectName(QStringLiteral("storageList"));
    m_list->setHeaderLabels({tr("File"), tr("Size")});
    m_list->setRootIsDecorated(false);
    m_list->setSelectionMode(QAbstractItemView::ExtendedSelection);
    m_list->setTextElideMode(Qt::ElideMiddle);
    m_list->header()->setStretchLastSection(false);
    m_list->header()->setSectionResizeMode(0, QHeaderView::Stretch);
    m_list->header()->setSectionResizeMode(1, QHeaderView::ResizeToContents);
    m_list->setAccessibleName(windowTitle());
    m_total->setObjectName(QStringLiteral("storageTotal"));
    m_remove->setObjectName(QStringLiteral("storageRemove"));
    auto* buttons = new QDialogButtonBox(QDialogButtonBox::Close, this);
    buttons->addButton(m_remove, QDialogButtonBox::ActionRole);
    connect(buttons, &QDialogButtonBox::rejected, this, &QDialog::reject);
    connect(m_remove, &QPushButton::clicked, this, &StorageDialog::removeSelected);
    connect(m_list, &QTreeWidget::itemSelectionChanged, this, [this] { m_remove->setEnabled(!m_list->selectedItems().isEmpty()); });
    auto* layout = new QVBoxLayout(this);
    layout->setContentsMargins(metric::kMargin, metric::kMargin, metric::kMargin, metric::kMargin);
    layout->setSpacing(metric::kGap);
    layout->addWidget(text);
    layout->addWidget(m_list, 1);
    layout->addWidget(m_total);
    layout->addWidget(buttons);
    reload();
}

void StorageDialog::reload() {
    runInBackground(m_pool, this, [] { return io::listPackedStores(); },
                    [this](const std::vector<io::PackedStoreInfo>& stores) { show(stores); });
}

void StorageDialog::show(const std::vector<io::PackedStoreInfo>& stores) {
    m_list->clear();
    double total = 0;
    for (const io::PackedStoreInfo& store : stores) {
        const QString source = store.source.empty() ? tr("unknown") : QString::fromStdString(store.source);
        auto* item = new QTreeWidgetItem(m_list, {source, formatBytes(static_cast<double>(store.bytes))});
        item->setTextAlignment(1, Qt::AlignRight | Qt::AlignVCenter);
        item->setToolTip(0, source);
        item->setData(0, Qt::UserRole, QString::fromStdString(store.file.string()));
        total += static_cast<double>(store.bytes);
    }
    m_remove->setEnabled(false);
    m_total->setText(stores.empty() ? tr("There are no copies.")
                                    : tr("%1 in %2").arg(formatBytes(total), QString::fromStdString(cacheFolder().string())));
}

void StorageDialog::removeSelected() {
    std::vector<std::filesystem::path> files;
    for (const QTreeWidgetItem* item : m_list->selectedItems()) files.emplace_back(item->data(0, Qt::UserRole).toString().toStdString());
    runInBackground(
        m_pool, this,
        [files] {
            // One that is open keeps its space until it is closed; one that cannot be removed stays in the list.
            for (const auto& file : files) io::removePackedStore(file);
            return io::listPackedStores();
        },
        [this](const std::vector<io::PackedStoreInfo>& stores) { show(stores); });
}

}  // namespace txfm::studio
