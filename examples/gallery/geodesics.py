r"""
Geodesics
=========

:func:`autoencode.plots.geodesics` draws the straight line between two codes and the shortest
path on the manifold, both at steps of equal length.
"""

import autoencode as ae
from autoencode import manifold

X = ae.datasets.digits().X
training = ae.Training(epochs=40)
model = ae.denoising(8, layers=(128,), training=training, random_state=0).fit(X)
graph = manifold.NeighborGraph().fit(model.transform(X))
ae.plots.geodesics(manifold.Geodesics(model, graph=graph), X[0], X[6])
