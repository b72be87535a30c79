// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <memory>

#include <QHash>
#include <QStringList>

#include "core/base/result.h"
#include "core/data/matrix.h"
#include "core/io/model_directory.h"

namespace txfm::ui {

/// The genes of a model as the pages show and search them. Immutable; thread: any.
class ModelGenes {
public:
    explicit ModelGenes(std::shared_ptr<const io::ModelDirectory> model);
    const QStringList& symbols() const { return m_symbols; }
    /// "" for a number that is none of a gene.
    QString symbol(int64_t gene) const { return m_symbols.value(gene); }
    /// Row of a symbol in any case; -1 when the model has no such gene.
    int64_t find(const QString& symbol) const { return m_rows.value(symbol.trimmed().toUpper(), -1); }
    /// [genes × width] weights of the decoder's last layer, or of the codebook. Reads the model's file.
    Result<DenseMatrix> vectors(bool decoder) const;

private:
    std::shared_ptr<const io::ModelDirectory> m_model;
    QStringList m_symbols;
    QHash<QString, int64_t> m_rows;  // upper case
};

}  // namespace txfm::ui
