r"""
Tangent directions
==================

:func:`autoencode.plots.tangents` moves one example along each direction of its tangent plane, both
ways. If the digits stay digits, the directions are tangent to the manifold.
"""

import autoencode as ae
from autoencode import manifold

X = ae.datasets.digits().X
training = ae.Training(epochs=40)
model = ae.denoising(8, layers=(128,), training=training, random_state=0).fit(X)
ae.plots.tangents(manifold.Tangents(model).fit(X), X[3], n_directions=4)
