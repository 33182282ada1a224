r"""
The manifold
============

Images of digits fill almost nothing of the space of all images. They lie near a curved surface of
few dimensions, the manifold. This tutorial measures that surface: its dimension, whether codes
preserve neighbors, its tangent planes, and paths that stay on it.
"""

# %%
# The data and a model
# --------------------

import numpy as np

import autoencode as ae
from autoencode import manifold

digits = ae.datasets.digits()
train, test = digits.X[:1500], digits.X[1500:]
model = ae.denoising(latent_dim=8, layers=(128,), training=ae.Training(epochs=40), random_state=0)
model.fit(train)
codes = model.transform(test)

# %%
# Dimension
# ---------
#
# A digit has 64 pixels, but it varies in far fewer ways: slant, width, thickness. The intrinsic
# dimension is the number of these ways. A code needs at least as many numbers.

estimates = {
    method: manifold.intrinsic_dimension(train, method=method)
    for method in ("twonn", "mle", "gride")
}

for method, estimate in estimates.items():
    print(f"{method:<6} {estimate.value:.1f} ± {estimate.standard_error:.1f}")

# %%
# The estimate depends on the scale of the neighborhoods. A plateau of the curve is more
# reliable than a single number. The bands are two standard errors wide to each side.

ae.plots.dimension(estimates)

# %%
# Do codes preserve neighbors?
# ----------------------------
#
# Trustworthiness is high if neighbors in the code are neighbors in the data, and continuity is
# high if neighbors in the data are neighbors in the code. Both are at most 1.

trust = manifold.trustworthiness(test, codes)
kept = manifold.continuity(test, codes)
print(f"trustworthiness {trust.value:.3f} ± {trust.standard_error:.3f}")
print(f"continuity      {kept.value:.3f} ± {kept.standard_error:.3f}")

# %%
# Tangent planes
# --------------
#
# Near an example, the manifold is almost a plane. The derivative of the decoder gives this plane:
# it shows how the image changes with each number of the code. Each strip moves one digit along one
# direction of its plane, both ways.

tangents = manifold.Tangents(model).fit(train)
ae.plots.tangents(tangents, test[3], n_directions=4)

# %%
# `projection_error` checks the planes against the data: it is the share of the squared distance to
# neighbors that lies off the plane. Planes with random directions have an error of `1 - d/D`.

found = tangents.projection_error(test)
print(f"projection error {found.value:.3f} ± {found.standard_error:.3f}")
print(f"random planes    {1 - 8 / 64:.3f}")

# %%
# Paths on the manifold
# ---------------------
#
# A straight line between two codes may leave the manifold. A geodesic is a shortest path on it.
# The search starts with a path through a graph of neighbors, so that data support it.

graph = manifold.NeighborGraph(n_neighbors=10).fit(model.transform(train))
geodesics = manifold.Geodesics(model, graph=graph)
ae.plots.geodesics(geodesics, test[0], test[1])

# %%
# Duplicates
# ----------
#
# The graph also finds examples that are almost the same. Look at the closest pairs first, and
# choose the threshold below which they count as duplicates.

nearest = graph.distances_[:, 0]
groups = manifold.find_duplicates(graph, threshold=np.quantile(nearest, 0.002))
print(f"{len(groups)} groups, for example rows {[int(i) for i in groups[0]]}")
ae.plots.samples(train[groups[0]])

# %%
# What can go wrong
# -----------------
#
# - **The dimension has no plateau.** Noise raises it at small scales, and curvature at large ones.
#   More examples help. Above about ten dimensions every method underestimates.
# - **Projection errors are near those of random planes.** Either the neighbors are too far apart,
#   because there are few examples, or the model has not learned the surface. Compare
#   `Tangents(source="neighbors")`, which needs no model.
# - **A geodesic is as long as the straight line.** The decoder is nearly flat between the two
#   codes, and a straight line is safe there.
# - **Parts of the graph are not connected.** There is no path between them. Use more
#   `n_neighbors`.
# - **Measures look too good.** Measure examples that the model was not trained on.
