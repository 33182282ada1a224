r"""
Training curves
===============

:func:`autoencode.plots.history` draws each term of the loss over the epochs, for the training
examples and for the held-out ones. Rising curves of held-out examples mean overfitting.
"""

import autoencode as ae

digits = ae.datasets.digits()
training = ae.Training(epochs=40)
model = ae.vae(latent_dim=8, layers=(256,), training=training, random_state=0).fit(digits.X)
ae.plots.history(model)
