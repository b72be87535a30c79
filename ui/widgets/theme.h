// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QColor>
#include <QFont>
#include <QIcon>
#include <QObject>
#include <QString>

class QApplication;
class QDBusVariant;

namespace txfm::ui {

/// Measures of the window in device-independent pixels; use these, not numbers of one's own.
namespace metric {
inline constexpr int kTiny = 4;
inline constexpr int kSmall = 8;
inline constexpr int kGap = 12;      ///< between related widgets
inline constexpr int kMargin = 20;   ///< page margin
inline constexpr int kSection = 24;  ///< between sections
inline constexpr int kRadius = 8;
inline constexpr int kIcon = 20;
inline constexpr int kRailWidth = 96;
inline constexpr int kSidePanel = 280;  ///< width of a control panel beside a plot
}  // namespace metric

/// Colours by role; the set follows the system's light or dark scheme while the program runs.
struct ThemeColours {
    QColor window, panel, raised, border, text, muted, accent, accentText, accentSoft;
    QColor good, warning, bad;          ///< also as banner tints
    QColor plotBackground, plotAxis, plotGrid, missing;  ///< missing values: light grey
};

/// Light/dark theme of the application. Widgets that paint themselves ask colours() in paintEvent and
/// connect changed() to update(). Thread: the UI thread.
class Theme : public QObject {
    Q_OBJECT
public:
    enum class Mode { System, Light, Dark };
    static Theme& instance();
    /// Style, palette and style sheet; call once after QApplication is made.
    void install(QApplication& application);
    void setMode(Mode mode);
    Mode mode() const { return m_mode; }
    bool isDark() const { return m_dark; }
    const ThemeColours& colours() const { return m_colours; }
    /// Icon of resources/icons in the text colour (accent when checked/selected), sharp at any scale.
    QIcon icon(const QString& name) const;

    QFont titleFont() const;    ///< page titles
    QFont sectionFont() const;  ///< section headings
    QFont smallFont() const;
    QFont monoFont() const;

Q_SIGNALS:
    void changed();

private Q_SLOTS:
    void portalSettingChanged(const QString& group, const QString& key, const QDBusVariant& value);

private:
    Theme();
    void apply();
    bool systemIsDark() const;
    Mode m_mode = Mode::System;
    bool m_dark = false;
    bool m_paletteIsDark = false;  ///< the desktop's own palette at start, where there is no portal
    int m_portalScheme = 0;  ///< 0 = no preference, 1 = dark, 2 = light
    ThemeColours m_colours;
    QApplication* m_application = nullptr;
};

inline const ThemeColours& colours() { return Theme::instance().colours(); }

}  // namespace txfm::ui
