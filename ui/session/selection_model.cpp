// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/session/selection_model.h"

#include <algorithm>

#include <QUndoCommand>
#include <QUndoStack>

namespace txfm::ui {

/// Swaps between two selections. Qt calls redo() once when the command is pushed.
class SelectionCommand : public QUndoCommand {
public:
    SelectionCommand(SelectionModel* model, std::vector<int64_t> after, const QString& text)
        : QUndoCommand(text), m_model(model), m_before(model->cells()), m_after(std::move(after)) {}
    void undo() override { m_model->setCells(m_before); }
    void redo() override { m_model->setCells(m_after); }

private:
    SelectionModel* m_model;
    std::vector<int64_t> m_before, m_after;
};

SelectionModel::SelectionModel(QUndoStack* undo, QObject* parent) : QObject(parent), m_undo(undo) {}

bool SelectionModel::contains(int64_t cell) const {
    return cell >= 0 && cell < cellCount() && m_mask[static_cast<size_t>(cell)] != 0;
}

void SelectionModel::apply(const std::vector<int64_t>& cells, Mode mode, const QString& text) {
    std::vector<uint8_t> mask = mode == Mode::Replace ? std::vector<uint8_t>(m_mask.size(), 0) : m_mask;
    const uint8_t flag = mode == Mode::Remove ? 0 : 1;
    for (const int64_t cell : cells) {
        if (cell >= 0 && cell < cellCount()) mask[static_cast<size_t>(cell)] = flag;
    }
    std::vector<int64_t> result;
    for (size_t i = 0; i < mask.size(); ++i) {
        if (mask[i]) result.push_back(static_cast<int64_t>(i));
    }
    push(std::move(result), text.isEmpty() ? tr("Select cells") : text);
}

void SelectionModel::clear() { push({}, tr("Clear selection")); }

void SelectionModel::invert() {
    std::vector<int64_t> result;
    for (size_t i = 0; i < m_mask.size(); ++i) {
        if (!m_mask[i]) result.push_back(static_cast<int64_t>(i));
    }
    push(std::move(result), tr("Invert selection"));
}

void SelectionModel::reset(int64_t cellCount) {
    m_mask.assign(static_cast<size_t>(cellCount), 0);
    m_cells.clear();
    Q_EMIT changed();
}

void SelectionModel::push(std::vector<int64_t> cells, const QString& text) {
    if (cells == m_cells) return;
    if (m_undo) {
        m_undo->push(new SelectionCommand(this, std::move(cells), text));
    } else {
        setCells(std::move(cells));
    }
}

void SelectionModel::setCells(std::vector<int64_t> cells) {
    std::ranges::fill(m_mask, uint8_t{0});
    for (const int64_t cell : cells) m_mask[static_cast<size_t>(cell)] = 1;
    m_cells = std::move(cells);
    Q_EMIT changed();
}

}  // namespace txfm::ui
