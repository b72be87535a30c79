// SPDX-License-Identifier: GPL-3.0-or-later
// A user's own names of genes.
#include <QTemporaryDir>
#include <QtTest>

#include <fstream>

#include "core/preprocess/gene_mapping.h"

using namespace txfm;

class TestGeneMapping : public QObject {
    Q_OBJECT
    QTemporaryDir m_folder;
    std::filesystem::path write(const char* text) const {
        const std::filesystem::path file = m_folder.filePath("map.txt").toStdString();
        std::ofstream(file) << text;
        return file;
    }

private Q_SLOTS:
    void readsTwoColumns() {
        const auto mapping = GeneMapping::read(write("\xEF\xBB\xBFname,gene\nProbe7,TP53\r\n\"NM_000546\"\tTP53\tp53\nno second column\n"));
        QVERIFY(mapping.ok());
        QCOMPARE(*mapping->find("probe7"), std::string("TP53"));
        QCOMPARE(*mapping->find("NM_000546.6"), std::string("TP53"));  // the table has no version
        QVERIFY(!mapping->find("no second column"));
        QVERIFY(!GeneMapping().find("Probe7"));
    }

    /// Versions of transcripts do not matter, on whichever side they are.
    void ignoresVersionsOfTranscripts() {
        const auto mapping = GeneMapping::read(write("ENST00000269305.9\tTP53\nNM_007294.4\tBRCA1\nRP11-34P13.7\tDDX11L1\n"));
        QVERIFY(mapping.ok());
        for (const char* name : {"ENST00000269305", "ENST00000269305.4", "enst00000269305.9"}) {
            QVERIFY2(mapping->find(name), name);
            QCOMPARE(*mapping->find(name), std::string("TP53"));
        }
        QVERIFY(mapping->find("NM_007294") && mapping->find("NM_007294.3"));
        QVERIFY(mapping->find("RP11-34P13.7") && !mapping->find("RP11-34P13"));  // the number belongs to the symbol
    }

    void refusesATableOfOneColumn() {
        const auto mapping = GeneMapping::read(write("TP53\nCD3D\n"));
        QVERIFY(!mapping.ok());
        QCOMPARE(mapping.error().code, ErrorCode::BadInput);
        QVERIFY(!GeneMapping::read(m_folder.filePath("none").toStdString()).ok());
    }

    void refusesWhatIsNoText() {
        const auto file = write("");
        std::ofstream(file, std::ios::binary) << std::string("\x89HDF\0,x\nProbe7,TP53\n", 18);
        const auto mapping = GeneMapping::read(file);
        QVERIFY(!mapping.ok());
        QCOMPARE(mapping.error().code, ErrorCode::BadInput);
    }

    /// One gene by any of its names is enough; none at all is the table of other data.
    void refusesATableOfOtherGenes() {
        const auto file = write("Probe7,TP53\n");
        const auto mapping = GeneMapping::read(file);
        Table var;
        var.index = {"x1", "x2"};
        const auto unused = mapping->checkUsed(var, file, "cells.h5ad");
        QVERIFY(!unused.ok());
        QCOMPARE(unused.error().code, ErrorCode::BadInput);
        QVERIFY(unused.error().message.find("map.txt' has none of the 2 genes of cells.h5ad (for example x1)") != std::string::npos);
        var.set(Column{"probe", std::vector<std::string>{"a", "probe7"}, {}});
        QVERIFY(mapping->checkUsed(var, file, "cells.h5ad").ok());
    }

    void namesGenesByIndexAndTextColumns() {
        Table var;
        var.index = {"Probe7", "x2", "CD3D"};
        var.set(Column{"ensembl_id", std::vector<std::string>{"ENSG00000000001", "", "ENSG00000167286"}, {}});
        var.set(Column{"probe", std::vector<std::string>{"a", "Probe9", "c"}, {}});
        applyGeneMapping(*GeneMapping::read(write("Probe7,TP53\nProbe9,GAPDH\n")), var);
        const Column* ids = var.find("ensembl_id");
        QCOMPARE(ids->text(0), std::string("TP53"));
        QCOMPARE(ids->text(1), std::string("GAPDH"));
        QCOMPARE(ids->text(2), std::string("ENSG00000167286"));
    }
};

QTEST_APPLESS_MAIN(TestGeneMapping)
#include "test_gene_mapping.moc"
