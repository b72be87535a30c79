// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/io/describe.h"

namespace txfm::io {

FileInfo describe(const Dataset& dataset) {
    FileInfo info;
    info.format = dataset.provenance.format;
    info.cells = dataset.cells();
    info.genes = dataset.genes();
    info.nonZeros = dataset.counts->nonZeros();
    info.countsIn = dataset.provenance.countsIn;
    info.valueKind = dataset.provenance.valueKind;
    for (const Column& column : dataset.obs.columns) info.obsColumns.push_back(column.name);
    for (const Column& column : dataset.var.columns) info.varColumns.push_back(column.name);
    info.notes = dataset.provenance.notes;
    return info;
}

}  // namespace txfm::io
