// SPDX-License-Identifier: GPL-3.0-or-later
#include <QUndoStack>
#include <QtTest>

#include "ui/session/selection_model.h"

using namespace txfm::ui;
using Cells = std::vector<int64_t>;

class TestSelectionModel : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void combinesAndSorts() {
        SelectionModel selection(nullptr);
        selection.reset(6);
        selection.apply({4, 1, 4, 9, -2}, SelectionModel::Mode::Replace);
        QCOMPARE(selection.cells(), (Cells{1, 4}));
        selection.apply({0, 1}, SelectionModel::Mode::Add);
        QCOMPARE(selection.cells(), (Cells{0, 1, 4}));
        selection.apply({1}, SelectionModel::Mode::Remove);
        QCOMPARE(selection.cells(), (Cells{0, 4}));
        selection.invert();
        QCOMPARE(selection.cells(), (Cells{1, 2, 3, 5}));
        QVERIFY(selection.contains(2) && !selection.contains(0) && !selection.contains(77));
        QCOMPARE(selection.mask(), (std::vector<uint8_t>{0, 1, 1, 1, 0, 1}));
    }
    void everyChangeIsOneUndoStep() {
        QUndoStack undo;
        SelectionModel selection(&undo);
        selection.reset(3);
        selection.apply({0}, SelectionModel::Mode::Replace);
        selection.apply({0}, SelectionModel::Mode::Add);  // changes nothing
        selection.apply({2}, SelectionModel::Mode::Add);
        QCOMPARE(undo.count(), 2);
        undo.undo();
        QCOMPARE(selection.cells(), (Cells{0}));
        undo.undo();
        QVERIFY(selection.isEmpty());
        undo.redo();
        QCOMPARE(selection.cells(), (Cells{0}));
    }
    void changesAreSignalled() {
        SelectionModel selection(nullptr);
        QSignalSpy spy(&selection, &SelectionModel::changed);
        selection.reset(2);
        selection.apply({1}, SelectionModel::Mode::Replace);
        selection.apply({1}, SelectionModel::Mode::Replace);
        QCOMPARE(spy.count(), 2);
    }
};

QTEST_GUILESS_MAIN(TestSelectionModel)
#include "test_selection_model.moc"
