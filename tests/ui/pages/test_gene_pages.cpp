// SPDX-License-Identifier: GPL-3.0-or-later
#include <cmath>

#include <QApplication>
#include <QComboBox>
#include <QFile>
#include <QHeaderView>
#include <QLabel>
#include <QLineEdit>
#include <QPlainTextEdit>
#include <QSignalSpy>
#include <QSpinBox>
#include <QTableView>
#include <QTemporaryDir>
#include <QTest>

#include "core/io/model_directory.h"
#include "tests/studio/window_test.h"
#include "tests/support/test_support.h"
#include "ui/models/model_catalogue.h"
#include "ui/pages/decoder_page.h"
#include "ui/pages/genes_neighbor_model.h"
#include "ui/pages/genes_page.h"
#include "ui/pages/genes_relations.h"
#include "ui/plots/scatter_view.h"
#include "ui/session/session.h"
#include "ui/widgets/theme.h"

using namespace txfm;
using namespace txfm::ui;

namespace {

/// Cosine of two rows after subtracting the mean row, straight from the definition.
double centredCosine(const std::vector<float>& values, int64_t genes, int64_t width, int64_t a, int64_t b) {
    double dot = 0, aa = 0, bb = 0;
    for (int64_t j = 0; j < width; ++j) {
        double mean = 0;
        for (int64_t g = 0; g < genes; ++g) mean += values[static_cast<size_t>(g * width + j)];
        mean /= static_cast<double>(genes);
        const double x = values[static_cast<size_t>(a * width + j)] - mean, y = values[static_cast<size_t>(b * width + j)] - mean;
        dot += x * y;
        aa += x * x;
        bb += y * y;
    }
    return dot / std::sqrt(aa * bb);
}

}  // namespace

class TestGenePages : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void initTestCase() {
        Theme::instance().setMode(Theme::Mode::Light);
        m_catalogue.addFolder(modelFolder("parallel_poisson"));
        m_catalogue.addFolder(modelFolder("standard_mse"));
    }
    void init() {
        m_session = std::make_unique<Session>();
        m_genes = std::make_unique<GenesPage>(&m_catalogue);
        m_decoder = std::make_unique<DecoderPage>(&m_catalogue);
        for (Page* page : {static_cast<Page*>(m_genes.get()), static_cast<Page*>(m_decoder.get())}) {
            page->setSession(m_session.get());
            page->resize(1180, 740);
            page->show();
            QVERIFY(QTest::qWaitForWindowExposed(page));
        }
    }
    void cleanup() {
        m_genes.reset();
        m_decoder.reset();
        m_session.reset();
    }

    void withoutAModelThePagesSayWhatToDo() {
        QVERIFY(!child<QWidget>(m_genes.get(), "genesSearch")->isVisible());
        QVERIFY(!child<QWidget>(m_decoder.get(), "decoderSource")->isVisible());
        chooseModel();
        QTRY_VERIFY(child<QWidget>(m_genes.get(), "genesSearch")->isVisible());
        QTRY_VERIFY(child<QWidget>(m_decoder.get(), "decoderSource")->isVisible());
    }
    void anotherModelIsChosenOnEitherPage() {
        chooseModel();
        for (const auto& [page, name, wanted] : {std::tuple<Page*, const char*, QString>{m_genes.get(), "genesModel", "standard_mse"},
                                                 {m_decoder.get(), "decoderModel", "parallel_poisson"}}) {
            auto* choice = child<QComboBox>(page, name);
            const int row = m_catalogue.indexOfFolder(modelFolder(wanted));
            QVERIFY(row >= 0 && choice->currentIndex() >= 0 && choice->currentIndex() != row);
            choice->setFocus();
            QTest::keyClick(choice, row > choice->currentIndex() ? Qt::Key_Down : Qt::Key_Up);
            QCOMPARE(choice->currentIndex(), row);
            QTRY_COMPARE_WITH_TIMEOUT(m_session->modelFolder(), modelFolder(wanted), 20000);
            QTRY_VERIFY_WITH_TIMEOUT(m_session->model() && m_session->model()->folder().filename() == wanted.toStdString(), 20000);
        }
        QCOMPARE(child<QComboBox>(m_genes.get(), "genesModel")->currentIndex(), m_catalogue.indexOfFolder(m_session->modelFolder()));
    }
    void neighboursAreTheHighestCosines_data() {
        QTest::addColumn<bool>("decoder");
        QTest::newRow("codebook") << false;
        QTest::newRow("decoder") << true;
    }
    void neighboursAreTheHighestCosines() {
        QFETCH(bool, decoder);
        chooseModel();
        auto* source = child<QComboBox>(m_genes.get(), "genesSource");
        source->setCurrentIndex(source->findData(decoder));
        const auto& symbols = m_session->model()->vocabulary().symbols;
        search(QString::fromStdString(symbols[2]).toLower());
        auto* table = child<QTableView>(m_genes.get(), "genesTable");
        QTRY_VERIFY(table->model()->rowCount() > 0);
        int64_t width = 0;
        const auto vectors = m_session->model()->geneVectors(decoder, &width);
        QVERIFY(vectors.ok());
        const auto genes = static_cast<int64_t>(symbols.size());
        double best = -2;
        for (int64_t g = 0; g < genes; ++g)
            if (g != 2) best = std::max(best, centredCosine(*vectors, genes, width, 2, g));
        const auto cosineAt = [table](int row) {
            return table->model()->index(row, GenesNeighborModel::CosineColumn).data(GenesNeighborModel::SortRole).toDouble();
        };
        QVERIFY2(std::abs(cosineAt(0) - best) < 1e-4, qPrintable(QStringLiteral("%1 %2").arg(cosineAt(0)).arg(best)));
        for (int row = 1; row < table->model()->rowCount(); ++row) QVERIFY(cosineAt(row) <= cosineAt(row - 1));
        table->sortByColumn(GenesNeighborModel::CosineColumn, Qt::AscendingOrder);
        QVERIFY(cosineAt(0) <= cosineAt(table->model()->rowCount() - 1));
        auto* map = child<HeatMap>(m_genes.get(), "genesHeatMap");
        QTRY_VERIFY(map->data());
        QVERIFY(std::abs(map->data()->values[0] - 1) < 1e-5);  // a gene with itself
    }
    void unknownGeneIsNamedInOneSentence() {
        chooseModel();
        search(QStringLiteral("NOSUCHGENE"));
        QTRY_VERIFY(std::ranges::any_of(m_genes->findChildren<QLabel*>(), [](const QLabel* label) {
            return label->isVisible() && label->text().contains(QStringLiteral("NOSUCHGENE"));
        }));
    }
    void heatMapOfASetNamesWhatIsMissing() {
        chooseModel();
        const auto& symbols = m_session->model()->vocabulary().symbols;
        child<QComboBox>(m_genes.get(), "genesMapOf")->setCurrentIndex(1);
        child<QPlainTextEdit>(m_genes.get(), "genesSet")
            ->setPlainText(QString::fromStdString(symbols[0] + ", " + symbols[1] + "\n" + symbols[3] + " WRONG1"));
        auto* map = child<HeatMap>(m_genes.get(), "genesHeatMap");
        QTRY_VERIFY(map->data() && map->data()->size() == 3);
        QVERIFY(std::ranges::any_of(m_genes->findChildren<QLabel*>(), [](const QLabel* label) {
            return label->text().contains(QStringLiteral("WRONG1"));
        }));
        const auto& data = *map->data();
        for (size_t i = 0; i < 3; ++i)
            for (size_t j = 0; j < 3; ++j) QCOMPARE(data.values[i * 3 + j], data.values[j * 3 + i]);
    }
    void pairsTellKnownFromNew() {
        chooseModel();
        const auto& symbols = m_session->model()->vocabulary().symbols;
        QFile file(m_folder.filePath(QStringLiteral("Mine.csv")));
        QVERIFY(file.open(QIODevice::WriteOnly));
        file.write(("entity1,entity2\n" + symbols[0] + "," + symbols[1] + "\n").c_str());
        file.close();
        m_genes->findChild<GenesRelations*>()->loadPairs(file.fileName());
        QTRY_VERIFY(child<QLabel>(m_genes.get(), "genesPairsLabel")->text().contains(QStringLiteral("Mine")));
        child<QSpinBox>(m_genes.get(), "genesCount")->setValue(1000);
        search(QString::fromStdString(symbols[0]));
        auto* table = child<QTableView>(m_genes.get(), "genesTable");
        QTRY_COMPARE(table->model()->rowCount(), static_cast<int>(symbols.size()) - 1);
        int known = 0;
        for (int row = 0; row < table->model()->rowCount(); ++row) {
            const QString gene = table->model()->index(row, GenesNeighborModel::GeneColumn).data().toString();
            const QString text = table->model()->index(row, GenesNeighborModel::KnownColumn).data().toString();
            QCOMPARE(text, gene.toStdString() == symbols[1] ? QStringLiteral("Mine") : QStringLiteral("new"));
            known += text == QStringLiteral("Mine");
        }
        QCOMPARE(known, 1);
        for (const int column : {GenesNeighborModel::CosineColumn, GenesNeighborModel::PercentileColumn})
            QVERIFY2(table->columnWidth(column) >= table->horizontalHeader()->sectionSizeHint(column), qPrintable(QString::number(column)));
    }
    void decoderShowsAPointForEveryGeneAndOpensItOnTheGenesPage() {
        chooseModel();
        auto* view = child<ScatterView>(m_decoder.get(), "decoderScatter");
        QTRY_VERIFY(view->scene().points != nullptr);
        QCOMPARE(view->scene().points->size(), m_session->model()->vocabulary().symbols.size());
        auto* loadings = child<QTableView>(m_decoder.get(), "decoderLoadings");
        QVERIFY(loadings->model()->rowCount() > 0);
        // The first gene of the list is the rightmost point.
        const auto& x = view->scene().points->x;
        const auto right = std::max_element(x.begin(), x.end()) - x.begin();
        QCOMPARE(loadings->model()->index(0, 0).data().toString().toStdString(),
                 m_session->model()->vocabulary().symbols[static_cast<size_t>(right)]);
        QSignalSpy went(m_session->navigation(), &Navigation::geneRequested);
        const QPointF place = view->toWidget({x[static_cast<size_t>(right)], view->scene().points->y[static_cast<size_t>(right)]});
        QTest::mouseClick(view, Qt::LeftButton, {}, place.toPoint());
        QTRY_COMPARE(went.count(), 1);
        QCOMPARE(went.at(0).at(0).toString().toStdString(), m_session->model()->vocabulary().symbols[static_cast<size_t>(right)]);
        QTRY_VERIFY(child<QTableView>(m_genes.get(), "genesTable")->model()->rowCount() > 0);
    }

private:
    template <class T> T* child(QWidget* parent, const char* name) {
        T* found = parent->findChild<T*>(QString::fromLatin1(name));
        if (!found) qFatal("no widget %s", name);
        return found;
    }
    void chooseModel() {
        m_session->chooseModel(modelFolder("parallel_poisson"));
        QTRY_VERIFY_WITH_TIMEOUT(m_session->model() != nullptr, 20000);
    }
    void search(const QString& gene) {
        auto* edit = child<QLineEdit>(m_genes.get(), "genesSearch");
        edit->setText(gene);
        QTest::keyClick(edit, Qt::Key_Return);
    }
    static QString modelFolder(const QString& variant) {
        return QString::fromStdString(test::dataFile("model_variants/" + variant.toStdString()).string());
    }
    QTemporaryDir m_folder;
    ModelCatalogue m_catalogue;
    std::unique_ptr<Session> m_session;
    std::unique_ptr<GenesPage> m_genes;
    std::unique_ptr<DecoderPage> m_decoder;
};

int main(int argc, char** argv) {
    return txfm::test::runWindowTest<TestGenePages>(argc, argv);
}
#include "test_gene_pages.moc"
