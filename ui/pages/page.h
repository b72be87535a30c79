// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QIcon>
#include <QWidget>

namespace txfm::ui {

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

protected:
    Session* session() const { return m_session; }

private:
    Session* m_session = nullptr;
};

}  // namespace txfm::ui
