r"""
Reconstructions
===============

:func:`autoencode.plots.reconstructions` shows examples above their reconstructions. With `noisy`,
the damaged examples stand between them.
"""

import numpy as np

import autoencode as ae

digits = ae.datasets.digits()
train, test = digits.X[:1500], digits.X[1500:]
training = ae.Training(epochs=40)
model = ae.denoising(16, layers=(256,), training=training, random_state=0).fit(train)
noise = np.random.default_rng(0).normal(scale=80, size=test.shape)
noisy = np.clip(test + noise, 0, 255).astype(np.uint8)
ae.plots.reconstructions(model, test, noisy=noisy)
