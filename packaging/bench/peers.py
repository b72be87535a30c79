# SPDX-License-Identifier: GPL-3.0-or-later
"""The other side of the measurements of bench.py: peers.py WHAT FILE THREADS FOLDER [--write]

Times one step of a well-known Python package and prints {"seconds": [..], "cpu_seconds": [..]}. Inputs of the later
steps are the arrays that our side wrote to FOLDER, so both work on the same numbers. Packages that compile themselves
at first use are warmed up on a small input before the clock starts.
"""
import json
import os
import sys
import time
import warnings

WHAT, FILE, THREADS, FOLDER = sys.argv[1:5]
WRITE = "--write" in sys.argv
for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS"):
    os.environ[variable] = THREADS
warnings.filterwarnings("ignore")

import numpy  # noqa: E402  (the threads must be set before)
import scipy.sparse  # noqa: E402


def array(name):
    return numpy.load(os.path.join(FOLDER, name + ".npy"))


def write(name, values):
    if WRITE:
        numpy.save(os.path.join(FOLDER, "peer_" + name + ".npy"), values)


def sparse(name, columns):
    indptr = array(name + "_indptr")
    return scipy.sparse.csr_matrix((array(name + "_data"), array(name + "_indices"), indptr), shape=(len(indptr) - 1, columns))


def timed(step):
    start, cpu = time.perf_counter(), time.process_time()
    result = step()
    report = {"seconds": [time.perf_counter() - start], "cpu_seconds": [time.process_time() - cpu]}
    return result, report


def load():
    import anndata
    data, report = timed(lambda: anndata.read_h5ad(FILE))
    return report


def preprocess():
    import anndata
    import scanpy

    def run(data):
        scanpy.pp.normalize_total(data, target_sum=1e4)
        scanpy.pp.log1p(data)
        scanpy.pp.highly_variable_genes(data, n_top_genes=2000)
        return data[:, data.var["highly_variable"]].X.copy()

    data = anndata.read_h5ad(FILE)
    run(data[: min(500, data.n_obs)].copy())
    values, report = timed(lambda: run(data))
    write("dispersions_norm", data.var["dispersions_norm"].to_numpy(numpy.float64))
    write("selected", numpy.flatnonzero(data.var["highly_variable"].to_numpy()))
    write("means", data.var["means"].to_numpy(numpy.float64))
    values.sort_indices()
    write("values", values.data)
    return report


def random_rows():
    """h5py on the uncompressed file, the rows of a batch sorted: the fastest that it offers."""
    import h5py
    limit = 2000
    plain = os.path.join(FOLDER, "plain.h5")
    if not os.path.exists(plain):
        with h5py.File(FILE) as source, h5py.File(plain, "w") as target:
            for name in ("data", "indices", "indptr"):
                target[name] = source["X"][name][:]
    rows = array("rows")[:limit]
    with h5py.File(plain) as file:
        indptr, data, indices = file["indptr"][:], file["data"], file["indices"]

        def run():
            sums = numpy.zeros(len(rows))
            for begin in range(0, len(rows), 512):
                batch = rows[begin:begin + 512]
                for at in numpy.argsort(batch):
                    low, high = indptr[batch[at]], indptr[batch[at] + 1]
                    sums[begin + at] = (data[low:high].astype(numpy.float64) * (indices[low:high] + 1.0)).sum()
            return sums

        sums, report = timed(run)
    write("sums", sums)
    report["rows"] = limit
    return report


def pca():
    import anndata
    import scanpy
    values = sparse("values", array("components").shape[1])
    scanpy.pp.pca(anndata.AnnData(values[:300].copy()), n_comps=10)
    data = anndata.AnnData(values)
    _, report = timed(lambda: scanpy.pp.pca(data, n_comps=50))
    write("components", data.varm["PCs"].T)
    return report


def knn():
    import pynndescent
    scores = array("scores")
    pynndescent.NNDescent(scores[:2000], n_neighbors=16).neighbor_graph
    (indices, _), report = timed(lambda: pynndescent.NNDescent(scores, n_neighbors=16, n_jobs=int(THREADS)).neighbor_graph)
    write("indices", indices[:, 1:])
    return report


def umap():
    import umap as package
    scores = array("scores")
    package.UMAP(n_jobs=int(THREADS)).fit_transform(scores[:2000])
    layout, report = timed(lambda: package.UMAP(n_jobs=int(THREADS)).fit_transform(scores))
    write("layout", layout)
    return report


def leiden():
    import igraph
    import leidenalg
    indptr = array("graph_indptr")
    graph = scipy.sparse.triu(sparse("graph", len(indptr) - 1)).tocoo()
    network = igraph.Graph(n=graph.shape[0], edges=list(zip(graph.row.tolist(), graph.col.tolist())))
    weights = graph.data.astype(float)
    network.es["weight"] = weights
    found, report = timed(lambda: leidenalg.find_partition(network, leidenalg.RBConfigurationVertexPartition, weights="weight", n_iterations=-1, seed=0))
    report["modularity"] = network.modularity(found.membership, weights="weight")
    again, other = timed(lambda: network.community_leiden(objective_function="modularity", weights="weight", n_iterations=-1))
    report["igraph_seconds"] = other["seconds"]
    report["igraph_modularity"] = network.modularity(again.membership, weights="weight")
    return report


print(json.dumps({"load": load, "preprocess": preprocess, "random_rows": random_rows, "pca": pca, "knn": knn,
                  "knn_approximate": knn, "umap": umap, "leiden": leiden}[WHAT]()))
