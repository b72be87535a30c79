// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/session/session.h"

#include <algorithm>

#include <QDir>
#include <QFileInfo>
#include <QUndoCommand>
#include <QUuid>

#include "core/io/h5ad_writer.h"
#include "ui/session/background.h"
#include "ui/session/data_report.h"
#include "ui/session/model_genes.h"

namespace txfm::ui {
namespace {

std::filesystem::path toPath(const QString& text) { return std::filesystem::path(text.toStdString()); }

}  // namespace

/// Adds, replaces or (undo of an addition) removes an obs column.
class ObsColumnCommand : public QUndoCommand {
public:
    ObsColumnCommand(Session* session, Column column, const QString& text)
        : QUndoCommand(text), m_session(session), m_before(session->latestObs(column.name)), m_after(std::move(column)) {}
    void undo() override { m_session->replaceObs(m_after.name, m_before); }
    void redo() override { m_session->replaceObs(m_after.name, m_after); }

private:
    Session* m_session;
    std::optional<Column> m_before;
    Column m_after;
};

Session::Session(QObject* parent)
    : QObject(parent), m_undo(new QUndoStack(this)), m_selection(new SelectionModel(m_undo, this)),
      m_navigation(new Navigation(this)), m_report(new DataReport(this)), m_ioPool(new QThreadPool(this)), m_computePool(new QThreadPool(this)) {
    m_ioPool->setMaxThreadCount(1);
    m_ioPool->setExpiryTimeout(-1);
    m_undo->setUndoLimit(200);
}

Session::~Session() {
    m_openToken.cancel();
    m_ioPool->waitForDone();
    m_computePool->waitForDone();
    if (!m_workFolder.isEmpty() && !m_keepWorkFolder) QDir(m_workFolder).removeRecursively();
}

QString Session::displayName() const {
    if (m_sourcePath.isEmpty()) return {};
    const QString name = QFileInfo(m_sourcePath).fileName();
    return m_joinedFiles > 0 ? tr("%1 and %n more", nullptr, m_joinedFiles).arg(name) : name;
}

void Session::restoreAllCells() {
    if (!m_filtered) return;
    m_filtered = false;
    m_workFile = m_unfilteredWorkFile;
    adopt(std::exchange(m_unfiltered, nullptr), false);
}

void Session::close() {
    cancelOpening();
    m_countsChoices.clear();
    startAnew({}, {});
    adopt(nullptr, false);
}

bool Session::needsNormalisedDecision() const {
    return m_dataset && m_dataset->provenance.valueKind != ValueKind::Counts && !(m_allowNormalised && valuesAreUsable());
}

bool Session::valuesAreUsable() const { return !m_dataset || m_dataset->provenance.valueKind != ValueKind::Scaled; }

QString Session::whatIsWrongWithValues() const {
    if (!needsNormalisedDecision()) return {};
    return valuesAreUsable() ? tr("These values are not raw counts; decide on the Data page whether to use them.")
                             : tr("These values are scaled, some are negative, and they cannot be turned back into counts. Open a file with raw counts, or "
                                  "choose another matrix on the Data page where there is one.");
}

void Session::setAllowNormalised(bool allow) {
    if (allow == m_allowNormalised) return;
    m_allowNormalised = allow;
    Q_EMIT normalisedDecisionChanged();
}

void Session::setRunningWork(const QString& title) {
    if (title == m_runningWork) return;
    m_runningWork = title;
    Q_EMIT runningWorkChanged();
}

void Session::adopt(std::shared_ptr<const Dataset> dataset, bool same) {
    std::shared_ptr<const Dataset> old = std::exchange(m_dataset, std::move(dataset));
    if (same) {
        Q_EMIT resultsChanged();
    } else {
        ++m_dataGeneration;
        m_obsEdits.clear();
        m_undo->clear();
        m_selection->reset(m_dataset ? m_dataset->cells() : 0);
        Q_EMIT datasetChanged();
    }
    // Giving back gigabytes takes the system a while: not on this thread.
    if (old) m_computePool->start([old = std::move(old)]() mutable { old.reset(); });
}

QString Session::newWorkFile(const QString& stem) {
    if (m_workFolder.isEmpty()) m_workFolder = newWorkFolder();
    return m_workFolder + QLatin1Char('/') + stem + QLatin1Char('-') +
           QUuid::createUuid().toString(QUuid::Id128).left(8) + QStringLiteral(".h5ad");
}

QString Session::resultFileFor(const QString& step) {
    QString stem = QFileInfo(m_sourcePath).completeBaseName();
    if (stem.isEmpty()) stem = QStringLiteral("data");
    return newWorkFile(stem + QLatin1Char('.') + step);
}

void Session::setObsColumn(const Column& column, const QString& undoText) {
    if (!m_dataset) return;
    m_undo->push(new ObsColumnCommand(this, column, undoText));
}

std::optional<Column> Session::latestObs(const std::string& name) const {
    for (auto edit = m_obsEdits.rbegin(); edit != m_obsEdits.rend(); ++edit)
        if (edit->first == name) return edit->second;
    const Column* column = m_dataset->obs.find(name);
    return column ? std::optional(*column) : std::nullopt;
}

void Session::replaceObs(const std::string& name, const std::optional<Column>& column) {
    if (!std::ranges::count(m_editedColumns, name)) m_editedColumns.push_back(name);
    setModified(true);
    m_obsEdits.emplace_back(name, column);
    if (m_obsEdits.size() == 1) applyObsEdits();
}

void Session::applyObsEdits() {
    // The copy of a large data set takes a while. It starts from what is open now; when that has changed meanwhile
    // (results came in), the edits are applied again to the newer one.
    using Changed = std::shared_ptr<const Dataset>;
    runInBackground(
        m_computePool, this,
        [current = m_dataset, edits = m_obsEdits]() -> Changed {
            auto changed = std::make_shared<Dataset>(*current);
            for (const auto& [name, column] : edits) {
                if (column) {
                    changed->obs.set(*column);
                } else {
                    std::erase_if(changed->obs.columns, [&](const Column& c) { return c.name == name; });
                }
            }
            return changed;
        },
        [this, current = m_dataset, count = m_obsEdits.size()](Changed changed) {
            if (m_obsEdits.empty()) return;  // another data set is open
            if (m_dataset != current) {
                applyObsEdits();
                return;
            }
            m_obsEdits.erase(m_obsEdits.begin(), m_obsEdits.begin() + static_cast<std::ptrdiff_t>(count));
            adopt(std::move(changed), true);
            if (!m_obsEdits.empty()) applyObsEdits();
        });
}

SessionSnapshot Session::snapshot() const {
    SessionSnapshot snapshot{m_sourcePath, m_workFile, m_workFolder, m_modelFolder, m_allowNormalised, {}, {}, {}};
    for (const std::string& name : m_editedColumns) {
        if (std::optional<Column> column = latestObs(name)) snapshot.columns.push_back(std::move(*column));
    }
    return snapshot;
}

void Session::setModified(bool modified) {
    if (modified == m_modified) return;
    m_modified = modified;
    Q_EMIT modifiedChanged(modified);
}

void Session::saveAs(const QString& path) {
    if (!m_dataset || m_saving) return;
    if (QFileInfo(path) == QFileInfo(m_sourcePath)) {
        Q_EMIT savingFailed(failed("The opened file " + path.toStdString() + " is never changed.",
                                   "Choose another name for the result."));
        return;
    }
    m_saving = true;
    Q_EMIT savingStarted(path);
    io::H5adAdditions additions;
    for (const std::string& name : m_editedColumns) {
        if (const std::optional<Column> column = latestObs(name)) additions.obs.push_back(*column);
    }
    const bool copyWorkFile = m_workFile.endsWith(QStringLiteral(".h5ad"), Qt::CaseInsensitive);
    runInBackground(
        m_ioPool, this,
        [path, additions, copyWorkFile, workFile = m_workFile, dataset = m_dataset]() -> Result<void> {
            Progress silent;
            if (copyWorkFile) return io::addToH5ad(toPath(workFile), toPath(path), additions, silent);
            return io::writeH5ad(toPath(path), *dataset, additions, silent);
        },
        [this, path](Result<void> result) {
            m_saving = false;
            if (!result) {
                Error error = result.error();
                if (error.hint.empty()) error.hint = "Choose another folder; the results stay open here.";
                Q_EMIT savingFailed(error);
                return;
            }
            m_savedPath = path;
            setModified(false);
            Q_EMIT saved(path);
        });
}

void Session::chooseModel(const QString& folder) {
    if (folder == m_modelFolder && m_model) return;
    m_modelFolder = folder;
    const quint64 generation = ++m_modelGeneration;
    struct Model {
        std::shared_ptr<const io::ModelDirectory> directory;
        std::shared_ptr<const ModelGenes> genes;
    };
    using Opened = Result<Model>;
    runInBackground(
        m_computePool, this,
        [folder]() -> Opened {
            TXFM_TRY(io::ModelDirectory model, io::ModelDirectory::open(toPath(folder)));
            const auto shared = std::make_shared<const io::ModelDirectory>(std::move(model));
            return Model{shared, std::make_shared<const ModelGenes>(shared)};
        },
        [this, folder, generation](Opened result) {
            if (generation != m_modelGeneration) return;
            m_model = result ? result->directory : nullptr;
            m_modelGenes = result ? result->genes : nullptr;
            Q_EMIT modelChanged();
            if (!result) Q_EMIT modelFailed(result.error(), folder);
        });
}

}  // namespace txfm::ui
