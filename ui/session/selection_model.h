// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <vector>

#include <QObject>

class QUndoStack;

namespace txfm::ui {

/// The one selection of cells that every view shows and changes. Cells are row numbers of the open
/// data set. Every change is one undo step. Thread: the UI thread.
class SelectionModel : public QObject {
    Q_OBJECT
public:
    enum class Mode { Replace, Add, Remove };

    /// `undo` (not owned, may be null) receives a command for each change.
    explicit SelectionModel(QUndoStack* undo, QObject* parent = nullptr);

    int64_t cellCount() const { return static_cast<int64_t>(m_mask.size()); }
    /// Selected rows, ascending.
    const std::vector<int64_t>& cells() const { return m_cells; }
    bool isEmpty() const { return m_cells.empty(); }
    bool contains(int64_t cell) const;
    /// One flag per cell: 1 = selected.
    const std::vector<uint8_t>& mask() const { return m_mask; }

    /// Combines `cells` (any order, out-of-range rows ignored) with the selection. `text` names the undo step.
    void apply(const std::vector<int64_t>& cells, Mode mode, const QString& text = {});
    void clear();
    void invert();
    /// A new data set: nothing selected, no undo step.
    void reset(int64_t cellCount);

Q_SIGNALS:
    void changed();

private:
    friend class SelectionCommand;
    void setCells(std::vector<int64_t> cells);
    void push(std::vector<int64_t> cells, const QString& text);

    QUndoStack* m_undo;
    std::vector<int64_t> m_cells;
    std::vector<uint8_t> m_mask;
};

}  // namespace txfm::ui
