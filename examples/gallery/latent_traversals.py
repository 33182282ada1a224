r"""
Latent traversals
=================

:func:`autoencode.plots.traversals` decodes the code of one example while one unit changes. If
units are separate factors, each row changes one property of the digit.
"""

import autoencode as ae

X = ae.datasets.digits().X
model = ae.beta_vae(6, beta=4, training=ae.Training(epochs=40), random_state=0).fit(X)
ae.plots.traversals(model, X[3:])
