// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace txfm {

/// How often something was met, with the first examples.
struct Tally {
    int64_t count = 0;
    std::vector<std::string> examples;

    void add(const std::string& example);
    /// "1-Mar, 2-Sep"
    std::string text() const;
};

/// What gene matching met on its way, told as sentences on the report.
struct GeneNoteFacts {
    Tally dates;          ///< spreadsheet dates read as symbols
    Tally repeatedDates;  ///< further columns of the same date: which gene they were is lost
    Tally ambiguous;      ///< aliases that several genes share
    Tally mouseStyle, transcripts, refSeq, otherSpecies, numbers;

    void addDropped(const std::string& name);
    std::vector<std::string> sentences(int64_t genes, int64_t duplicated) const;
};

}  // namespace txfm
