// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QRectF>
#include <QWidget>

#include <nlohmann/json_fwd.hpp>

class QStackedWidget;

namespace txfm::ui {

class EmptyState;
class Session;

/// Base of the pages behind the left rail. A page knows the session and nothing of other pages or the
/// window; it sends the user elsewhere through session()->navigation(). Class names: <Name>Page, made by
/// the window with `new XPage(parent)` and then setSession(). Thread: the UI thread.
class Page : public QWidget {
    Q_OBJECT
public:
    explicit Page(QWidget* parent = nullptr) : QWidget(parent) {}

    /// Stable name from ui/session/navigation.h (page::kExplore …).
    virtual QString id() const = 0;
    /// Short name in the rail.
    virtual QString title() const = 0;
    /// SVG below resources/icons without ".svg".
    virtual QString iconName() const { return id(); }
    /// What the page shows while there is nothing to show: what to do next, one or two sentences.
    virtual QString emptyText() const { return {}; }
    /// Connects to the session's signals; called once before the page is first shown.
    virtual void setSession(Session* session) { m_session = session; }
    /// The page comes to the front (start deferred work here).
    virtual void activated() {}
    /// What the user chose to see here, for a session file; null = nothing worth keeping.
    virtual nlohmann::json viewState() const;
    /// Shows it again. Data are open; the model may still be on its way. What no longer fits is left out.
    virtual void setViewState(const nlohmann::json& state);

protected:
    /// Values of a view state; the fallback where they are missing or of another kind.
    static QString textOf(const nlohmann::json& state, const char* key);
    static double numberOf(const nlohmann::json& state, const char* key, double fallback);
    /// A part of a plane as [x, y, width, height]; an empty one is null.
    static nlohmann::json windowState(const QRectF& window);
    static QRectF windowOf(const nlohmann::json& state, const char* key);
    static bool flagOf(const nlohmann::json& state, const char* key, bool fallback);
    Session* session() const { return m_session; }
    /// Fills the page with `content`, and with `empty` as long as there is nothing to show.
    void setContents(EmptyState* empty, QWidget* content, int margin);
    void showContent(bool there);

private:
    Session* m_session = nullptr;
    QStackedWidget* m_contents = nullptr;
};

}  // namespace txfm::ui
