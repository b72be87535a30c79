// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <optional>

#include <QWidget>

#include "ui/worker/measured_forecast.h"

class QLabel;

namespace txfm::ui {

class BusyIndicator;
class Session;

/// What a job will take: a sentence that the page makes, and below it where the figures come from. At first they are a
/// guess; while the note is on screen a short trial of the job measures them.
class ForecastNote : public QWidget {
    Q_OBJECT
public:
    explicit ForecastNote(QWidget* parent = nullptr);

    /// Has this job on the session's data measured (`options.out` may be any free name). Known figures are kept where it
    /// differs from the last one in nothing but that name and the working file that holds the same cells.
    void measure(const Session& session, JobSpec spec);
    /// There is no job to measure.
    void leaveOut();
    /// Not now: another job is at work. What is known stays.
    void pause();
    /// Figures of the job that measure() was last called for; null = not (yet) known.
    nlohmann::json figures() const;
    double bytes(const char* key) const;
    /// `guess` names the source of the figures in `text` as long as nothing is measured; "" = the text has none.
    void setText(const QString& text, const QString& guess);

Q_SIGNALS:
    /// The trial came to another state: the page makes its sentence again.
    void changed();

protected:
    void showEvent(QShowEvent* event) override;
    void hideEvent(QHideEvent* event) override;

private:
    struct Wanted {
        JobSpec spec;
        nlohmann::json about;
    };
    QLabel *m_text, *m_source;
    BusyIndicator* m_busy;
    MeasuredForecast* m_trial;
    std::optional<Wanted> m_wanted;
    bool m_paused = false;
};

}  // namespace txfm::ui
