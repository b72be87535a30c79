// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QFile>
#include <QJsonDocument>
#include <QJsonObject>
#include <QStringList>
#include <QtTest>

#include <cmath>
#include <vector>

#include "core/base/random.h"

namespace txfm::test {

/// Genes × cells table of counts with two kinds of cells.
inline void writeTable(const QString& path, int cells, int firstGene, int lastGene, uint32_t stream, double scale = 1) {
    QFile file(path);
    QVERIFY(file.open(QIODevice::WriteOnly));
    QByteArray text = "gene";
    for (int cell = 0; cell < cells; ++cell) text += "\tcell" + QByteArray::number(cell);
    text += '\n';
    std::vector<RandomStream> randoms;
    for (int cell = 0; cell < cells; ++cell) randoms.emplace_back(3, stream, uint32_t(cell));
    for (int gene = firstGene; gene < lastGene; ++gene) {
        text += "SYNTH" + QByteArray::number(1000 + gene);
        for (int cell = 0; cell < cells; ++cell) {
            const double mean = ((gene % 2 == 0) == (cell % 2 == 0)) ? 9 : 0.6;
            text += '\t' + QByteArray::number(std::floor(-mean * scale * std::log(randoms[size_t(cell)].uniform53())), 'f', 0);
        }
        text += '\n';
    }
    QCOMPARE(file.write(text), text.size());
}

inline QStringList smallModel(const QString& out) {
    return {"--out", out, "--preset", "mini", "--dim", "16", "--blocks", "2", "--heads", "2", "--decoder-layers", "1",
            "--unmasked", "16", "--batch", "16", "--lr", "0.004", "--threads", "1", "--device", "cpu", "--precision", "fp32",
            "--layer-scale-init", "0.1"};
}

inline std::vector<QJsonObject> events(const QByteArray& out, const QString& type) {
    std::vector<QJsonObject> found;
    for (const QByteArray& line : out.split('\n')) {
        const auto object = QJsonDocument::fromJson(line).object();
        if (object["type"] == type) found.push_back(object);
    }
    return found;
}

}  // namespace txfm::test
