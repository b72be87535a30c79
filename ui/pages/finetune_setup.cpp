// SPDX-License-Identifier: GPL-3.0-or-later
// The parts of FineTunePage that say what a run is and what it will take, and that keep what the user set for it.
#include <algorithm>

#include <QDoubleSpinBox>
#include <QFileInfo>
#include <QLabel>
#include <QLineEdit>
#include <QRadioButton>
#include <QSpinBox>

#include "core/io/model_cost.h"
#include "ui/pages/finetune_page.h"
#include "ui/panels/forecast_note.h"
#include "ui/session/embed_forecast.h"
#include "ui/session/session.h"
#include "ui/widgets/format.h"
#include "ui/widgets/options_form.h"
#include "ui/worker/job.h"

namespace txfm::ui {

bool FineTunePage::isRunUnderWay() const {
    return m_starting || std::ranges::any_of(m_jobs, &Job::isRunning);
}

void FineTunePage::refreshForecast() {
    if (!session()) return;
    if (isRunUnderWay()) {
        m_forecast->pause();  // each would slow the other down
    } else if (!m_blocked->text().isEmpty()) {
        m_forecast->leaveOut();
    } else {
        JobSpec spec = runSpec();
        if (session()->dataset()) spec.options["data"].push_back(session()->workFile().toStdString());
        spec.options["out"] = session()->resultFileFor(QStringLiteral("forecast")).toStdString();
        m_forecast->measure(*session(), spec);
    }
    const auto dataset = session()->dataset();
    const auto model = session()->model();
    const nlohmann::json figures = m_forecast->figures();
    const bool byEpochs = m_byEpochs->isChecked();
    const QString end = tr("Ends after %1").arg(formatDuration(60 * m_minutes->value()));
    if (!figures.is_null()) {
        const auto number = [&](const char* key) { return formatCount(figures.value(key, int64_t{0})); };
        const QString needs = tr("%1 of memory and %2 on disk while it runs").arg(formatBytes(m_forecast->bytes("memory_mb")), formatBytes(m_forecast->bytes("disk_mb")));
        const QString steps = tr("%1 steps of %2 cells").arg(number("steps"), number("batch"));
        m_forecast->setText(byEpochs ? tr("About %1 for %2, %3.").arg(formatDuration(figures.value("seconds", 0.0)), steps, needs)
                                     : tr("%1: about %2, %3.").arg(end, steps, needs), {});
    } else if (!dataset || !model || !byEpochs) {
        m_forecast->setText(byEpochs ? QString() : end + QLatin1Char('.'), {});
    } else {
        const double operations = io::trainingOperations(model->config(), static_cast<double>(model->config().nUnmasked));
        const double cells = static_cast<double>(dataset->cells()) * m_epochs->value();
        const auto& counts = *dataset->counts;
        const double countBytes = counts.inMemory() ? 8.0 * static_cast<double>(counts.nonZeros()) : 0;
        m_forecast->setText(tr("About %1 and %2 of memory.").arg(formatDuration(cells * operations / assumedSpeed()),
                                                                 formatBytes(io::trainingMemory(model->config(), countBytes))),
                            tr("A rough guess"));
    }
}

nlohmann::json FineTunePage::viewState() const {
    nlohmann::json state{{"options", m_form->changedOptions()}, {"by_minutes", m_byMinutes->isChecked()}, {"minutes", m_minutes->value()},
                         {"epochs", m_epochs->value()}, {"files", nlohmann::json::array()}};
    for (const QString& file : m_moreFiles) state["files"].push_back(file.toStdString());
    if (m_name->isModified()) state["name"] = m_name->text().toStdString();
    return state;
}

void FineTunePage::setViewState(const nlohmann::json& state) {
    m_minutes->setValue(numberOf(state, "minutes", m_minutes->value()));
    m_epochs->setValue(static_cast<int>(numberOf(state, "epochs", m_epochs->value())));
    (flagOf(state, "by_minutes", false) ? m_byMinutes : m_byEpochs)->setChecked(true);
    m_moreFiles.clear();
    if (state.contains("files") && state["files"].is_array()) {
        for (const nlohmann::json& file : state["files"]) {
            const QString path = file.is_string() ? QString::fromStdString(file.get<std::string>()) : QString();
            if (QFileInfo::exists(path)) m_moreFiles << path;
        }
    }
    const QString name = textOf(state, "name");
    m_name->setText(name);
    m_name->setModified(!name.isEmpty());
    if (state.contains("options")) m_form->setChangedOptions(state["options"]);
    refreshSetup();
}

JobSpec FineTunePage::runSpec() const {
    JobSpec spec;
    spec.command = QStringLiteral("finetune");
    spec.options = m_form->changedOptions();
    spec.options["data"] = nlohmann::json::array();
    for (const QString& file : m_moreFiles) spec.options["data"].push_back(file.toStdString());
    spec.options["model"] = session()->modelFolder().toStdString();
    if (m_byEpochs->isChecked()) {
        spec.options["epochs"] = m_epochs->value();
    } else {
        spec.options["minutes"] = m_minutes->value();
    }
    if (session()->dataset() && session()->dataset()->provenance.valueKind != ValueKind::Counts) spec.options["allow_normalised"] = true;
    return spec;
}

}  // namespace txfm::ui
