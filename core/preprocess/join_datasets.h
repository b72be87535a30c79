// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <vector>

#include "core/io/merge.h"

namespace txfm {

/// Gives a gene that the parts call differently (Ensembl id here, symbol or older symbol there) its approved HGNC symbol in
/// all of them, and says so in the notes of the first part. Within a part the first gene of a name takes it; genes that
/// HGNC does not know, or that all parts call the same, keep their names. A part that was named by Ensembl ids keeps them in
/// var['gene_ids']. Errors: BadInput when the shipped gene table is missing.
Result<void> uniteGeneNames(std::vector<io::NamedDataset>& parts);

/// One data set from several (io::mergeDatasets) in which a gene stands once, whatever the parts call it.
Result<Dataset> joinDatasets(std::vector<io::NamedDataset> parts, Progress& progress);

}  // namespace txfm
