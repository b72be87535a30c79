// SPDX-License-Identifier: GPL-3.0-or-later
// Files that come to the window by the mouse, and sessions: what was open, selected and shown comes back.
#include <QApplication>
#include <QComboBox>
#include <QDir>
#include <QDragEnterEvent>
#include <QDropEvent>
#include <QHeaderView>
#include <QLabel>
#include <QLineEdit>
#include <QListWidget>
#include <QMimeData>
#include <QPushButton>
#include <QRadioButton>
#include <QSpinBox>
#include <QTabWidget>
#include <QTableView>
#include <QtTest>

#include "app/studio/main_window.h"
#include "core/base/atomic_file.h"
#include "core/base/paths.h"
#include "tests/support/file_dialog.h"
#include "tests/support/test_support.h"
#include "tests/studio/window_test.h"
#include "ui/plots/scatter_view.h"
#include "ui/session/recent_files.h"
#include "ui/session/session.h"
#include "ui/widgets/histogram_view.h"
#include "ui/widgets/theme.h"

using namespace txfm;
using namespace txfm::ui;

class TestWindowFiles : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void initTestCase() {
        QVERIFY(m_home.isValid());
        write("one.csv", "cell,GAPDH,ACTB,CD3D\na1,1,2,3\na2,0,3,1\na3,4,1,0\n");
        write("two.csv", "cell,GAPDH,CD8A\nb1,5,2\nb2,1,0\n");
        write("letter.txt", "Dear colleague,\nplease find the counts attached.\n");
    }
    void init() {
        m_window = std::make_unique<studio::MainWindow>();
        m_window->show();
        QVERIFY(QTest::qWaitForWindowExposed(m_window.get()));
        QTRY_VERIFY(m_window->isComplete());
    }
    void cleanup() { m_window.reset(); }

    void aDroppedFileOpens() {
        QVERIFY(drop(m_window.get(), {"one.csv"}));
        QTRY_VERIFY_WITH_TIMEOUT(session()->dataset() && session()->dataset()->cells() == 3, 60000);
        QTRY_COMPARE(m_window->currentPage(), page::kData);
    }
    void valuesThatAreNoCountsAreNotOfferedAsSuch() {
        QTRY_VERIFY(session()->model());
        m_window->openFile(QString::fromStdString(test::dataFile("h5ad/scaled.h5ad").string()));
        QTRY_VERIFY_WITH_TIMEOUT(session()->dataset() != nullptr, 60000);
        QVERIFY(session()->needsNormalisedDecision() && !session()->valuesAreUsable());
        const auto shown = [this](const QString& sentence) {
            return std::ranges::any_of(m_window->findChildren<QLabel*>(), [&](const QLabel* label) { return label->isVisible() && label->text().contains(sentence); });
        };
        QVERIFY(shown("cannot be turned back into counts"));
        QVERIFY(std::ranges::none_of(m_window->findChildren<QPushButton*>(), [](const QPushButton* button) { return button->isVisible() && button->text() == "Use these values"; }));
        m_window->showPage(page::kEmbed);
        QVERIFY(!m_window->findChild<QPushButton*>("startEmbed")->isEnabled());
        m_window->showPage(page::kFineTune);
        QVERIFY(shown("cannot be turned back into counts"));
        QVERIFY(!m_window->findChild<QPushButton*>("startFineTune")->isEnabled());
    }
    void theWindowSaysWhatWillHappen() {
        QMimeData data;
        data.setUrls({QUrl::fromLocalFile(path("one.csv"))});
        QDragEnterEvent enter({100, 100}, Qt::CopyAction, &data, Qt::LeftButton, Qt::NoModifier);
        QApplication::sendEvent(m_window.get(), &enter);
        QVERIFY(enter.isAccepted());
        const auto* hint = m_window->findChild<QLabel*>("dropHint");
        QVERIFY(hint->isVisible() && hint->text().contains("one.csv"));
        QDragLeaveEvent leave;
        QApplication::sendEvent(m_window.get(), &leave);
        QVERIFY(!hint->isVisible());
        data.setUrls({QUrl("https://example.org/one.csv")});
        QDragEnterEvent elsewhere({100, 100}, Qt::CopyAction, &data, Qt::LeftButton, Qt::NoModifier);
        elsewhere.ignore();
        QApplication::sendEvent(m_window.get(), &elsewhere);
        QVERIFY2(!elsewhere.isAccepted(), "only files of this computer can be opened");
    }
    void aTextFieldTakesNoFile() {
        m_window->showPage(page::kGenes);
        auto* search = m_window->findChild<QLineEdit*>("genesSearch");
        QVERIFY(drop(search, {"one.csv"}));
        QTRY_VERIFY_WITH_TIMEOUT(session()->dataset() != nullptr, 60000);
        QCOMPARE(search->text(), QString());
    }
    void anotherFileIsOneSentence() {
        QVERIFY(drop(m_window.get(), {"letter.txt"}));
        QTRY_VERIFY_WITH_TIMEOUT(!banner().isEmpty(), 60000);
        QVERIFY2(banner().contains("letter.txt"), qPrintable(banner()));
        QVERIFY(!session()->dataset());
    }
    void aDroppedModelIsChosen() {
        const QString model = QString::fromStdString((resourceFolder() / "models" / "txfm-mini").string());
        QVERIFY(QDir().mkpath(path("other")));
        for (const char* name : {"config.json", "genes.tsv", "model.safetensors"})
            QVERIFY(QFile::copy(model + '/' + name, path("other/") + name));
        QVERIFY(drop(m_window.get(), {"other"}));
        QTRY_COMPARE(m_window->currentPage(), page::kGenes);
        QTRY_VERIFY_WITH_TIMEOUT(session()->model() && session()->modelFolder() == path("other"), 60000);
        // One that cannot be read is one sentence.
        write("other/model.safetensors", "truncated");
        session()->chooseModel(model);
        QTRY_VERIFY_WITH_TIMEOUT(session()->model() && session()->modelFolder() == model, 60000);
        QVERIFY(drop(m_window.get(), {"other"}));
        QTRY_VERIFY_WITH_TIMEOUT(banner().contains("model.safetensors"), 60000);
        QVERIFY(QDir(path("other")).removeRecursively());
    }
    void aSavedFileIsRecent() {
        m_window->openFile(path("one.csv"));
        QTRY_VERIFY_WITH_TIMEOUT(session()->dataset() != nullptr, 60000);
        session()->saveAs(path("kept.h5ad"));
        QTRY_COMPARE_WITH_TIMEOUT(RecentFiles::list().value(0), path("kept.h5ad"), 60000);
    }
    void severalFilesBecomeOneDataSet() {
        QVERIFY(drop(m_window.get(), {"one.csv", "two.csv"}));
        click(awaitWidget<QPushButton>("joinAccept"));
        QTRY_VERIFY_WITH_TIMEOUT(session()->dataset() != nullptr, 60000);
        QCOMPARE(session()->dataset()->cells(), int64_t{5});
        QCOMPARE(session()->dataset()->genes(), int64_t{4});
        QVERIFY(session()->dataset()->obs.find("sample") != nullptr);
        QVERIFY2(session()->displayName().contains("one.csv") && session()->displayName() != "one.csv", qPrintable(session()->displayName()));
        QVERIFY(session()->isModified());
    }
    void orTheirCellsJoinTheOpenOnes() {
        m_window->openFile(path("one.csv"));
        QTRY_VERIFY_WITH_TIMEOUT(session()->dataset() != nullptr, 60000);
        QVERIFY(drop(m_window.get(), {"two.csv", "one.csv"}));
        auto* accept = awaitWidget<QPushButton>("joinAccept");
        m_window->findChild<QRadioButton*>("joinToOpen")->click();
        click(accept);
        QTRY_COMPARE_WITH_TIMEOUT(session()->dataset()->cells(), int64_t{8}, 60000);
    }
    void orTheFirstAloneOpens() {
        QVERIFY(drop(m_window.get(), {"two.csv", "one.csv"}));
        auto* accept = awaitWidget<QPushButton>("joinAccept");
        m_window->findChild<QRadioButton*>("joinFirst")->click();
        click(accept);
        QTRY_VERIFY_WITH_TIMEOUT(session()->dataset() && session()->dataset()->cells() == 2, 60000);
    }

    void aSessionComesBack() {
        m_window->openFile(mapFile());
        QTRY_VERIFY_WITH_TIMEOUT(session()->dataset() != nullptr, 60000);
        m_window->showPage(page::kGenes);
        m_window->findChild<QComboBox*>("genesSource")->setCurrentIndex(1);
        m_window->showPage(page::kData);
        auto* histogram = m_window->findChild<HistogramView*>("histogram0");
        QTRY_VERIFY_WITH_TIMEOUT(histogram->isVisibleTo(histogram->parentWidget()) && filterText().contains("0 of"), 60000);
        histogram->setThresholds(1500, 4000);
        m_window->findChild<QTabWidget*>("dataTabs")->setCurrentIndex(1);
        session()->selection()->apply({1, 2, 3, 500}, SelectionModel::Mode::Replace);
        m_window->showPage(page::kFineTune);
        m_window->findChild<QSpinBox*>("epochs")->setValue(7);
        m_window->showPage(page::kEmbed);
        m_window->findChild<QLineEdit*>("option-inference-genes")->setText("top:64");
        session()->navigation()->colourByGene("CD3D");
        QTRY_COMPARE(m_window->currentPage(), page::kExplore);
        auto* map = m_window->findChild<ScatterView*>("exploreScatterTxfm");
        QTRY_VERIFY_WITH_TIMEOUT(map->scene().points != nullptr, 20000);
        map->zoomBy(3);
        const QRectF zoomed = map->zoomWindow();
        QVERIFY(!zoomed.isEmpty());
        const QString removed = filterText();
        m_window->close();  // nothing was made here that is not in the file
        m_window.reset();

        init();
        auto* recent = m_window->findChild<QListWidget*>("recentFiles");
        QTRY_VERIFY_WITH_TIMEOUT(recent->count() > 0 && recent->item(0)->text().contains("Continue"), 20000);
        QVERIFY(!session()->dataset());
        QTest::mouseClick(recent->viewport(), Qt::LeftButton, {}, recent->visualItemRect(recent->item(0)).center());
        QTRY_VERIFY_WITH_TIMEOUT(session()->dataset() != nullptr, 60000);
        QTRY_COMPARE(m_window->currentPage(), page::kExplore);
        QCOMPARE(session()->selection()->cells(), (std::vector<int64_t>{1, 2, 3, 500}));
        QCOMPARE(m_window->findChild<QLineEdit*>("exploreGeneEdit")->text(), QString("CD3D"));
        QTRY_COMPARE_WITH_TIMEOUT(m_window->findChild<ScatterView*>("exploreScatterTxfm")->zoomWindow(), zoomed, 20000);
        QVERIFY(m_window->findChild<ScatterView*>("exploreScatterPca")->zoomWindow().isEmpty());
        QCOMPARE(m_window->findChild<QSpinBox*>("epochs")->value(), 7);
        QCOMPARE(m_window->findChild<QLineEdit*>("option-inference-genes")->text(), QString("top:64"));
        QCOMPARE(m_window->findChild<QComboBox*>("genesSource")->currentIndex(), 1);
        QCOMPARE(m_window->findChild<QTabWidget*>("dataTabs")->currentIndex(), 1);
        QVERIFY2(removed.contains("cells would be removed") && !removed.contains(" 0 of"), qPrintable(removed));
        QTRY_COMPARE_WITH_TIMEOUT(filterText(), removed, 60000);
    }
    void unsavedResultsAreSavedWithTheSession() {
        m_window->openFile(path("one.csv"));
        QTRY_VERIFY_WITH_TIMEOUT(session()->dataset() != nullptr, 60000);
        Column mine{"mine", std::vector<std::string>{"x", "y", "x"}, {}};
        session()->setObsColumn(mine, "annotate");
        QTRY_VERIFY(session()->isModified() && session()->dataset()->obs.find("mine"));
        const QString file = m_home.filePath("work.txfm-session");
        test::answerFileDialog(this, file);
        m_window->findChild<QAction*>("saveSessionAction")->trigger();
        QTRY_VERIFY_WITH_TIMEOUT(QFileInfo::exists(file), 60000);
        QVERIFY(QFileInfo::exists(m_home.filePath("work.h5ad")));
        m_window.reset();
        init();
        m_window->openFile(file);
        QTRY_VERIFY_WITH_TIMEOUT(session()->dataset() != nullptr, 60000);
        QVERIFY(session()->dataset()->obs.find("mine") != nullptr);
        QCOMPARE(session()->displayName(), QString("work.h5ad"));
        QVERIFY(!session()->isModified());
    }
    void theSmallestWindowHidesNothing() {
        m_window->openFile(mapFile());
        QTRY_VERIFY_WITH_TIMEOUT(session()->dataset() && session()->model(), 60000);
        m_window->resize(m_window->minimumSize());
        m_window->showPage(page::kGenes);
        const auto placeOf = [this](const char* name) {
            const auto* widget = m_window->findChild<QWidget*>(QString::fromLatin1(name));
            return QRect(widget->mapTo(m_window.get(), QPoint()), widget->size());
        };
        QTRY_VERIFY(placeOf("genesTable").right() < placeOf("genesHeatMap").left());
        QVERIFY(placeOf("genesHeatMap").right() < m_window->width());
        m_window->showPage(page::kExplore);
        for (const char* name : {"exploreExportButton", "exploreSaveButton"}) {
            const auto* button = m_window->findChild<QWidget*>(QString::fromLatin1(name));
            QTRY_VERIFY2(button->isVisible() && button->width() >= button->sizeHint().width(), name);
        }
    }
    void rowNumbersStandBesideTheirRows() {
        m_window->openFile(path("one.csv"));
        QTRY_VERIFY_WITH_TIMEOUT(session()->dataset() != nullptr, 60000);
        m_window->showPage(page::kData);
        m_window->findChild<QTabWidget*>()->setCurrentIndex(3);
        auto* header = awaitWidget<QTableView>("cellTable")->verticalHeader();
        const QImage image = header->viewport()->grab().toImage();
        const int height = header->sectionSize(0), width = image.width();
        int first = height, last = -1;
        for (int y = 1; y + 2 < height; ++y)
            for (int x = 1; x + 2 < width; ++x)
                if (image.pixel(x, y) != image.pixel(1, 1)) first = std::min(first, y), last = std::max(last, y);
        QVERIFY2(last - first >= header->fontMetrics().xHeight() && std::abs(first + last - height) <= 5,
                 qPrintable(QStringLiteral("%1 to %2 of %3").arg(first).arg(last).arg(height)));
    }
    void aBrokenSessionIsOneSentence() {
        write("broken.txfm-session", "{}");
        m_window->openFile(path("broken.txfm-session"));
        QTRY_VERIFY_WITH_TIMEOUT(banner().contains("broken.txfm-session"), 20000);
    }

private:
    Session* session() const { return m_window->session(); }
    QString path(const QString& name) const { return m_home.filePath(name); }
    void write(const QString& name, const std::string& text) { QVERIFY(writeFileAtomically(path(name).toStdString(), text).ok()); }
    QString filterText() const { return m_window->findChild<QLabel*>("filterText")->text(); }
    /// The sentence that is shown, on whatever page.
    QString banner() const {
        for (const auto* text : m_window->findChildren<QLabel*>("bannerText"))
            if (text->isVisible()) return text->text();
        return {};
    }
    /// The demo data with a map of expression.
    QString mapFile() {
        const QString file = m_home.filePath("map.h5ad");
        if (QFileInfo::exists(file)) return file;
        const auto made = test::runTxfm({"project", "--data", TXFM_SOURCE_DIR "/resources/demo/pbmc_1k.h5ad", "--rep", "X", "--method", "pca",
                                         "--components", "10", "--out", file});
        return made.status == 0 ? file : QString();
    }
    bool drop(QWidget* target, const QStringList& names) const {
        QMimeData data;
        QList<QUrl> urls;
        for (const QString& name : names) urls << QUrl::fromLocalFile(path(name));
        data.setUrls(urls);
        QDragEnterEvent enter({20, 10}, Qt::CopyAction, &data, Qt::LeftButton, Qt::NoModifier);
        QApplication::sendEvent(target, &enter);
        QDropEvent event(QPointF(20, 10), Qt::CopyAction, &data, Qt::LeftButton, Qt::NoModifier);
        QApplication::sendEvent(target, &event);
        return enter.isAccepted() && event.isAccepted();
    }
    template <class T>
    T* awaitWidget(const char* name) const {
        T* widget = nullptr;
        if (!QTest::qWaitFor([&] { return (widget = m_window->findChild<T*>(QString::fromLatin1(name))) && widget->isVisible(); }, 20000)) qFatal("no %s", name);
        return widget;
    }
    static void click(QWidget* widget) { QTest::mouseClick(widget, Qt::LeftButton); }
    QTemporaryDir m_home;
    std::unique_ptr<studio::MainWindow> m_window;
};

int main(int argc, char** argv) {
    return txfm::test::runWindowTest<TestWindowFiles>(argc, argv);
}

#include "test_window_files.moc"
