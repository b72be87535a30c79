// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/workflow/options/data_choices.h"

namespace txfm::workflow {

/// `txfm info`: what a count file or a model holds.
struct InfoOptions {
    std::string input;
    std::string model;    ///< also match the file's genes to this model
    std::string mapping;  ///< user's gene names -> symbols
    std::string report;   ///< CSV with the fate of every gene
    std::string gene;     ///< why is this gene missing?
    std::string countsIn;
};
OptionFields fieldsOf(InfoOptions& options);

/// `txfm convert`: any readable format, or several files, to one file of the kind that the name says.
struct ConvertOptions {
    std::string in;
    std::string out;
    std::vector<std::string> merge;  ///< further files whose cells are added (union of the genes)
    std::string countsIn;
    std::string genome;
    std::string where;  ///< expression over obs
    std::string obsm;   ///< write this array alone
};
OptionFields fieldsOf(ConvertOptions& options);

/// `txfm qc`: metrics under scanpy's names, then filters; negative = off.
struct QcOptions {
    std::string in;
    std::string out;
    int64_t minGenes = -1;
    int64_t minCells = -1;
    double maxMt = -1;
    double minCounts = -1;
    double maxCounts = -1;
    double mad = -1;
    std::string where;     ///< expression over obs and the metrics
    bool doublets = false;
    double maxDoublet = -1;
    std::string countsIn;
};
OptionFields fieldsOf(QcOptions& options);

}  // namespace txfm::workflow
