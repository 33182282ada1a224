r"""
Planes and density
==================

:func:`autoencode.plots.manifold` draws points of two or three columns, the tangent planes at
some of them, and a density that follows the planes. No model is needed.
"""

import numpy as np

import autoencode as ae
from autoencode import manifold

rng = np.random.default_rng(0)
t = rng.uniform(3, 15, size=(300, 1))
spiral = 0.04 * t * np.hstack([np.sin(t), np.cos(t)]) + 0.01 * rng.normal(size=(300, 2))

planes = manifold.Tangents(source="neighbors", n_components=1, n_neighbors=11).fit(spiral)
density = manifold.ManifoldParzen(n_components=1, n_neighbors=11).fit(spiral)
ae.plots.manifold(spiral, planes, density)
