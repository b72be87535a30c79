// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/preprocess/gene_notes.h"

#include "core/preprocess/gene_names.h"

namespace txfm {
namespace {

constexpr size_t kExamples = 3;

std::string number(int64_t n, const char* one, const char* many) {
    return std::to_string(n) + " " + (n == 1 ? one : many);
}

}  // namespace

void Tally::add(const std::string& example) {
    ++count;
    if (examples.size() < kExamples) examples.push_back(example.substr(0, 40));
}

std::string Tally::text() const {
    std::string all;
    for (const std::string& example : examples) all += (all.empty() ? "" : ", ") + example;
    return all;
}

void GeneNoteFacts::addDropped(const std::string& name) {
    switch (geneNameKind(name)) {
        case GeneNameKind::EnsemblTranscript: transcripts.add(name); break;
        case GeneNameKind::RefSeq: refSeq.add(name); break;
        case GeneNameKind::OtherSpecies: otherSpecies.add(name); break;
        case GeneNameKind::Number: numbers.add(name); break;
        default:
            if (isMouseStyle(name)) mouseStyle.add(name);
    }
}

std::vector<std::string> GeneNoteFacts::sentences(int64_t genes, int64_t duplicated) const {
    std::vector<std::string> notes;
    if (mouseStyle.count * 2 > genes && mouseStyle.count >= 3)
        notes.push_back("The gene names look like mouse symbols (for example " + mouseStyle.text() +
                        "); the model is human: names were compared without regard to case, and genes without a human gene of the same name were dropped.");
    if (otherSpecies.count > 0)
        notes.push_back(number(otherSpecies.count, "identifier belongs", "identifiers belong") +
                        " to another species (for example " + otherSpecies.text() + "); the model is human, so they were dropped.");
    if (dates.count > 0)
        notes.push_back(number(dates.count, "gene name that a spreadsheet program had turned into a date was",
                               "gene names that a spreadsheet program had turned into dates were") +
                        " read as a gene again (" + dates.text() + ").");
    if (repeatedDates.count > 0)
        notes.push_back(number(repeatedDates.count, "column was", "columns were") + " dropped because its date-like name occurs twice (" +
                        repeatedDates.text() + ") and may stand for different genes.");
    if (transcripts.count > 0)
        notes.push_back(number(transcripts.count, "Ensembl transcript id", "Ensembl transcript ids") + " (for example " +
                        transcripts.text() + ") cannot be assigned to genes, as the program has no transcript table; give one as the mapping file (--mapping) with two columns, transcript and gene.");
    if (refSeq.count > 0)
        notes.push_back(number(refSeq.count, "RefSeq id", "RefSeq ids") + " (for example " + refSeq.text() +
                        ") cannot be assigned to genes; give a mapping file (--mapping) with two columns, RefSeq id and gene.");
    if (numbers.count > 0)
        notes.push_back(number(numbers.count, "gene has", "genes have") + " a bare number for a name (for example " + numbers.text() +
                        ") that is no Entrez id of a vocabulary gene.");
    if (ambiguous.count > 0)
        notes.push_back(number(ambiguous.count, "name is an alias", "names are aliases") + " that several genes share (for example " +
                        ambiguous.text() + ") and could not be assigned.");
    if (duplicated > 0)
        notes.push_back(number(duplicated, "column reaches a gene", "columns reach genes") +
                        " that an earlier column reached; their counts are summed.");
    return notes;
}

}  // namespace txfm
