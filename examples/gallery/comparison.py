r"""
Methods compared on held-out data
=================================

:func:`autoencode.compare` fits recipes and classical methods at several code sizes, and measures
them on held-out folds; :func:`autoencode.plots.comparison` draws the measures with intervals of
95 %. The printed table ends in a recommendation.
"""

import autoencode as ae

digits = ae.datasets.digits()
training = ae.Training(epochs=20)
methods = {
    "pca": "pca",
    "isomap": "isomap",
    "autoencoder": lambda d: ae.autoencoder(d, layers=(128,), training=training),
}
found = ae.compare(digits.X[:600], digits.y[:600], methods, latent_dims=(2, 4, 8), n_folds=3)
print(found)
ae.plots.comparison(found)
