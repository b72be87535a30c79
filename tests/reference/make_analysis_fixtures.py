#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Makes tests/data/analysis/: a small real count matrix and what scanpy, scikit-learn and igraph compute from it.

usage: make_analysis_fixtures.py pbmc3k.h5ad OUT_FOLDER     (needs scanpy, scikit-learn, igraph, leidenalg)
"""
import json
import sys
from pathlib import Path

import anndata
import igraph
import leidenalg
import numpy as np
import scanpy as sc
import scipy.sparse as sp
from sklearn.metrics import adjusted_rand_score, normalized_mutual_info_score, silhouette_score
from sklearn.neighbors import KNeighborsClassifier


def rounded(values, digits=9):
    return [float(f"{v:.{digits}g}") for v in np.asarray(values, dtype=float).ravel()]


def nan_to_none(values):
    return [None if np.isnan(v) else float(f"{v:.9g}") for v in values]


def sparse(matrix, digits=9):
    matrix = sp.csr_matrix(matrix)
    matrix.sort_indices()
    return {"rows": matrix.shape[0], "cols": matrix.shape[1], "indptr": matrix.indptr.tolist(),
            "indices": matrix.indices.tolist(), "values": rounded(matrix.data, digits)}


def write(folder, name, value):
    (folder / name).write_text(json.dumps(value, separators=(",", ":")) + "\n")


def main():
    source, out = Path(sys.argv[1]), Path(sys.argv[2])
    out.mkdir(parents=True, exist_ok=True)
    data = anndata.read_h5ad(source)
    data.var_names_make_unique()
    symbols = data.var["gene_symbol"].astype(str) if "gene_symbol" in data.var else data.var_names
    rng = np.random.default_rng(1)
    cells = np.sort(rng.choice(data.n_obs, 160, replace=False))
    data = data[cells].copy()
    total = np.asarray(data.X.sum(axis=0)).ravel()
    special = np.array([s.startswith(("MT-", "RPS", "RPL")) for s in symbols]) & (total > 0)
    # The genes with most counts carry the structure; some special and some rare ones test the rest.
    order = np.argsort(-total, kind="stable")
    genes = np.unique(np.concatenate([order[:350], np.flatnonzero(special)[::6], order[3000:3200], order[-3:]]))
    data = data[:, genes].copy()
    data.var.index = np.asarray(symbols)[genes]
    data.var_names_make_unique()

    counts = sp.csr_matrix(data.X)
    write(out, "counts.json", {"genes": data.var_names.tolist(), "cell_type": data.obs["cell_type"].astype(str).tolist(),
                               **{k: ([int(x) for x in v] if k == "values" else v) for k, v in sparse(counts).items()}})

    data.var["mt"] = data.var_names.str.startswith("MT-")
    data.var["ribo"] = data.var_names.str.startswith(("RPS", "RPL"))
    sc.pp.calculate_qc_metrics(data, qc_vars=["mt", "ribo"], inplace=True, percent_top=None)
    write(out, "qc.json", {
        "total_counts": rounded(data.obs["total_counts"]),
        "n_genes_by_counts": data.obs["n_genes_by_counts"].tolist(),
        "pct_counts_mt": rounded(data.obs["pct_counts_mt"]),
        "pct_counts_ribo": rounded(data.obs["pct_counts_ribo"]),
        "n_cells_by_counts": data.var["n_cells_by_counts"].tolist(),
        "gene_total_counts": rounded(data.var["total_counts"])})

    data.X = data.X.astype(np.float64)
    sc.pp.normalize_total(data, target_sum=1e4)
    sc.pp.log1p(data)
    sc.pp.highly_variable_genes(data, n_top_genes=150, flavor="seurat")
    write(out, "hvg.json", {"means": rounded(data.var["means"]), "dispersions": nan_to_none(data.var["dispersions"]),
                            "dispersions_norm": nan_to_none(data.var["dispersions_norm"]),
                            "selected": np.flatnonzero(data.var["highly_variable"]).tolist()})

    hvg = data[:, data.var["highly_variable"]].copy()
    sc.pp.pca(hvg, n_comps=10, svd_solver="full")
    pca = hvg.obsm["X_pca"]
    write(out, "pca.json", {"rows": int(pca.shape[0]), "cols": int(pca.shape[1]), "scores": rounded(pca, 8),
                            "variance": rounded(hvg.uns["pca"]["variance"]),
                            "variance_ratio": rounded(hvg.uns["pca"]["variance_ratio"])})

    scores = anndata.AnnData(np.zeros((pca.shape[0], 1), dtype=np.float32))
    scores.obsm["X"] = np.asarray(pca, dtype=np.float32)
    sc.pp.neighbors(scores, n_neighbors=15, use_rep="X", method="umap")
    graph = scores.obsp["connectivities"]
    upper = sp.triu(graph, k=1).tocoo()
    net = igraph.Graph(n=graph.shape[0], edges=list(zip(upper.row.tolist(), upper.col.tolist())))
    net.es["weight"] = upper.data.tolist()
    quality = {}
    for resolution in (0.5, 1.0, 2.0):
        best = max((leidenalg.find_partition(net, leidenalg.RBConfigurationVertexPartition, weights="weight",
                                             resolution_parameter=resolution, seed=s, n_iterations=-1)
                    for s in range(10)), key=lambda p: p.quality())
        quality[str(resolution)] = best.quality() / (2 * sum(net.es["weight"]))
    write(out, "neighbors.json", {"distances": sparse(scores.obsp["distances"], 7),
                                  "connectivities": sparse(graph, 7), "leiden_quality": quality})

    labels = data.obs["cell_type"].astype(str).to_numpy()
    clusters = leidenalg.find_partition(net, leidenalg.RBConfigurationVertexPartition, weights="weight", seed=0).membership
    test = np.arange(len(labels)) % 4 == 0
    knn = KNeighborsClassifier(15).fit(pca[~test], labels[~test])
    write(out, "metrics.json", {"clusters": list(map(int, clusters)),
                                "nmi": normalized_mutual_info_score(labels, clusters),
                                "ari": adjusted_rand_score(labels, clusters),
                                "silhouette": float(silhouette_score(pca, labels)),
                                "knn_accuracy_every_4th": float(knn.score(pca[test], labels[test]))})

    raw = anndata.AnnData(data.X.astype(np.float32), obs=data.obs[["cell_type"]].copy(), var=data.var[[]].copy())
    raw.obs["cell_type"] = raw.obs["cell_type"].astype("category")
    raw.uns["log1p"] = {"base": None}
    group = raw.obs["cell_type"].value_counts().index[0]
    result = {"group": str(group)}
    for key, method, ties in (("wilcoxon", "wilcoxon", False), ("wilcoxon_ties", "wilcoxon", True), ("t-test", "t-test", False)):
        sc.tl.rank_genes_groups(raw, "cell_type", method=method, tie_correct=ties, pts=True)
        frame = sc.get.rank_genes_groups_df(raw, group).set_index("names").loc[raw.var_names]
        result[key] = {"score": rounded(frame["scores"], 6), "pval": rounded(frame["pvals"], 6)}
    result |= {"log2_fold_change": rounded(frame["logfoldchanges"], 6), "pct_in": rounded(frame["pct_nz_group"], 6),
               "pct_out": rounded(frame["pct_nz_reference"], 6)}
    write(out, "markers.json", result)
    (out / "NOTICE").write_text(
        "counts.json: 160 cells and about 570 genes of the pbmc3k data (10x Genomics, CC BY 4.0; cell types from the clustifyr\n"
        "package, MIT). The other files were computed from it by tests/reference/make_analysis_fixtures.py.\n")


if __name__ == "__main__":
    main()
