// SPDX-License-Identifier: GPL-3.0-or-later
#include <cmath>

#include <QApplication>
#include <QComboBox>
#include <QLabel>
#include <QLineEdit>
#include <QListView>
#include <QPushButton>
#include <QSignalSpy>
#include <QTableWidget>
#include <QTemporaryDir>
#include <QTest>
#include <QToolButton>

#include "core/io/h5ad_writer.h"
#include "core/io/reader.h"
#include "ui/pages/explore_page.h"
#include "ui/plots/legend_model.h"
#include "ui/session/session.h"
#include "ui/widgets/theme.h"

using namespace txfm;
using namespace txfm::ui;

namespace {

constexpr int64_t kCells = 60, kGenes = 12;

/// Three groups of twenty cells; gene k is counted in group k % 3 only.
Dataset makeDataset() {
    CsrMatrix counts;
    counts.rows = kCells;
    counts.cols = kGenes;
    Dataset data;
    Categorical types;
    types.categories = {"B", "NK", "T"};
    for (int64_t cell = 0; cell < kCells; ++cell) {
        for (int64_t gene = cell % 3; gene < kGenes; gene += 3) {
            counts.indices.push_back(static_cast<int32_t>(gene));
            counts.values.push_back(static_cast<float>(1 + (cell + gene) % 4));
        }
        counts.indptr.push_back(static_cast<int64_t>(counts.indices.size()));
        data.obs.index.push_back("cell" + std::to_string(cell));
        types.codes.push_back(static_cast<int32_t>(cell % 3));
    }
    data.counts = std::make_shared<const MemoryCounts>(counts);
    data.obs.set({"cell_type", types, {}});
    for (int64_t gene = 0; gene < kGenes; ++gene) data.var.index.push_back("GENE" + std::to_string(gene));
    return data;
}

DenseMatrix groups(double turn) {
    DenseMatrix map(kCells, 2);
    for (int64_t cell = 0; cell < kCells; ++cell) {
        const double angle = turn + static_cast<double>(cell % 3) * 2 * M_PI / 3;
        map(cell, 0) = static_cast<float>(8 * std::cos(angle) + 0.1 * static_cast<double>(cell % 7));
        map(cell, 1) = static_cast<float>(8 * std::sin(angle) + 0.1 * static_cast<double>(cell % 5));
    }
    return map;
}

}  // namespace

class TestExplorePage : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void initTestCase() {
        m_file = m_folder.filePath(QStringLiteral("three.h5ad"));
        io::H5adAdditions additions;
        additions.obsm["X_txfm_umap"] = groups(0);
        additions.obsm["X_umap"] = groups(1);
        Progress silent;
        const auto written = io::writeH5ad(m_file.toStdString(), makeDataset(), additions, silent);
        QVERIFY2(written.ok(), written ? "" : written.error().message.c_str());
    }
    void init() {
        m_session = std::make_unique<Session>();
        m_page = std::make_unique<ExplorePage>();
        m_page->setSession(m_session.get());
        m_page->resize(1180, 740);
        m_page->show();
        QVERIFY(QTest::qWaitForWindowExposed(m_page.get()));
    }
    void cleanup() {
        m_page.reset();
        m_session.reset();
    }

    void emptyPageSaysWhatToDo() {
        QSignalSpy went(m_session->navigation(), &Navigation::pageRequested);
        QVERIFY(!find<QWidget>("exploreColorCombo")->isVisible());
        QPushButton* visible = nullptr;
        for (QPushButton* button : m_page->findChildren<QPushButton*>())
            if (button->isVisible()) visible = button;
        QVERIFY(visible);
        QTest::mouseClick(visible, Qt::LeftButton);
        QCOMPARE(went.count(), 1);
        QCOMPARE(went.at(0).at(0).toString(), page::kStart);
    }
    void bothMapsShowTheLabels() {
        open();
        const ScatterScene left = view("exploreScatterTxfm")->scene(), right = view("exploreScatterPca")->scene();
        QCOMPARE(left.title, QStringLiteral("TxFM, UMAP"));
        QCOMPARE(right.title, QStringLiteral("Expression, UMAP"));
        QCOMPARE(left.colors->title, QStringLiteral("cell_type"));
        QCOMPARE(left.colors, right.colors);
        QTRY_COMPARE(view("exploreScatterTxfm")->scene().labels.size(), size_t{3});
    }
    void selectionIsLinkedCountedAndKept() {
        open();
        auto* lasso = find<QToolButton>("exploreRectangleButton");
        QTest::mouseClick(lasso, Qt::LeftButton);
        QCOMPARE(view("exploreScatterPca")->tool(), ScatterView::Tool::Rectangle);
        // Group "B" lies to the right in the left map.
        ScatterView* left = view("exploreScatterTxfm");
        const QPoint middle = left->toWidget({8.3, 0.2}).toPoint();
        QTest::mousePress(left, Qt::LeftButton, {}, middle - QPoint(30, 30));
        for (const QPoint to : {middle, middle + QPoint(30, 30)}) {
            QMouseEvent move(QEvent::MouseMove, to, left->mapToGlobal(to), Qt::NoButton, Qt::LeftButton, Qt::NoModifier);
            QApplication::sendEvent(left, &move);
        }
        QTest::mouseRelease(left, Qt::LeftButton, {}, middle + QPoint(30, 30));
        QCOMPARE(m_session->selection()->cells().size(), size_t{20});
        QVERIFY(view("exploreScatterPca")->scene().selected);
        QCOMPARE(find<QLabel>("exploreSelectionCount")->text(), QStringLiteral("20 of 60 cells"));
        auto* table = find<QTableWidget>("exploreCompositionTable");
        QCOMPARE(table->rowCount(), 1);
        QCOMPARE(table->item(0, 0)->text(), QStringLiteral("B"));
        QCOMPARE(table->item(0, 2)->text(), QStringLiteral("100 %"));

        find<QLineEdit>("exploreSelectionName")->setText(QStringLiteral("mine"));
        QTest::mouseClick(find<QPushButton>("exploreSelectionColumn"), Qt::LeftButton);
        QTRY_VERIFY(m_session->dataset()->obs.find("mine"));
        const Column* kept = m_session->dataset()->obs.find("mine");
        QCOMPARE(kept->text(0), std::string("selected"));
        QCOMPARE(kept->text(1), std::string("not selected"));
        // A column of the data is never overwritten.
        find<QLineEdit>("exploreSelectionName")->setText(QStringLiteral("cell_type"));
        QTest::mouseClick(find<QPushButton>("exploreSelectionColumn"), Qt::LeftButton);
        QCOMPARE(m_session->dataset()->obs.find("cell_type")->text(0), std::string("B"));

        QTest::keyClick(left, Qt::Key_Escape);
        QVERIFY(m_session->selection()->isEmpty());
        QVERIFY(!view("exploreScatterPca")->scene().selected);
    }
    void geneIsColouredByLogNormalisedExpression() {
        open();
        auto* gene = find<QLineEdit>("exploreGeneEdit");
        gene->setText(QStringLiteral("gene4"));  // any case
        QTest::keyClick(gene, Qt::Key_Return);
        QTRY_COMPARE(view("exploreScatterTxfm")->scene().colors->title, QStringLiteral("GENE4"));
        const auto colors = view("exploreScatterTxfm")->scene().colors;
        QCOMPARE(colors->unit, QStringLiteral("log-normalised"));
        const Dataset data = makeDataset();
        const CsrMatrix& counts = *data.counts->inMemory();
        for (int64_t cell = 0; cell < kCells; ++cell) {
            double total = 0, value = 0;
            for (size_t k = 0; k < counts.rowValues(cell).size(); ++k) {
                total += counts.rowValues(cell)[k];
                if (counts.rowIndices(cell)[k] == 4) value = counts.rowValues(cell)[k];
            }
            QVERIFY(std::abs(colors->values[static_cast<size_t>(cell)] - std::log1p(1e4 * value / total)) < 1e-4);
        }
        gene->setText(QStringLiteral("NOPE"));
        QTest::keyClick(gene, Qt::Key_Return);
        QTRY_VERIFY(std::ranges::any_of(m_page->findChildren<QLabel*>(), [](const QLabel* label) {
            return label->isVisible() && label->text().contains(QStringLiteral("NOPE"));
        }));
        QCOMPARE(view("exploreScatterTxfm")->scene().colors->title, QStringLiteral("GENE4"));
    }
    void legendHidesACategoryInBothMaps() {
        open();
        auto* list = find<QListView>("legendList");
        QCOMPARE(list->model()->rowCount(), 3);
        QCOMPARE(list->model()->index(1, 0).data(LegendModel::CountRole).toInt(), 20);
        list->model()->setData(list->model()->index(1, 0), Qt::Unchecked, Qt::CheckStateRole);
        for (const char* name : {"exploreScatterTxfm", "exploreScatterPca"}) {
            const PointMask shown = view(name)->scene().shown;
            QVERIFY(shown);
            QCOMPARE(std::count(shown->begin(), shown->end(), uint8_t{1}), ptrdiff_t{40});
            QVERIFY(!(*shown)[1]);
        }
        QTest::mouseClick(find<QToolButton>("legendAllButton"), Qt::LeftButton);
        QVERIFY(!view("exploreScatterPca")->scene().shown);
    }
    void otherPagesCanAskForAColour() {
        open();
        m_session->navigation()->colourByGene(QStringLiteral("GENE0"));
        QTRY_COMPARE(view("exploreScatterPca")->scene().colors->title, QStringLiteral("GENE0"));
        QVERIFY(find<QComboBox>("exploreColorCombo")->currentText().contains(QStringLiteral("GENE0")));
        m_session->navigation()->colourByColumn(QStringLiteral("cell_type"));
        QTRY_COMPARE(view("exploreScatterPca")->scene().colors->title, QStringLiteral("cell_type"));
        QCOMPARE(find<QComboBox>("exploreColorCombo")->currentData().toString(), QStringLiteral("cell_type"));
    }
    void closingTheDataEmptiesThePage() {
        open();
        m_session->close();
        QVERIFY(!find<QWidget>("exploreColorCombo")->isVisible());
    }

private:
    template <class T> T* find(const char* name) {
        T* found = m_page->findChild<T*>(QString::fromLatin1(name));
        if (!found) qFatal("no widget %s", name);
        return found;
    }
    ScatterView* view(const char* name) { return find<ScatterView>(name); }
    void open() {
        m_session->open(m_file);
        QTRY_VERIFY_WITH_TIMEOUT(m_session->dataset() != nullptr, 20000);
        QTRY_VERIFY_WITH_TIMEOUT(view("exploreScatterTxfm")->scene().colors && view("exploreScatterPca")->scene().colors, 20000);
    }
    QTemporaryDir m_folder;
    QString m_file;
    std::unique_ptr<Session> m_session;
    std::unique_ptr<ExplorePage> m_page;
};

int main(int argc, char** argv) {
    const QTemporaryDir user;
    for (const char* name : {"XDG_CONFIG_HOME", "XDG_STATE_HOME", "XDG_CACHE_HOME"}) qputenv(name, user.path().toUtf8());
    ScatterView::setDefaultFormat();
    QApplication application(argc, argv);
    Theme::instance().install(application);
    Theme::instance().setMode(Theme::Mode::Light);
    TestExplorePage test;
    return QTest::qExec(&test, argc, argv);
}
#include "test_explore_page.moc"
