r"""
A grid of codes
===============

:func:`autoencode.plots.grid` decodes a grid of codes. Each tile has the same probability under the
unit Gaussian, so that a digit with more tiles is more frequent among new examples.
"""

import autoencode as ae

digits = ae.datasets.digits()
training = ae.Training(epochs=40)
model = ae.vae(latent_dim=2, layers=(256,), training=training, random_state=0).fit(digits.X)
ae.plots.grid(model, n_per_side=16)
