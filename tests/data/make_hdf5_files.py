#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Writes tests/data/hdf5: Cell Ranger's two HDF5 layouts and a loom file with h5py, looms with layers with anndata and
loompy, all holding the counts of text/expected_counts.csv. Needs h5py, scipy, anndata and loompy."""
import pathlib
import anndata, h5py, loompy, numpy as np, scipy.sparse as sp

HERE = pathlib.Path(__file__).parent
OUT = HERE / "hdf5"
COUNTS = np.loadtxt(HERE / "text/expected_counts.csv", delimiter=",").astype("i4")  # cells x genes
GENES = np.array([f"G{i}" for i in range(COUNTS.shape[1])], "S")
CELLS = np.array([f"c{i}" for i in range(COUNTS.shape[0])], "S")


def matrix(group):
    csc = sp.csc_matrix(COUNTS.T)
    group["barcodes"], group["data"], group["indices"], group["indptr"] = CELLS, csc.data, csc.indices.astype("i8"), csc.indptr.astype("i8")
    group["shape"] = np.array(csc.shape, "i4")


OUT.mkdir(exist_ok=True)
with h5py.File(OUT / "tenx_v3.h5", "w") as f:
    group = f.create_group("matrix")
    matrix(group)
    features = group.create_group("features")
    features["id"], features["name"] = GENES, GENES
    features["feature_type"] = np.array(["Gene Expression"] * len(GENES), "S")
    features["genome"] = np.array(["GRCh38"] * len(GENES), "S")
with h5py.File(OUT / "tenx_v3_two_genomes.h5", "w") as f:  # 10 human genes, 7 of the mouse, 3 antibodies
    group = f.create_group("matrix")
    matrix(group)
    features = group.create_group("features")
    features["id"], features["name"] = GENES, GENES
    features["feature_type"] = np.array(["Gene Expression"] * 17 + ["Antibody Capture"] * 3, "S")
    features["genome"] = np.array(["GRCh38"] * 10 + ["mm10"] * 7 + [""] * 3, "S")
with h5py.File(OUT / "tenx_v2_two_genomes.h5", "w") as f:
    for genome in ("hg19", "mm10"):
        group = f.create_group(genome)
        matrix(group)
        group["genes"], group["gene_names"] = GENES, GENES
with h5py.File(OUT / "small.loom", "w") as f:
    f.create_dataset("matrix", data=COUNTS.T, chunks=True, compression="gzip")
    f.create_group("row_attrs")["Gene"] = GENES
    f.create_group("col_attrs")["CellID"] = CELLS
    f["col_attrs"]["quality"] = np.arange(12.0)
    f.create_group("layers")

# Normalised values with the counts beside them, as anndata writes it; and with the two layers of velocyto, in other software.
logged = np.log1p(COUNTS / COUNTS.sum(1, keepdims=True) * 1e4).astype("f4")
data = anndata.AnnData(sp.csr_matrix(logged), layers={"counts": sp.csr_matrix(COUNTS.astype("f4")), "scaled": logged - logged.mean(0)})
data.obs_names, data.var_names = CELLS.astype(str), GENES.astype(str)
data.write_loom(OUT / "layers_counts.loom")
(OUT / "layers_spliced.loom").unlink(missing_ok=True)
loompy.create(str(OUT / "layers_spliced.loom"), {"": logged.T, "spliced": COUNTS.T.astype("u2"), "unspliced": (COUNTS.T // 2).astype("u2")},
              {"Gene": GENES.astype(str)}, {"CellID": CELLS.astype(str)})
