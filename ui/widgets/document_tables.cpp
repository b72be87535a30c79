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

void keepShortCellsWhole(QTextTable* table) {
    for (int row = 0; row < table->rows(); ++row) {
        for (int column = 0; column < table->columns(); ++column) {
            QTextCursor cursor = table->cellAt(row, column).firstCursorPosition();
            if (cursor.block().length() > kShort) continue;
            QTextBlockFormat format;
            format.setNonBreakableLines(true);
            cursor.mergeBlockFormat(format);
        }
    }
}

}  // namespace

void styleTables(QTextDocument* document) {
    for (QTextFrame* frame : document->rootFrame()->childFrames()) {
        auto* table = qobject_cast<QTextTable*>(frame);
        if (!table) continue;
        QTextTableFormat format = table->format();
        format.setCellPadding(4);
        format.setCellSpacing(0);
        format.setBorderCollapse(true);
        format.setBorder(1);
        format.setBorderBrush(colours().border);
        format.setTopMargin(6);
        format.setBottomMargin(6);
        table->setFormat(format);
        keepShortCellsWhole(table);
    }
}

}  // namespace txfm::ui
