r"""
Anomalous intervals
===================

:func:`autoencode.plots.intervals` draws a series above the score of each step, and shades the
steps that are unusual together. The line is the threshold.
"""

import numpy as np

import autoencode as ae
from autoencode.manifold import SeriesDetector

rng = np.random.default_rng(0)
x = np.sin(np.arange(400) / 5) + 0.1 * rng.normal(size=400)
new = x.copy()
new[200:230] += 1.5 * np.sin(np.arange(30))  # a disturbance

model = ae.linear(2, modality=ae.modalities.Series(window=16))
ae.plots.intervals(SeriesDetector(model).fit([x]), [new])
