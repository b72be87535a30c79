// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/pages/page.h"

#include <nlohmann/json.hpp>

#include <QStackedWidget>
#include <QVBoxLayout>

#include "ui/widgets/empty_state.h"

namespace txfm::ui {

nlohmann::json Page::viewState() const { return nullptr; }
void Page::setViewState(const nlohmann::json&) {}

QString Page::textOf(const nlohmann::json& state, const char* key) {
    return state.contains(key) && state[key].is_string() ? QString::fromStdString(state[key].get<std::string>()) : QString();
}

double Page::numberOf(const nlohmann::json& state, const char* key, double fallback) {
    return state.contains(key) && state[key].is_number() ? state[key].get<double>() : fallback;
}

nlohmann::json Page::windowState(const QRectF& window) {
    return window.isEmpty() ? nlohmann::json() : nlohmann::json{window.x(), window.y(), window.width(), window.height()};
}

QRectF Page::windowOf(const nlohmann::json& state, const char* key) {
    if (!state.contains(key) || !state[key].is_array() || state[key].size() != 4) return {};
    for (const nlohmann::json& number : state[key])
        if (!number.is_number()) return {};
    const nlohmann::json& w = state[key];
    return {w[0].get<double>(), w[1].get<double>(), w[2].get<double>(), w[3].get<double>()};
}

bool Page::flagOf(const nlohmann::json& state, const char* key, bool fallback) {
    return state.contains(key) && state[key].is_boolean() ? state[key].get<bool>() : fallback;
}

void Page::setContents(EmptyState* empty, QWidget* content, int margin) {
    m_contents = new QStackedWidget(this);
    m_contents->addWidget(empty);
    m_contents->addWidget(content);
    auto* layout = new QVBoxLayout(this);
    layout->setContentsMargins(margin, margin, margin, margin);
    layout->addWidget(m_contents);
}

void Page::showContent(bool there) { m_contents->setCurrentIndex(there ? 1 : 0); }

}  // namespace txfm::ui
