r"""
Series
======

This tutorial compresses a series of measurements, fills its gaps, continues it, and finds its
unusual parts. The series is the membrane potential of a nerve cell that fires under a
stimulus. The recording comes with matplotlib. The same calls take an array of many series,
a table with a column of times, or a folder of files.
"""

# %%
# The data
# --------
#
# The cell fires regularly, and later some of its spikes fail. The regular part is split: 1.5
# seconds to train on, and 0.7 seconds to test with. Two neighboring steps are averaged, so that a
# step takes a millisecond.

import numpy as np
from matplotlib.figure import Figure

import autoencode as ae
from autoencode.corruptions import Compose, FutureMasking, SensorDropout
from autoencode.manifold import SeriesDetector
from autoencode.modalities import Series

x = ae.datasets.membrane_potential().x.reshape(-1, 2).mean(axis=1)
train, calibration, test = x[800:2300], x[2300:2900], x[2900:3600]

figure = Figure(figsize=(8, 2.5), layout="constrained")
ax = figure.add_subplot(xlabel="milliseconds", ylabel="millivolts")
ax.plot(x, lw=0.8)
ax.axvspan(800, 2300, alpha=0.2)
figure

# %%
# Compress
# --------
#
# A series has shape `(T,)` or `(T, channels)`, and a list or array holds several. This series is
# longer than a window, and is cut into windows of 160 steps that overlap. Each has a code
# of 16 numbers.
#
# During the training, stretches of a window and its end are hidden. The model learns to
# fill in the first and to continue the window. `gaps=True` lets the networks see what is
# missing.

model = ae.autoencoder(
    latent_dim=16,
    modality=Series(window=160, stride=2, gaps=True),
    corruption=Compose([FutureMasking(), SensorDropout()]),
    training=ae.Training(epochs=50),
    random_state=0,
)
model.fit(train[None])
linear = ae.linear(16, modality=Series(window=160, stride=2), random_state=0).fit(train[None])

# %%
# `full_size=True` joins the windows to a whole series. Principal components are the
# linear comparison.


def error(guess: np.ndarray, truth: np.ndarray = test) -> float:
    r"""Returns the mean absolute error in millivolts."""
    return float(np.abs(guess - truth).mean())


codes = model.transform(test[None])
print(f"{test.size} steps, {len(codes)} windows of {codes.shape[1]} numbers")
print(f"autoencoder:          {error(model.reconstruct(test[None], full_size=True)):.2f} mV")
print(f"principal components: {error(linear.reconstruct(test[None], full_size=True)):.2f} mV")
print(f"mean of the training: {error(np.full_like(test, train.mean())):.2f} mV")

# %%
# Fill in gaps
# ------------
#
# One fifth of the test is hidden, in gaps of 16 steps. A line between the ends of a gap
# misses the spikes. The model knows their shape.

hidden = np.arange(len(test)) % 80 >= 64
holes = np.where(hidden, np.nan, test)
filled = model.impute(holes[None])[0]
line = np.interp(np.arange(len(test)), np.flatnonzero(~hidden), test[~hidden])

print(f"imputed:    {error(filled[hidden], test[hidden]):.2f} mV")
print(f"by a line:  {error(line[hidden], test[hidden]):.2f} mV")

# %%
# Forecast
# --------
#
# `forecast` returns later steps, and intervals that hold each with a probability of 90 %. The
# width of an interval is learned from earlier forecasts of calibration series, which should not
# be those of the training. Here, 60 steps are forecast from many places of the test.
#
# The comparison repeats the last period. A cell this regular is hardly predicted better. Make such
# a comparison before you trust a forecast.

ends = range(160, len(test) - 60, 20)
pasts, future = [test[:t] for t in ends], np.stack([test[t : t + 60] for t in ends])
result = model.forecast(pasts, steps=60, level=0.9, calibration=calibration[None])
mean, lower, upper = map(np.stack, result)
repeated = np.stack([past[-72:-12] for past in pasts])  # 72 steps are one period

print(f"forecasts:            {error(mean, future):.2f} mV")
print(f"the period before:    {error(repeated, future):.2f} mV")
print(f"inside the intervals: {((lower <= future) & (future <= upper)).mean():.0%}")
ae.plots.forecast(model, pasts, result, n_series=1)

# %%
# Find what is unusual
# --------------------
#
# The detector is calibrated on regular series, and marks intervals whose scores exceed its
# threshold. It then sees the rest of the recording, in which spikes fail. `start` and `end`
# are steps, or times if the series come from a table with a column of times.

detector = SeriesDetector(model, false_positive_rate=0.01).fit(calibration[None])
rest = x[2900:5400]

for found in detector.intervals(rest[None])[:3]:
    print(f"steps {found.start} to {found.end}: {found.severity:.1f} times the threshold")

ae.plots.intervals(detector, rest[None])

# %%
# What can go wrong
# -----------------
#
# - **An array is refused because it has two readings.** `X[None]` is one series with channels,
#   and `X[..., None]` are many series of one channel.
# - **Forecasts are flat or poor.** Train with `FutureMasking()` and windows of at least two
#   periods. Use `stride=1` for a short recording: it makes more windows. If the series has a
#   trend, fit the model to its differences.
# - **Intervals are too narrow.** They were calibrated with the series of the training, or the
#   series has changed since. Pass later series as `calibration=...`.
# - **Gaps are filled with the mean.** The model saw no gaps during its training. Set
#   `corruption=SensorDropout()` or `Masking()`.
# - **Everything is an anomaly.** The detector was calibrated on the series of the training, or the
#   new series are on another scale. Calibrate on later normal series, and look at the
#   reconstructions.
# - **Training takes long.** A larger `stride` makes fewer windows, and a smaller `window` makes
#   smaller networks.
