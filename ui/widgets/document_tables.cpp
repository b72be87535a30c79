// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/widgets/document_tables.h"

#include <QTextBlock>
#include <QTextCursor>
#include <QTextDocument>
#include <QTextFrame>
#include <QTextTable>

#include "ui/widgets/theme.h"

namespace txfm::ui {
namespace {

/// Numbers and single words never break; columns of longer text take what is left.
constexpr int kShort = 12;

void styleCell(QTextTableCell cell, bool shaded) {
    QTextTableCellFormat format = cell.format().toTableCellFormat();
    if (shaded) {
        format.setBackground(colours().raised);
    } else {
        format.clearBackground();
    }
    cell.setFormat(format);
    QTextCursor cursor = cell.firstCursorPosition();
    if (cursor.block().length() > kShort) return;
    QTextBlockFormat whole;
    whole.setNonBreakableLines(true);
    cursor.mergeBlockFormat(whole);
}

}  // namespace

void styleTables(QTextDocument* document) {
    for (QTextFrame* frame : document->rootFrame()->childFrames()) {
        auto* table = qobject_cast<QTextTable*>(frame);
        if (!table) continue;
        QTextTableFormat format = table->format();
        format.setBorder(0);
        format.setCellPadding(4);
        format.setCellSpacing(0);
        format.setTopMargin(6);
        format.setBottomMargin(6);
        table->setFormat(format);
        for (int row = 0; row < table->rows(); ++row) {
            for (int column = 0; column < table->columns(); ++column) styleCell(table->cellAt(row, column), row % 2 == 0);
        }
    }
}

}  // namespace txfm::ui
