r"""
A neighbor graph
================

:func:`autoencode.plots.graph` draws codes and the edges between neighbors. The color of an edge
is the angle between the tangent planes at its ends: where it is large, straight interpolation is
unsafe.
"""

import autoencode as ae
from autoencode import manifold

X = ae.datasets.digits().X[:600]
training = ae.Training(epochs=40)
model = ae.denoising(2, layers=(128,), training=training, random_state=0).fit(X)
graph = manifold.NeighborGraph(n_neighbors=8).fit(model.transform(X))
tangents = manifold.Tangents(model).fit(X)
ae.plots.graph(graph, tangents.principal_angles(X, graph.indices_), "degrees")
