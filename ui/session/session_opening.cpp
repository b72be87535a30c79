// SPDX-License-Identifier: GPL-3.0-or-later
// The parts of Session that read: opening, results of jobs, filtering and joining.
#include <algorithm>
#include <numeric>

#include <QDir>
#include <QFile>
#include <QFileInfo>

#include "core/io/h5ad_writer.h"
#include "core/io/reader.h"
#include "core/preprocess/join_datasets.h"
#include "core/preprocess/qc.h"
#include "ui/session/background.h"
#include "ui/session/progress_bridge.h"
#include "ui/session/session.h"
#include "ui/widgets/format.h"

namespace txfm::ui {
namespace {

std::filesystem::path toPath(const QString& text) { return std::filesystem::path(text.toStdString()); }

/// Views of counts refer to rows of the file they came from; the same cells in the same order may share them.
bool sameCells(const Dataset& a, const Dataset& b) {
    return a.cells() == b.cells() && a.genes() == b.genes() && a.obs.index == b.obs.index;
}

/// The matrices of a file that can be taken for counts, when there are several.
std::vector<Session::CountsChoice> findChoices(const QString& path) {
    std::vector<Session::CountsChoice> choices;
    const Result<io::FileInfo> info = io::inspect(toPath(path));
    if (!info || info->matrices.size() < 2) return choices;
    for (const auto& [option, values] : info->matrices) choices.push_back({QString::fromStdString(option), QString::fromStdString(values)});
    return choices;
}

Result<Dataset> join(std::vector<io::NamedDataset> parts, const QStringList& files, Progress& progress) {
    for (const QString& file : files) {
        TXFM_TRY(Dataset next, io::openDataset(toPath(file), {}, progress));
        parts.push_back({QFileInfo(file).fileName().toStdString(), std::move(next)});
    }
    return joinDatasets(std::move(parts), progress);
}

}  // namespace

std::shared_ptr<Progress> Session::beginOpening(const QString& path) {
    m_openToken.cancel();
    m_openToken = CancelToken();
    m_opening = true;
    Q_EMIT openingStarted(path);
    return std::make_shared<ProgressBridge>(m_openToken, this, [this, generation = ++m_openGeneration](const ProgressUpdate& update) {
        if (generation == m_openGeneration)
            Q_EMIT openingProgress(update.total > 0 ? update.done / update.total : -1, describeProgress(update));
    });
}

void Session::failOpening(const Error& error, const QString& path) {
    m_opening = false;
    Q_EMIT openingFailed(error, path);
}

Result<Session::Opened> Session::read(const QString& path, const QString& countsIn, const QString& copy, Progress& progress) {
    io::ReadOptions options;
    options.countsIn = countsIn.toStdString();
    options.allowNormalised = true;
    Opened opened;
    TXFM_TRY(Dataset dataset, io::openDataset(toPath(path), options, progress));
    opened.countsChoices = findChoices(path);
    opened.workFile = path;
    if (!countsIn.isEmpty()) {
        // Jobs look for counts by themselves; they get a file that holds the chosen ones only.
        TXFM_CHECK(io::writeH5ad(toPath(copy), dataset, {}, progress));
        opened.workFile = copy;
    }
    opened.dataset = std::make_shared<const Dataset>(std::move(dataset));
    return opened;
}

void Session::open(const QString& path, const QString& countsIn) {
    const auto progress = beginOpening(path);
    const QString copy = countsIn.isEmpty() ? QString() : newWorkFile(QFileInfo(path).completeBaseName());
    runInBackground(
        m_ioPool, this, [path, countsIn, copy, progress] { return read(path, countsIn, copy, *progress); },
        [this, path, countsIn, generation = m_openGeneration](Result<Opened> result) {
            if (generation != m_openGeneration) return;
            if (!result) {
                failOpening(result.error(), path);
                return;
            }
            m_opening = false;
            startAnew(path, result->workFile);
            m_countsChoices = result->countsChoices;
            m_countsIn = countsIn;
            adopt(result->dataset, false);
        });
}

void Session::startAnew(const QString& path, const QString& workFile) {
    m_sourcePath = m_savedPath = path;
    m_workFile = workFile;
    m_countsIn.clear();
    m_joinedFiles = 0;
    m_filtered = false;
    m_unfiltered.reset();
    m_allowNormalised = false;
    m_editedColumns.clear();
    setModified(false);
}

void Session::restore(SessionSnapshot lost) {
    // The working files move to a folder of this process, so that no other window clears them away.
    if (lost.workFile.startsWith(lost.workFolder + QLatin1Char('/'))) {
        const QString folder = newWorkFolder();
        QDir().rmdir(folder);
        if (QDir().rename(lost.workFolder, folder)) {
            lost.workFile.replace(0, lost.workFolder.size(), folder);
            lost.workFolder = folder;
        }
        m_workFolder = lost.workFolder;
    }
    if (const Result<void> written = lost.write()) QFile::remove(lost.file);
    if (!lost.modelFolder.isEmpty()) chooseModel(lost.modelFolder);
    const auto progress = beginOpening(lost.sourcePath);
    runInBackground(
        m_ioPool, this,
        [lost, progress]() -> Result<std::shared_ptr<const Dataset>> {
            io::ReadOptions options;
            options.allowNormalised = true;
            TXFM_TRY(Dataset dataset, io::openDataset(toPath(lost.workFile), options, *progress));
            for (const Column& column : lost.columns) {
                if (column.size() == dataset.obs.rows()) dataset.obs.set(column);
            }
            return std::make_shared<const Dataset>(std::move(dataset));
        },
        [this, lost, generation = m_openGeneration](Result<std::shared_ptr<const Dataset>> result) {
            if (generation != m_openGeneration) return;
            if (!result) {
                failOpening(result.error(), lost.sourcePath);
                return;
            }
            m_opening = false;
            startAnew(lost.sourcePath, lost.workFile);
            m_countsChoices.clear();
            m_allowNormalised = lost.allowNormalised;
            for (const Column& column : lost.columns) m_editedColumns.push_back(column.name);
            setModified(true);
            adopt(*result, false);
        });
}

void Session::cancelOpening() {
    if (!m_opening) return;
    m_openToken.cancel();
    ++m_openGeneration;
    failOpening(cancelledError("Opening was cancelled; nothing was changed."), {});
}

void Session::loadResults(const QString& file) {
    // An opening that is under way, and may fail, does not make them stale; other data do.
    const quint64 generation = m_dataGeneration;
    struct Loaded {
        std::shared_ptr<const Dataset> dataset;
        bool same = false;
    };
    runInBackground(
        m_ioPool, this,
        [file, current = m_dataset, edited = m_editedColumns]() -> Result<Loaded> {
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
                    if (!result.obs.find(column.name) || std::ranges::count(edited, column.name)) result.obs.set(column);
                }
                loaded.same = true;
            }
            loaded.dataset = std::make_shared<const Dataset>(std::move(result));
            return loaded;
        },
        [this, file, generation](Result<Loaded> result) {
            if (generation != m_dataGeneration) return;
            if (!result) {
                Q_EMIT resultsFailed(result.error());
                return;
            }
            m_workFile = file;
            setModified(true);
            adopt(result->dataset, result->same);
        });
}

void Session::replaceData(const QString& step, std::function<Result<Dataset>(Progress&)> make, DataWriter write, std::function<void()> adopted) {
    const auto progress = beginOpening(m_sourcePath);
    const QString file = resultFileFor(step);
    using Made = Result<std::shared_ptr<const Dataset>>;
    runInBackground(
        m_ioPool, this,
        [make = std::move(make), write = std::move(write), file, progress]() -> Made {
            TXFM_TRY(Dataset changed, make(*progress));
            TXFM_CHECK(write(toPath(file), changed, *progress));
            return std::make_shared<const Dataset>(std::move(changed));
        },
        [this, file, adopted = std::move(adopted), generation = m_openGeneration](Made result) {
            if (generation != m_openGeneration) return;
            if (!result) {
                failOpening(result.error(), m_sourcePath);
                return;
            }
            m_opening = false;
            adopted();
            m_workFile = file;
            setModified(true);
            adopt(*result, false);
        });
}

void Session::keepCells(std::vector<int64_t> cells, const QString& reason) {
    if (!m_dataset) return;
    const auto make = [current = m_dataset, cells, reason](Progress& progress) -> Result<Dataset> {
        std::vector<int64_t> genes(static_cast<size_t>(current->genes()));
        std::iota(genes.begin(), genes.end(), int64_t{0});
        TXFM_TRY(Dataset kept, subset(*current, cells, genes, progress));
        kept.provenance.notes.push_back(reason.toStdString());
        return kept;
    };
    // The slots beside the counts are cut from the working file, which holds the results so far.
    const auto write = [workFile = m_workFile, source = m_sourcePath, edited = m_editedColumns, cells](const std::filesystem::path& file, const Dataset& kept,
                                                                                                   Progress& progress) -> Result<void> {
        if (!workFile.endsWith(QStringLiteral(".h5ad"), Qt::CaseInsensitive)) return io::writeH5ad(file, kept, {}, progress);
        Dataset cut = kept;
        cut.provenance.format = "h5ad";
        cut.provenance.path = toPath(workFile).string();
        if (workFile != source) {
            TXFM_TRY(const io::FileInfo info, io::inspect(toPath(workFile)));
            cut.provenance.countsIn = info.countsIn;
        }
        io::H5adAdditions additions;
        for (const std::string& name : edited)
            if (const Column* column = kept.obs.find(name)) additions.obs.push_back(*column);
        TXFM_CHECK(io::rewriteH5ad(file, cut, {cells, std::nullopt}, additions, progress));
        return {};
    };
    replaceData(QStringLiteral("filtered"), make, write, [this, current = m_dataset, workFile = m_workFile] {
        if (!m_filtered) {
            m_unfiltered = current;
            m_unfilteredWorkFile = workFile;
        }
        m_filtered = true;
    });
}

void Session::mergeFiles(const QStringList& files) {
    if (!m_dataset || files.isEmpty()) return;
    if (!m_runningWork.isEmpty() || (m_modified && !m_dataset->obsm.empty())) {
        const std::string name = displayName().toStdString();
        failOpening(m_runningWork.isEmpty() ? failed("Embeddings and maps of " + name + " are not saved, and joined cells start without any.",
                                                     "Save them first (Ctrl+S), then add the files.")
                                            : failed(m_runningWork.toStdString() + " is still running, and joined cells start without embedding.",
                                                     "Wait for its end, or stop it on the Embed page, then add the files."),
                    files.join(QLatin1Char('\n')));
        return;
    }
    const auto make = [current = m_dataset, files, name = displayName().toStdString()](Progress& progress) -> Result<Dataset> {
        return join({{name, *current}}, files, progress);
    };
    const auto write = [](const std::filesystem::path& file, const Dataset& joined, Progress& progress) { return io::writeH5ad(file, joined, {}, progress); };
    replaceData(QStringLiteral("merged"), make, write, [this, more = static_cast<int>(files.size())] {
        m_joinedFiles += more;
        m_filtered = false;
        m_unfiltered.reset();
    });
}

void Session::openJoined(const QStringList& files) {
    const auto progress = beginOpening(files.constFirst());
    const QString copy = newWorkFile(QFileInfo(files.constFirst()).completeBaseName() + QStringLiteral(".joined"));
    runInBackground(
        m_ioPool, this,
        [files, copy, progress]() -> Result<std::shared_ptr<const Dataset>> {
            TXFM_TRY(Dataset joined, join({}, files, *progress));
            TXFM_CHECK(io::writeH5ad(toPath(copy), joined, {}, *progress));
            return std::make_shared<const Dataset>(std::move(joined));
        },
        [this, files, copy, generation = m_openGeneration](Result<std::shared_ptr<const Dataset>> result) {
            if (generation != m_openGeneration) return;
            if (!result) {
                failOpening(result.error(), files.join(QLatin1Char('\n')));
                return;
            }
            m_opening = false;
            startAnew(files.constFirst(), copy);
            m_countsChoices.clear();
            m_joinedFiles = static_cast<int>(files.size()) - 1;
            setModified(true);
            adopt(*result, false);
        });
}

}  // namespace txfm::ui
