r"""
Codes
=====

:func:`autoencode.plots.codes` draws a map of codes. Codes of more than two numbers are projected
on their first two principal components, and the axes say how much of the variance these show.
"""

import autoencode as ae

digits = ae.datasets.digits()
training = ae.Training(epochs=40)
model = ae.vae(latent_dim=2, layers=(256,), training=training, random_state=0).fit(digits.X)
ae.plots.codes(model, digits.X, digits.y)
