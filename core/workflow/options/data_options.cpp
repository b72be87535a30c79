// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/workflow/options/data_options.h"

namespace txfm::workflow {
namespace {

using Path = OptionField::Path;

OptionField inputField(std::string flag, std::string* target, std::string description) {
    return {.flag = std::move(flag), .target = target, .description = std::move(description), .required = true, .positional = true, .path = Path::InputFile};
}

OptionField whereField(std::string* target) {
    return {.flag = "where", .target = target,
            .description = "Keep cells for which this holds, e.g. cell_type == \"B cell\" and total_counts > 500", .label = "Cells where"};
}

}  // namespace

OptionFields fieldsOf(InfoOptions& o) {
    return {
        inputField("input", &o.input, "Count file, folder or model directory"),
        {.flag = "model", .target = &o.model, .description = "Also match the genes of the file to this model", .path = Path::InputModel},
        {.flag = "mapping", .target = &o.mapping, .description = "Two columns: gene name in the file, symbol or Ensembl id", .advanced = true, .path = Path::InputFile},
        {.flag = "report", .target = &o.report, .description = "Write the fate of every gene to this CSV file (needs --model)", .advanced = true, .path = Path::Output},
        {.flag = "gene", .target = &o.gene, .description = "Say why this gene is or is not matched (needs --model)", .advanced = true},
        countsField(&o.countsIn),
    };
}

OptionFields fieldsOf(ConvertOptions& o) {
    return {
        inputField("in", &o.in, "Count file or folder in any readable format"),
        {.flag = "out", .target = &o.out, .description = "What to write: .h5ad, .loom, .csv or .tsv (also .gz), .npy, or a folder name for the 10x format",
         .required = true, .positional = true, .path = Path::Output},
        {.flag = "merge", .target = &o.merge, .description = "Further count files whose cells are added; genes are united", .path = Path::InputFile},
        countsField(&o.countsIn),
        {.flag = "genome", .target = &o.genome, .description = "Genome to use when a 10x file holds several"},
        whereField(&o.where),
        {.flag = "obsm", .target = &o.obsm, .description = "Write this array of obsm alone, for instance X_txfm, as .npy, .csv or .tsv"},
    };
}

OptionFields fieldsOf(QcOptions& o) {
    const double off = -1;
    return {
        inputField("in", &o.in, "Count file or folder"),
        {.flag = "out", .target = &o.out, .description = "The .h5ad file to write", .required = true, .path = Path::Output},
        {.flag = "min-genes", .target = &o.minGenes, .description = "Keep cells with at least this many detected genes; -1 = no limit", .unit = "genes", .min = off},
        {.flag = "min-cells", .target = &o.minCells, .description = "Keep genes detected in at least this many cells; -1 = no limit", .unit = "cells", .min = off},
        {.flag = "max-mt", .target = &o.maxMt, .description = "Keep cells with at most this share of mitochondrial counts; -1 = no limit", .unit = "percent", .min = off, .max = 100},
        {.flag = "min-counts", .target = &o.minCounts, .description = "Keep cells with at least this many counts; -1 = no limit", .unit = "counts", .min = off},
        {.flag = "max-counts", .target = &o.maxCounts, .description = "Keep cells with at most this many counts; -1 = no limit", .unit = "counts", .min = off},
        {.flag = "mad", .target = &o.mad, .description = "Drop cells further than this many median absolute deviations from the median; -1 = off", .min = off},
        whereField(&o.where),
        {.flag = "doublets", .target = &o.doublets, .description = "Score how likely each kept cell is a doublet (simulated doublets among its neighbours, after Scrublet), as obs['doublet_score']"},
        {.flag = "max-doublet", .target = &o.maxDoublet, .description = "Keep cells with at most this doublet score; -1 = no limit", .min = off, .max = 1},
        countsField(&o.countsIn),
    };
}

}  // namespace txfm::workflow
