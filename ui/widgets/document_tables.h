// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

class QTextDocument;

namespace txfm::ui {

/// Gives the tables of a Markdown text room around their words and shaded rows in the colours of the theme.
void styleTables(QTextDocument* document);

}  // namespace txfm::ui
