// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/session/session.h"

#include <algorithm>
#include <numeric>

#include <QDir>
#include <QFileInfo>
#include <QUndoCommand>
#include <QUuid>

#include "core/base/paths.h"
#include "core/io/h5ad_writer.h"
#include "core/io/merge.h"
#include "core/io/reader.h"
#include "core/preprocess/qc.h"
#include "ui/session/background.h"
#include "ui/session/data_report.h"
#include "ui/session/progress_bridge.h"

namespace txfm::ui {
namespace {

std::filesystem::path toPath(const QString& text) { return std::filesystem::path(text.toStdString()); }

/// Views of counts refer to rows of the file they came from; the same cells in the same order may share them.
bool sameCells(const Dataset& a, const Dataset& b) {
    return a.cells() == b.cells() && a.genes() == b.genes() && a.obs.index == b.obs.index;
}

}  // namespace

/// Adds, replaces or (undo of an addition) removes an obs column.
class ObsColumnCommand : public QUndoCommand {
public:
    ObsColumnCommand(Session* session, Column column, const QString& text)
        : QUndoCommand(text), m_session(session), m_after(std::move(column)) {
        if (const Column* old = session->dataset()->obs.find(m_after.name)) m_before = *old;
    }
    void undo() override { m_session->replaceObs(m_after.name, m_before); }
    void redo() override { m_session->replaceObs(m_after.name, m_after); }

private:
    Session* m_session;
    Column m_after;
    std::optional<Column> m_before;
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
    if (!m_workFolder.isEmpty()) QDir(m_workFolder).removeRecursively();
}

QString Session::displayName() const {
    return m_sourcePath.isEmpty() ? QString() : QFileInfo(m_sourcePath).fileName();
}

void Session::open(const QString& path, const QString& countsIn) {
    m_openToken.cancel();
    m_openToken = CancelToken();
    const quint64 generation = ++m_openGeneration;
    m_opening = true;
    Q_EMIT openingStarted(path);

    io::ReadOptions options;
    options.countsIn = countsIn.toStdString();
    options.allowNormalised = true;
    auto bridge = std::make_shared<ProgressBridge>(m_openToken, this, [this, generation](const ProgressUpdate& u) {
        if (generation != m_openGeneration) return;
        Q_EMIT openingProgress(u.total > 0 ? u.done / u.total : -1, QString::fromStdString(u.stage));
    });
    runInBackground(
        m_ioPool, this, [path, options, bridge] { return io::openDataset(toPath(path), options, *bridge); },
        [this, path, generation](Result<Dataset> result) {
            if (generation != m_openGeneration) return;
            m_opening = false;
            if (!result) {
                Q_EMIT openingFailed(result.error(), path);
                return;
            }
            m_sourcePath = path;
            m_workFile = path;
            m_filtered = false;
            m_unfiltered.reset();
            m_allowNormalised = false;
            m_editedColumns.clear();
            setModified(false);
            adopt(std::make_shared<const Dataset>(std::move(*result)), false);
        });
}

void Session::cancelOpening() {
    if (!m_opening) return;
    m_openToken.cancel();
    ++m_openGeneration;
    m_opening = false;
    Q_EMIT openingFailed(cancelledError("Opening was cancelled; nothing was changed."), {});
}

void Session::close() {
    cancelOpening();
    m_sourcePath.clear();
    m_workFile.clear();
    m_filtered = false;
    m_unfiltered.reset();
    m_editedColumns.clear();
    setModified(false);
    adopt(nullptr, false);
}

bool Session::needsNormalisedDecision() const {
    return m_dataset && m_dataset->provenance.valueKind != ValueKind::Counts && !m_allowNormalised;
}

void Session::setAllowNormalised(bool allow) {
    if (allow == m_allowNormalised) return;
    m_allowNormalised = allow;
    Q_EMIT normalisedDecisionChanged();
}

void Session::adopt(std::shared_ptr<const Dataset> dataset, bool same) {
    m_dataset = std::move(dataset);
    if (same) {
        Q_EMIT resultsChanged();
        return;
    }
    m_undo->clear();
    m_selection->reset(m_dataset ? m_dataset->cells() : 0);
    Q_EMIT datasetChanged();
}

QString Session::newWorkFile(const QString& stem) {
    if (m_workFolder.isEmpty()) {
        m_workFolder = QString::fromStdString((cacheFolder() / "work").string()) + QLatin1Char('/') +
                       QUuid::createUuid().toString(QUuid::WithoutBraces);
        QDir().mkpath(m_workFolder);
    }
    return m_workFolder + QLatin1Char('/') + stem + QLatin1Char('-') +
           QUuid::createUuid().toString(QUuid::Id128).left(8) + QStringLiteral(".h5ad");
}

QString Session::resultFileFor(const QString& step) {
    QString stem = QFileInfo(m_sourcePath).completeBaseName();
    if (stem.isEmpty()) stem = QStringLiteral("data");
    return newWorkFile(stem + QLatin1Char('.') + step);
}

void Session::loadResults(const QString& file) {
    const quint64 generation = m_openGeneration;
    const std::shared_ptr<const Dataset> current = m_dataset;
    struct Loaded {
        std::shared_ptr<const Dataset> dataset;
        bool same = false;
    };
    runInBackground(
        m_ioPool, this,
        [file, current]() -> Result<Loaded> {
            io::ReadOptions options;
            options.allowNormalised = true;
            options.keepInMemory = false;
            Progress silent;
            TXFM_TRY(Dataset result, io::openDataset(toPath(file), options, silent));
            Loaded loaded;
            if (current && sameCells(*current, result)) {
                result.counts = current->counts;
                result.var = current->var;
                result.provenance.format = current->provenance.format;
                result.provenance.countsIn = current->provenance.countsIn;
                result.provenance.valueKind = current->provenance.valueKind;
                result.provenance.notes = current->provenance.notes;
                for (const Column& column : current->obs.columns) {
                    if (!result.obs.find(column.name)) result.obs.set(column);
                }
                loaded.same = true;
            }
            loaded.dataset = std::make_shared<const Dataset>(std::move(result));
            return loaded;
        },
        [this, file, generation](Result<Loaded> result) {
            if (generation != m_openGeneration) return;
            if (!result) {
                Q_EMIT resultsFailed(result.error());
                return;
            }
            m_workFile = file;
            setModified(true);
            adopt(result->dataset, result->same);
        });
}

void Session::replaceData(const QString& step, std::function<Result<Dataset>(Progress&)> make, std::function<void()> adopted) {
    m_openToken.cancel();
    m_openToken = CancelToken();
    const quint64 generation = ++m_openGeneration;
    const QString file = resultFileFor(step);
    m_opening = true;
    Q_EMIT openingStarted(m_sourcePath);
    auto bridge = std::make_shared<ProgressBridge>(m_openToken, this, [this, generation](const ProgressUpdate& u) {
        if (generation == m_openGeneration) Q_EMIT openingProgress(u.total > 0 ? u.done / u.total : -1, QString::fromStdString(u.stage));
    });
    using Made = Result<std::shared_ptr<const Dataset>>;
    runInBackground(
        m_ioPool, this,
        [make = std::move(make), file, bridge]() -> Made {
            TXFM_TRY(Dataset changed, make(*bridge));
            TXFM_CHECK(io::writeH5ad(toPath(file), changed, {}, *bridge));
            return std::make_shared<const Dataset>(std::move(changed));
        },
        [this, file, generation, adopted = std::move(adopted)](Made result) {
            if (generation != m_openGeneration) return;
            m_opening = false;
            if (!result) {
                Q_EMIT openingFailed(result.error(), m_sourcePath);
                return;
            }
            adopted();
            m_workFile = file;
            setModified(true);
            adopt(*result, false);
        });
}

void Session::keepCells(std::vector<int64_t> cells, const QString& reason) {
    if (!m_dataset) return;
    const auto make = [current = m_dataset, cells = std::move(cells), reason](Progress& progress) -> Result<Dataset> {
        std::vector<int64_t> genes(static_cast<size_t>(current->genes()));
        std::iota(genes.begin(), genes.end(), int64_t{0});
        TXFM_TRY(Dataset kept, subset(*current, cells, genes, progress));
        kept.provenance.notes.push_back(reason.toStdString());
        return kept;
    };
    replaceData(QStringLiteral("filtered"), make, [this, current = m_dataset, workFile = m_workFile] {
        if (!m_filtered) {
            m_unfiltered = current;
            m_unfilteredWorkFile = workFile;
        }
        m_filtered = true;
    });
}

void Session::mergeFiles(const QStringList& files) {
    if (!m_dataset || files.isEmpty()) return;
    const auto make = [current = m_dataset, files, name = displayName().toStdString()](Progress& progress) -> Result<Dataset> {
        std::vector<io::NamedDataset> parts{{name, *current}};
        for (const QString& file : files) {
            io::ReadOptions options;
            TXFM_TRY(Dataset next, io::openDataset(toPath(file), options, progress));
            parts.push_back({QFileInfo(file).fileName().toStdString(), std::move(next)});
        }
        return io::mergeDatasets(std::move(parts), progress);
    };
    replaceData(QStringLiteral("merged"), make, [this] {
        m_filtered = false;
        m_unfiltered.reset();
    });
}

void Session::restoreAllCells() {
    if (!m_filtered) return;
    m_filtered = false;
    m_workFile = m_unfilteredWorkFile;
    const std::shared_ptr<const Dataset> all = std::exchange(m_unfiltered, nullptr);
    adopt(all, false);
}

void Session::setObsColumn(const Column& column, const QString& undoText) {
    if (!m_dataset) return;
    m_undo->push(new ObsColumnCommand(this, column, undoText));
}

void Session::replaceObs(const std::string& name, const std::optional<Column>& column) {
    auto changed = std::make_shared<Dataset>(*m_dataset);
    if (column) {
        changed->obs.set(*column);
    } else {
        std::erase_if(changed->obs.columns, [&](const Column& c) { return c.name == name; });
    }
    if (!std::ranges::count(m_editedColumns, name)) m_editedColumns.push_back(name);
    setModified(true);
    adopt(std::move(changed), true);
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
        if (const Column* column = m_dataset->obs.find(name)) additions.obs.push_back(*column);
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
                Q_EMIT savingFailed(result.error());
                return;
            }
            setModified(false);
            Q_EMIT saved(path);
        });
}

void Session::chooseModel(const QString& folder) {
    if (folder == m_modelFolder && m_model) return;
    m_modelFolder = folder;
    const quint64 generation = ++m_modelGeneration;
    using Opened = Result<std::shared_ptr<const io::ModelDirectory>>;
    runInBackground(
        m_computePool, this,
        [folder]() -> Opened {
            TXFM_TRY(io::ModelDirectory model, io::ModelDirectory::open(toPath(folder)));
            return std::make_shared<const io::ModelDirectory>(std::move(model));
        },
        [this, folder, generation](Opened result) {
            if (generation != m_modelGeneration) return;
            m_model = result ? *result : nullptr;
            Q_EMIT modelChanged();
            if (!result) Q_EMIT modelFailed(result.error(), folder);
        });
}

}  // namespace txfm::ui
