// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <vector>

#include "core/workflow/options/training_options.h"
#include "ui/pages/page.h"

class QComboBox;
class QDoubleSpinBox;
class QLabel;
class QLineEdit;
class QListWidget;
class QPushButton;
class QRadioButton;
class QSpinBox;

namespace txfm::ui {

class ErrorBanner;
class ForecastNote;
class Job;
struct JobSpec;
class ModelCatalogue;
class ModelChoice;
class OptionsForm;
class TrainingPanel;

/// Start a fine-tune on the open data (and more files), watch it, stop and resume it. The run is a process of its own: it goes on when the window closes
/// and is found again at the next start.
class FineTunePage : public Page {
    Q_OBJECT
public:
    explicit FineTunePage(ModelCatalogue* catalogue, QWidget* parent = nullptr);
    QString id() const override;
    QString title() const override { return tr("Fine-tune"); }
    QString emptyText() const override;
    void setSession(Session* session) override;
    void activated() override;
    nlohmann::json viewState() const override;
    void setViewState(const nlohmann::json& state) override;

Q_SIGNALS:
    /// Names of the models that are being made; also when the page finds runs of an earlier window.
    void runsUnderWay(const QStringList& names);

private:
    QWidget* makeSetup();
    QWidget* makeRuns();
    void refreshSetup();
    void refreshForecast();
    JobSpec runSpec() const;
    bool isRunUnderWay() const;
    void addDataFiles();
    void removeDataFile();
    void start();
    void launch(const JobSpec& spec, const QString& folder);
    void adoptJob(Job* job);
    void jobFinished(Job* job);
    void showRun(int index);
    void showRunError();
    void refreshRunNames();
    Job* currentJob() const;
    void removeRun();

    ModelCatalogue* m_catalogue;
    ErrorBanner* m_banner;
    ModelChoice* m_base;
    QComboBox* m_runs;
    QListWidget* m_files;
    QLineEdit* m_name;
    QRadioButton *m_byMinutes, *m_byEpochs;
    QDoubleSpinBox* m_minutes;
    QSpinBox* m_epochs;
    OptionsForm* m_form;
    ForecastNote* m_forecast;
    QLabel* m_blocked;
    QPushButton *m_start, *m_remove;
    TrainingPanel* m_training;
    workflow::FinetuneOptions m_options;
    std::vector<Job*> m_jobs;  ///< newest first, like the list of runs
    QStringList m_moreFiles;
    bool m_starting = false;
};

}  // namespace txfm::ui
