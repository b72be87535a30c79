// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/widgets/theme.h"

#include <QApplication>
#include <QDBusConnection>
#include <QDBusInterface>
#include <QDBusPendingCallWatcher>
#include <QDBusPendingReply>
#include <QDBusVariant>
#include <QFontDatabase>
#include <QPalette>
#include <QStyle>
#include <QStyleFactory>

#include "ui/widgets/style_sheet.h"
#include "ui/widgets/svg_icon_engine.h"

namespace txfm::ui {
namespace {

constexpr auto kPortalService = "org.freedesktop.portal.Desktop";
constexpr auto kPortalPath = "/org/freedesktop/portal/desktop";
constexpr auto kPortalSettings = "org.freedesktop.portal.Settings";
constexpr auto kAppearance = "org.freedesktop.appearance";
constexpr auto kColourScheme = "color-scheme";

ThemeColours lightColours() {
    return {.window = QColor(0xF4F6F8), .panel = QColor(0xFFFFFF), .raised = QColor(0xEDF1F4),
            .border = QColor(0xD5DCE3), .text = QColor(0x1B2733), .muted = QColor(0x5A6B7B),
            .accent = QColor(0x0B6E8C), .accentText = QColor(0xFFFFFF), .accentSoft = QColor(0xDDEEF3),
            .good = QColor(0x1F7A4D), .warning = QColor(0x9A6200), .bad = QColor(0xB3261E),
            .plotBackground = QColor(0xFFFFFF), .plotAxis = QColor(0x5A6B7B), .plotGrid = QColor(0xE6EBEF),
            .missing = QColor(0xD3D8DC)};
}

ThemeColours darkColours() {
    return {.window = QColor(0x15191D), .panel = QColor(0x1E2429), .raised = QColor(0x2A3138),
            .border = QColor(0x39424B), .text = QColor(0xE4EAEF), .muted = QColor(0x9AA8B5),
            .accent = QColor(0x4FB3D1), .accentText = QColor(0x06222C), .accentSoft = QColor(0x1D3F4B),
            .good = QColor(0x5CC98F), .warning = QColor(0xE6B04D), .bad = QColor(0xFF8A80),
            .plotBackground = QColor(0x1A1F24), .plotAxis = QColor(0x9AA8B5), .plotGrid = QColor(0x2C343B),
            .missing = QColor(0x4A535B)};
}

QPalette makePalette(const ThemeColours& c) {
    QPalette p;
    p.setColor(QPalette::Window, c.window);
    p.setColor(QPalette::WindowText, c.text);
    p.setColor(QPalette::Base, c.panel);
    p.setColor(QPalette::AlternateBase, c.raised);
    p.setColor(QPalette::Text, c.text);
    p.setColor(QPalette::PlaceholderText, c.muted);
    p.setColor(QPalette::Button, c.panel);
    p.setColor(QPalette::ButtonText, c.text);
    p.setColor(QPalette::BrightText, c.bad);
    p.setColor(QPalette::ToolTipBase, c.raised);
    p.setColor(QPalette::ToolTipText, c.text);
    p.setColor(QPalette::Highlight, c.accent);
    p.setColor(QPalette::HighlightedText, c.accentText);
    p.setColor(QPalette::Link, c.accent);
    p.setColor(QPalette::LinkVisited, c.accent);
    p.setColor(QPalette::Mid, c.border);
    p.setColor(QPalette::Midlight, c.raised);
    p.setColor(QPalette::Dark, c.border);
    p.setColor(QPalette::Light, c.panel);
    p.setColor(QPalette::Shadow, c.border);
    for (const QPalette::ColorRole role : {QPalette::WindowText, QPalette::Text, QPalette::ButtonText}) {
        QColor faded = c.muted;
        faded.setAlpha(150);
        p.setColor(QPalette::Disabled, role, faded);
    }
    p.setColor(QPalette::Disabled, QPalette::Highlight, c.border);
    return p;
}

QFont scaled(double factor, int weight) {
    QFont font = QApplication::font();
    font.setPointSizeF(font.pointSizeF() * factor);
    font.setWeight(static_cast<QFont::Weight>(weight));
    return font;
}

}  // namespace

Theme& Theme::instance() {
    static Theme theme;
    return theme;
}

Theme::Theme() : m_colours(lightColours()) {}

void Theme::install(QApplication& application) {
    m_application = &application;
    m_paletteIsDark = application.palette().color(QPalette::Window).lightness() < 128;
    application.setStyle(QStyleFactory::create(QStringLiteral("Fusion")));
    QFont font = application.font();
    font.setPointSizeF(std::max(font.pointSizeF(), 9.5));
    application.setFont(font);
    apply();

    QDBusConnection bus = QDBusConnection::sessionBus();
    if (!bus.isConnected()) return;
    QDBusMessage read = QDBusMessage::createMethodCall(kPortalService, kPortalPath, kPortalSettings, QStringLiteral("Read"));
    read << QString(kAppearance) << QString(kColourScheme);
    auto* watcher = new QDBusPendingCallWatcher(bus.asyncCall(read, 2000), this);
    connect(watcher, &QDBusPendingCallWatcher::finished, this, [this, watcher] {
        const QDBusPendingReply<QDBusVariant> reply = *watcher;
        if (reply.isValid()) portalSettingChanged(kAppearance, kColourScheme, reply.value());
        watcher->deleteLater();
    });
    bus.connect(kPortalService, kPortalPath, kPortalSettings, QStringLiteral("SettingChanged"), this,
                SLOT(portalSettingChanged(QString, QString, QDBusVariant)));
}

void Theme::portalSettingChanged(const QString& group, const QString& key, const QDBusVariant& value) {
    if (group != QLatin1String(kAppearance) || key != QLatin1String(kColourScheme)) return;
    QVariant inner = value.variant();
    if (inner.canConvert<QDBusVariant>()) inner = inner.value<QDBusVariant>().variant();
    m_portalScheme = inner.toInt();
    apply();
}

void Theme::setMode(Mode mode) {
    m_mode = mode;
    if (m_application) apply();
}

bool Theme::systemIsDark() const {
    if (m_portalScheme != 0) return m_portalScheme == 1;
    return m_paletteIsDark;
}

void Theme::apply() {
    m_dark = m_mode == Mode::Dark || (m_mode == Mode::System && systemIsDark());
    m_colours = m_dark ? darkColours() : lightColours();
    m_application->setPalette(makePalette(m_colours));
    m_application->setStyleSheet(styleSheet(m_colours));
    Q_EMIT changed();
}

QIcon Theme::icon(const QString& name) const { return QIcon(new SvgIconEngine(name)); }
QFont Theme::titleFont() const { return scaled(1.55, QFont::DemiBold); }
QFont Theme::sectionFont() const { return scaled(1.08, QFont::DemiBold); }
QFont Theme::smallFont() const { return scaled(0.9, QFont::Normal); }
QFont Theme::monoFont() const { return QFontDatabase::systemFont(QFontDatabase::FixedFont); }

}  // namespace txfm::ui
