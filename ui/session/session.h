// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <QObject>
#include <QString>
#include <QThreadPool>
#include <QUndoStack>

#include "core/base/progress.h"
#include "core/base/result.h"
#include "core/data/dataset.h"
#include "core/io/model_directory.h"
#include "ui/session/navigation.h"
#include "ui/session/selection_model.h"
#include "ui/session/session_snapshot.h"

namespace txfm::ui {

class DataReport;
class ModelGenes;

/// Everything that is open: one data set with its results (obsm, obs), one chosen model, the selection,
/// the undo stack. Values are immutable and shared; a change replaces them and emits a signal.
/// Reading happens on ioPool(), one thread, because HDF5 is not thread-safe. Thread: the UI thread.
class Session : public QObject {
    Q_OBJECT
public:
    explicit Session(QObject* parent = nullptr);
    ~Session() override;

    // --- data ---------------------------------------------------------------------------------
    /// The open data set with all results known so far (maps are in obsm: X_txfm_umap, X_umap,
    /// X_pca …; clusters in obs: txfm_leiden), null = none.
    std::shared_ptr<const Dataset> dataset() const { return m_dataset; }
    /// The file the user opened (the first of several that were joined), "" = none.
    QString sourcePath() const { return m_sourcePath; }
    /// The file that holds the data with all results, "" while there are unsaved ones.
    QString savedPath() const { return m_modified ? QString() : m_savedPath; }
    /// As given to open().
    QString countsIn() const { return m_countsIn; }
    QString displayName() const;
    bool isOpening() const { return m_opening; }
    /// Opens in the background: openingStarted … datasetChanged or openingFailed. Normalised values open
    /// too, for looking at them; needsNormalisedDecision() then tells that the user must choose.
    /// `countsIn`: which counts, "" = found by themselves.
    void open(const QString& path, const QString& countsIn = {});
    /// Opens several files as one data set (see mergeFiles()).
    void openJoined(const QStringList& files);
    /// A matrix of the opened file: its name for open(), what its values look like.
    struct CountsChoice {
        QString option, values;
    };
    /// Empty where the file leaves no choice.
    const std::vector<CountsChoice>& countsChoices() const { return m_countsChoices; }
    void cancelOpening();
    void close();
    /// The values are not counts and the user has not agreed to use them as they are, or cannot: see valuesAreUsable().
    bool needsNormalisedDecision() const;
    /// False for scaled values with negatives, which no model can read as counts.
    bool valuesAreUsable() const;
    /// Why nothing starts while needsNormalisedDecision(), and what to do; else "".
    QString whatIsWrongWithValues() const;
    bool allowNormalised() const { return m_allowNormalised; }
    void setAllowNormalised(bool allow);
    /// What a page is doing with the open data and would have to stop if other data were opened ("Embedding x.h5ad"), "" = nothing.
    QString runningWork() const { return m_runningWork; }
    void setRunningWork(const QString& title);

    /// The .h5ad that child jobs read and that holds results so far (the source itself before the first job).
    QString workFile() const { return m_workFile; }
    /// A fresh name for the output of a child job, in a folder that goes away with the session.
    QString resultFileFor(const QString& step);
    /// Reads a child job's output and makes it the open data set (same cells: counts in memory are kept).
    void loadResults(const QString& file);
    /// Keeps only these cells (QC): writes a working file and makes it the open data set.
    void keepCells(std::vector<int64_t> cells, const QString& reason);
    /// Adds the cells of further files: genes are united, obs['sample'] says where a cell is from. Embeddings and maps are not
    /// carried over: openingFailed while they are not saved or being made.
    void mergeFiles(const QStringList& files);
    bool isFiltered() const { return m_filtered; }
    /// Goes back to the file as opened.
    void restoreAllCells();

    /// Adds or replaces an obs column (annotation of a selection …); undoable, saved with the results.
    void setObsColumn(const Column& column, const QString& undoText);
    /// Unsaved results or annotations exist.
    bool isModified() const { return m_modified; }
    /// Writes data, results and annotations as .h5ad in the background: saved or savingFailed.
    void saveAs(const QString& path);
    bool isSaving() const { return m_saving; }
    /// What a later window needs to go on from here.
    SessionSnapshot snapshot() const;
    /// Takes up a lost session (SessionSnapshot::findLost()): as open(), with its unsaved results.
    void restore(SessionSnapshot lost);
    /// The working files outlive this session, for a window that takes it up.
    void keepWorkFolder() { m_keepWorkFolder = true; }

    // --- model --------------------------------------------------------------------------------
    /// The chosen model (vocabulary, card, gene vectors), null = none or still opening.
    std::shared_ptr<const io::ModelDirectory> model() const { return m_model; }
    /// Its genes, ready to be shown and searched; null with model().
    std::shared_ptr<const ModelGenes> modelGenes() const { return m_modelGenes; }
    QString modelFolder() const { return m_modelFolder; }
    void chooseModel(const QString& folder);

    /// Quality metrics and gene matching of the open data set.
    DataReport* report() const { return m_report; }

    // --- shared tools -------------------------------------------------------------------------
    SelectionModel* selection() const { return m_selection; }
    QUndoStack* undoStack() const { return m_undo; }
    Navigation* navigation() const { return m_navigation; }
    /// One thread; everything that may touch a file (CountSource::readRows of counts that are not in memory included).
    QThreadPool* ioPool() const { return m_ioPool; }
    /// All cores; pure computation on values in memory.
    QThreadPool* computePool() const { return m_computePool; }

Q_SIGNALS:
    void openingStarted(const QString& path);
    void openingProgress(double fraction, const QString& text);  ///< fraction < 0 = unknown
    void openingFailed(const txfm::Error& error, const QString& path);
    /// Another data set, or none (selection is reset before this).
    void datasetChanged();
    void normalisedDecisionChanged();
    void runningWorkChanged();
    /// Same cells, new obs/obsm content (embedding, map, clusters, annotation).
    void resultsChanged();
    void resultsFailed(const txfm::Error& error);
    void modelChanged();
    void modelFailed(const txfm::Error& error, const QString& folder);
    void modifiedChanged(bool modified);
    void savingStarted(const QString& path);
    void saved(const QString& path);
    void savingFailed(const txfm::Error& error);

private:
    friend class ObsColumnCommand;
    struct Opened {
        std::shared_ptr<const Dataset> dataset;
        std::vector<CountsChoice> countsChoices;
        QString workFile;
    };
    static Result<Opened> read(const QString& path, const QString& countsIn, const QString& copy, Progress& progress);
    /// Another file is open; nothing of the last one is left.
    void startAnew(const QString& path, const QString& workFile);
    /// Starts an opening: cancels the one before and announces it. What it reports goes to openingProgress().
    std::shared_ptr<Progress> beginOpening(const QString& path);
    void failOpening(const Error& error, const QString& path);
    using DataWriter = std::function<Result<void>(const std::filesystem::path& file, const Dataset& changed, Progress& progress)>;
    /// Makes a changed data set on the reading thread, stores it as working file and opens it.
    void replaceData(const QString& step, std::function<Result<Dataset>(Progress&)> make, DataWriter write, std::function<void()> adopted);
    void adopt(std::shared_ptr<const Dataset> dataset, bool sameCells);
    void replaceObs(const std::string& name, const std::optional<Column>& column);
    void applyObsEdits();
    /// An obs column with the edits that are under way.
    std::optional<Column> latestObs(const std::string& name) const;
    QString newWorkFile(const QString& stem);
    void setModified(bool modified);

    std::shared_ptr<const Dataset> m_dataset, m_unfiltered;
    std::shared_ptr<const io::ModelDirectory> m_model;
    std::shared_ptr<const ModelGenes> m_modelGenes;
    QString m_sourcePath, m_savedPath, m_countsIn, m_workFile, m_modelFolder, m_unfilteredWorkFile, m_runningWork;
    bool m_opening = false, m_saving = false, m_filtered = false, m_modified = false;
    bool m_allowNormalised = false, m_keepWorkFolder = false;
    int m_joinedFiles = 0;  // beyond the first
    quint64 m_openGeneration = 0, m_modelGeneration = 0, m_dataGeneration = 0;
    CancelToken m_openToken;
    QString m_workFolder;
    std::vector<CountsChoice> m_countsChoices;
    std::vector<std::string> m_editedColumns;
    std::vector<std::pair<std::string, std::optional<Column>>> m_obsEdits;  // not yet in m_dataset
    QUndoStack* m_undo;
    SelectionModel* m_selection;
    Navigation* m_navigation;
    DataReport* m_report;
    QThreadPool* m_ioPool;
    QThreadPool* m_computePool;
};

}  // namespace txfm::ui

