#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Writes the small text, Matrix Market and archive files of tests/data/text.

Counts are the first 12 cells x 20 genes of a deterministic table; pandas, scipy, tarfile and zipfile write
them, so that the readers meet files of other software. Needs pandas and scipy.
"""
import gzip, io, pathlib, shutil, tarfile, zipfile
import numpy as np, pandas as pd, scipy.io, scipy.sparse

OUT = pathlib.Path(__file__).parent / "text"
GENES = ["CD3D", "CD3E", "CD8A", "CD4", "MS4A1", "CD79A", "NKG7", "GNLY", "LYZ", "S100A9",
         "FCGR3A", "PPBP", "CST3", "MT-CO1", "MT-ND1", "RPS6", "RPL3", "ACTB", "GAPDH", "B2M"]
IDS = ["ENSG00000167286", "ENSG00000198851", "ENSG00000153563", "ENSG00000010610", "ENSG00000156738",
       "ENSG00000105369", "ENSG00000105374", "ENSG00000115523", "ENSG00000090382", "ENSG00000163220",
       "ENSG00000203747", "ENSG00000163736", "ENSG00000101439", "ENSG00000198804", "ENSG00000198888",
       "ENSG00000137154", "ENSG00000100316", "ENSG00000075624", "ENSG00000111640", "ENSG00000166710"]
CELLS = [f"cell{i}" for i in range(1, 13)]
rng = np.random.default_rng(7)
COUNTS = rng.poisson(1.5, (len(CELLS), len(GENES)))  # cells x genes
COUNTS[:, -1] += 20


def tenx(folder, prefix="", packed=True, old=False, antibody=False):
    folder.mkdir(parents=True, exist_ok=True)
    matrix, genes, ids = COUNTS.T, list(GENES), list(IDS)
    types = ["Gene Expression"] * len(genes)
    if antibody:
        genes, ids, types = genes + ["CD3", "CD19"], ids + ["CD3", "CD19"], types + ["Antibody Capture"] * 2
        matrix = np.vstack([matrix, COUNTS[:, :2].T + 5])
    buffer = io.BytesIO()
    scipy.io.mmwrite(buffer, scipy.sparse.coo_matrix(matrix), field="integer")
    rows = zip(ids, genes) if old else zip(ids, genes, types)
    features = "".join("\t".join(r) + "\n" for r in rows)
    ending = ".gz" if packed else ""
    pack = (lambda b: gzip.compress(b, mtime=0)) if packed else (lambda b: b)
    (folder / f"{prefix}matrix.mtx{ending}").write_bytes(pack(buffer.getvalue()))
    (folder / f"{prefix}{'genes' if old else 'features'}.tsv{ending}").write_bytes(pack(features.encode()))
    (folder / f"{prefix}barcodes.tsv{ending}").write_bytes(pack("".join(c + "\n" for c in CELLS).encode()))


def main():
    shutil.rmtree(OUT, ignore_errors=True)
    OUT.mkdir()
    np.savetxt(OUT / "expected_counts.csv", COUNTS, fmt="%d", delimiter=",")
    tenx(OUT / "tenx_v3")
    tenx(OUT / "tenx_v2", packed=False, old=True)
    tenx(OUT / "tenx_antibody", antibody=True)
    tenx(OUT / "geo_two_samples", "GSM1_")
    tenx(OUT / "geo_two_samples", "GSM2_")
    frame = pd.DataFrame(COUNTS.T, index=GENES, columns=CELLS)
    frame.to_csv(OUT / "genes_by_cells.csv")
    frame.T.to_csv(OUT / "cells_by_genes.tsv.gz", sep="\t", compression={"method": "gzip", "mtime": 0})
    frame.to_csv(OUT / "r_write_table.txt", sep=" ", quoting=2, header=True, index_label=False)  # one name fewer, quoted
    frame.rename_axis("Gene").astype(float).to_csv(OUT / "semicolon_comma.csv", sep=";", decimal=",", float_format="%.1f")
    annotated = frame.copy()
    annotated.insert(0, "description", [f"gene, number {i}" for i in range(len(GENES))])
    annotated.rename_axis("gene_id").to_csv(OUT / "annotated_quotes.csv")
    (OUT / "crlf_bom.csv").write_bytes(b"\xef\xbb\xbf" + frame.to_csv(lineterminator="\r\n").encode())
    latin = frame.copy(); latin.columns = ["Zellkultur_\u00e4"] + CELLS[1:]
    (OUT / "latin1.csv").write_bytes(latin.to_csv().encode("latin-1"))
    normalised = np.log1p(frame / frame.sum() * 1e4)
    normalised.to_csv(OUT / "log_normalised.csv")
    fc = pd.DataFrame({"Geneid": IDS, "Chr": "1;1", "Start": "1;5", "End": "3;9", "Strand": "+;+", "Length": 800})
    for i, cell in enumerate(CELLS[:3]):
        fc[f"/data/bam/{cell}.sortedByCoord.out.bam"] = COUNTS[i]
    (OUT / "featurecounts.txt").write_text("# Program:featureCounts v2.0.3; Command:\"featureCounts\"\n" + fc.to_csv(sep="\t", index=False))
    star = ["N_unmapped\t10\t10\t10", "N_multimapping\t5\t5\t5", "N_noFeature\t3\t30\t30", "N_ambiguous\t1\t0\t0"]
    for sample in (0, 1):
        lines = star + [f"{g}\t{c}\t{c // 2}\t{c - c // 2}" for g, c in zip(IDS, COUNTS[sample])]
        folder = OUT / "star_folder"; folder.mkdir(exist_ok=True)
        (folder / f"S{sample + 1}ReadsPerGene.out.tab").write_text("\n".join(lines) + "\n")
    salmon = pd.DataFrame({"Name": IDS, "Length": 1000, "EffectiveLength": 812.5, "TPM": 1.5, "NumReads": COUNTS[0] + 0.25})
    (OUT / "salmon_sample").mkdir()
    salmon.to_csv(OUT / "salmon_sample/quant.sf", sep="\t", index=False)
    (OUT / "htseq_S7.txt").write_text("".join(f"{g}\t{c}\n" for g, c in zip(GENES, COUNTS[0])) + "__no_feature\t99\n__ambiguous\t3\n")
    gct = pd.DataFrame({"Name": IDS, "Description": GENES})
    for i in range(4):
        gct[CELLS[i]] = COUNTS[i]
    (OUT / "small.gct").write_text(f"#1.2\n{len(IDS)}\t4\n" + gct.to_csv(sep="\t", index=False))
    lines = [f"#1.3\n{len(IDS)}\t4\t1\t1", "id\tsymbol\t" + "\t".join(CELLS[:4]), "tissue\tna\tblood\tblood\tskin\tskin"]
    lines += [f"{g}\t{s}\t" + "\t".join(str(COUNTS[k, j]) for k in range(4)) for j, (g, s) in enumerate(zip(IDS, GENES))]
    (OUT / "small13.gct").write_text("\n".join(lines) + "\n")
    with tarfile.open(OUT / "tenx.tar.gz", "w:gz") as tar:
        tar.add(OUT / "tenx_v3", "GSE1/filtered_feature_bc_matrix")
    with zipfile.ZipFile(OUT / "tenx.zip", "w", zipfile.ZIP_DEFLATED) as zf:
        for f in sorted((OUT / "tenx_v3").iterdir()):
            zf.write(f, f"matrix/{f.name}")


if __name__ == "__main__":
    main()
