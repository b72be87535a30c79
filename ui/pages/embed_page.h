// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <memory>

#include "core/workflow/options/embed_options.h"
#include "ui/pages/page.h"
#include "ui/worker/job_chain.h"

class QLabel;
class QPushButton;

namespace txfm::ui {

class EmptyState;
class ErrorBanner;
class ForecastNote;
class ModelCatalogue;
class ModelPanel;
class OptionsForm;
class ProgressPanel;
class Section;

/// Choose a model and options, see what it will take, embed. Then the maps of embedding and expression and the clusters
/// are made, and Explore opens as soon as there is something to see.
class EmbedPage : public Page {
    Q_OBJECT
public:
    explicit EmbedPage(ModelCatalogue* catalogue, QWidget* parent = nullptr);
    ~EmbedPage() override;
    QString id() const override;
    QString title() const override { return tr("Embed"); }
    QString emptyText() const override;
    void setSession(Session* session) override;
    nlohmann::json viewState() const override;
    void setViewState(const nlohmann::json& state) override;

private:
    void refresh();
    void refreshForecast();
    void forecastChanged();
    enum Step { kEmbed, kMap, kClusters, kExpressionMap };
    /// Does the steps from `first` on; from kMap on with the embedding that the data have.
    void start(Step first);
    /// What the running chain is doing.
    Step step() const;
    void refreshMapOnly();
    void stop();
    void jobDone(Job* job);
    void leaveChain();
    /// Opens the embedding whose map was not made; false when there is none.
    bool keepEmbedding();
    void chainStopped(const Error& error, const QString& details);
    JobSpec embedSpec(const QString& out) const;
    double forecastFlops() const;

    EmptyState* m_empty;
    ErrorBanner* m_banner;
    ModelPanel* m_modelPanel;
    OptionsForm* m_form;
    Section* m_optionsSection;
    ForecastNote* m_forecast;
    QLabel* m_blocked;
    QPushButton *m_start, *m_mapOnly;
    ProgressPanel* m_progress;
    workflow::EmbedOptions m_options;
    std::unique_ptr<JobChain> m_chain;
    Step m_first = kEmbed;      ///< of the chain
    QString m_lastOut;          ///< output of the running or last cancelled embedding
    nlohmann::json m_lastSpec;  ///< what that embedding was asked for, without the output's name
    QString m_currentFile;
    QString m_embedded;  ///< a finished embedding that is not open yet
    double m_flops = 0;
};

}  // namespace txfm::ui
