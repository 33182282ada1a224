r"""
Forecasts
=========

:func:`autoencode.plots.forecast` draws the end of each series, the steps that are expected next,
and the interval of each. The model was trained to continue series, whose ends were hidden.
"""

import numpy as np

import autoencode as ae
from autoencode.corruptions import FutureMasking
from autoencode.modalities import Series

rng = np.random.default_rng(0)
t = np.arange(1200)
x = np.sin(t / 5) + 0.5 * np.sin(t / 12) + 0.1 * rng.normal(size=1200)

model = ae.autoencoder(
    6,
    modality=Series(window=96, stride=2, gaps=True),
    corruption=FutureMasking(),
    random_state=0,
).fit(x[None, :800])

# %%
# The width of the intervals is that of errors in steps that the model was not trained on.

found = model.forecast(x[None, :1150], steps=40, level=0.9, calibration=x[None, 800:1150])
ae.plots.forecast(model, x[None, :1150], found)
