// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/session/model_genes.h"

namespace txfm::ui {

ModelGenes::ModelGenes(std::shared_ptr<const io::ModelDirectory> model) : m_model(std::move(model)) {
    const auto& symbols = m_model->vocabulary().symbols;
    m_symbols.reserve(static_cast<qsizetype>(symbols.size()));
    m_rows.reserve(static_cast<qsizetype>(symbols.size()));
    for (const std::string& symbol : symbols) {
        const QString upper = QString::fromStdString(symbol).toUpper();
        if (!m_rows.contains(upper)) m_rows.insert(upper, m_symbols.size());
        m_symbols << QString::fromStdString(symbol);
    }
}

Result<DenseMatrix> ModelGenes::vectors(bool decoder) const {
    DenseMatrix matrix;
    matrix.rows = m_model->vocabulary().size();
    TXFM_TRY(matrix.values, m_model->geneVectors(decoder, &matrix.cols));
    return matrix;
}

}  // namespace txfm::ui
