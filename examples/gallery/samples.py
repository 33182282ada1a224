r"""
New examples
============

:func:`autoencode.plots.samples` draws new examples of a model, here ten digits of each label. Rows
of one label are labeled at the side.
"""

import numpy as np

import autoencode as ae

digits = ae.datasets.digits()
training = ae.Training(epochs=30)
model = ae.vae(8, layers=(256,), conditional=True, training=training, random_state=0)
model.fit(digits.X, digits.y)
ae.plots.samples(model, 100, y=np.repeat(range(10), 10), random_state=0)
