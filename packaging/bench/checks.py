# SPDX-License-Identifier: GPL-3.0-or-later
"""Quality of both sides' results, one function a measurement: FOLDER -> {"equal" or a figure: value, "ok": bool}."""
import os

import numpy
import scipy.sparse


class Arrays:
    def __init__(self, folder):
        self.folder = folder

    def __call__(self, name):
        return numpy.load(os.path.join(self.folder, name + ".npy"))


def load(arrays, file):
    import anndata
    matrix = scipy.sparse.csr_matrix(anndata.read_h5ad(file).X)
    matrix.sort_indices()
    equal = (numpy.array_equal(matrix.data, arrays("counts_data")) and numpy.array_equal(matrix.indices, arrays("counts_indices"))
             and numpy.array_equal(matrix.indptr, arrays("counts_indptr")))
    return {"identical_arrays": bool(equal), "ok": bool(equal)}


def preprocess(arrays, file):
    ours, theirs = arrays("dispersions_norm"), arrays("peer_dispersions_norm")
    same = numpy.isnan(ours) == numpy.isnan(theirs)
    with numpy.errstate(invalid="ignore"):
        error = numpy.nanmax(numpy.abs(ours - theirs) / numpy.maximum(1e-3, numpy.abs(theirs)))
    mean = numpy.nanmax(numpy.abs(numpy.log1p(arrays("mean")) - arrays("peer_means")) / numpy.maximum(1e-3, arrays("peer_means")))
    selected = numpy.array_equal(arrays("selected"), arrays("peer_selected"))
    values = numpy.abs(arrays("values_data") - arrays("peer_values")).max() if selected else float("nan")
    # scanpy computes in float32: its own rounding is what remains.
    return {"mean_relative_error": float(mean), "dispersion_relative_error": float(error), "nan_where_theirs": bool(same.all()),
            "same_genes": bool(selected), "values_error": float(values), "ok": bool(selected and mean < 1e-5 and values < 1e-5)}


def random_rows(arrays, file):
    theirs = arrays("peer_sums")
    equal = numpy.array_equal(arrays("sums")[:len(theirs)], theirs)
    return {"exact_rows": bool(equal), "ok": bool(equal)}


def pca(arrays, file):
    """Largest angle between our components and those of the covariance's own eigenvectors, in double precision."""
    ours = arrays("components").astype(numpy.float64)
    indptr = arrays("values_indptr")
    values = scipy.sparse.csr_matrix((arrays("values_data").astype(numpy.float64), arrays("values_indices"), indptr), shape=(len(indptr) - 1, ours.shape[1]))
    mean = numpy.asarray(values.mean(0)).ravel()
    scatter = (values.T @ values).toarray() - values.shape[0] * numpy.outer(mean, mean)
    exact = numpy.linalg.eigh(scatter)[1][:, ::-1][:, :len(ours)]

    def angle(rows):
        basis = numpy.linalg.qr(rows.T)[0]
        return float(numpy.linalg.norm(basis - exact @ (exact.T @ basis), 2))

    result = {"subspace_angle": angle(ours), "peer_subspace_angle": angle(arrays("peer_components").astype(numpy.float64))}
    return result | {"ok": result["subspace_angle"] < 1e-3}


def recall(found, scores, sample):
    from sklearn.neighbors import NearestNeighbors
    k = found.shape[1]
    distances, _ = NearestNeighbors(algorithm="brute").fit(scores).kneighbors(scores[sample], k + 1)
    limit = distances[:, -1] * (1 + 1e-6)
    have = numpy.linalg.norm(scores[found[sample]] - scores[sample][:, None, :], axis=2)
    return float((have <= limit[:, None]).mean())


def knn(arrays, file):
    scores = arrays("scores").astype(numpy.float64)
    sample = numpy.random.default_rng(0).choice(len(scores), min(1000, len(scores)), replace=False)
    result = {"recall": recall(arrays("indices"), scores, sample), "peer_recall": recall(arrays("peer_indices"), scores, sample)}
    return result | {"ok": result["recall"] >= 0.995}


def umap(arrays, file):
    from sklearn.manifold import trustworthiness
    from sklearn.neighbors import NearestNeighbors
    scores = arrays("scores")
    sample = numpy.random.default_rng(0).choice(len(scores), min(5000, len(scores)), replace=False)
    high = NearestNeighbors(n_neighbors=16).fit(scores).kneighbors(scores[sample], return_distance=False)[:, 1:]
    result = {}
    for side, name in (("", "layout"), ("peer_", "peer_layout")):
        layout = arrays(name)
        low = NearestNeighbors(n_neighbors=16).fit(layout).kneighbors(layout[sample], return_distance=False)[:, 1:]
        result[side + "neighbours_kept"] = float(numpy.mean([len(set(a) & set(b)) / 15 for a, b in zip(high, low)]))
        result[side + "trustworthiness"] = float(trustworthiness(scores[sample], layout[sample], n_neighbors=15))
    return result | {"ok": result["trustworthiness"] >= result["peer_trustworthiness"] - 0.01
                     and result["neighbours_kept"] >= result["peer_neighbours_kept"] - 0.01}
