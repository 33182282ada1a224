r"""
Sounds
======

This tutorial compresses short sounds, generates new ones and removes noise. The sounds are
synthetic drums, because they need no download: a kick is a falling tone, a snare is a short tone
in noise, and a hat is high-pitched noise. The same calls take the path of a folder of
recordings.
"""

# %%
# The data
# --------
#
# Sounds are one array of waveforms with shape `(N, samples)`. The sample rate is not part of an
# array, so `Sounds(rate=...)` states it. A folder of files needs no rate.

import numpy as np

import autoencode as ae
from autoencode.evaluation import log_spectral_distance
from autoencode.modalities import Sounds

data = ae.datasets.drums(360)
X, y = data.X, data.y
train, test, y_train, y_test = X[:300], X[300:], y[:300], y[300:]
print(train.shape, train.dtype, np.unique(y))

# %%
# Compress and generate
# ---------------------
#
# Inside, a sound becomes a spectrogram: its loudness over time and frequency. This VAE describes a
# sound by its kind and 4 numbers.

sounds = Sounds(rate=8000, seconds=0.5)
model = ae.vae(
    latent_dim=4,
    layers=(256,),
    conditional=True,
    modality=sounds,
    training=ae.Training(epochs=80),
    random_state=0,
)
model.fit(train, y_train)

# %%
# The log-spectral distance compares two sounds as an ear would: it is the mean difference of their
# levels over time and frequency, in decibels. Silence is the reference.

restored = model.reconstruct(test, y_test)
print(f"reconstructions: {log_spectral_distance(test, restored).mean():.1f} dB")
print(f"silence:         {log_spectral_distance(test, 0 * test).mean():.1f} dB")

# %%
# New sounds of each kind, as pictures of their spectra. Time runs from left to right, and
# frequency from bottom to top. `model.modality_.write("new.wav", sound)` writes a sound to a
# file.

ae.plots.samples(model, 12, y=np.repeat(["kick", "snare", "hat"], 4), random_state=0)

# %%
# Denoise
# -------
#
# A denoising model learns from clean sounds: it damages them, and learns to undo the damage. Here
# the damage is mains hum. `low` and `high` are the lowest and the highest signal-to-noise
# ratio of the damaged sounds, in decibels.

hum = ae.corruptions.Hum(low=0, high=10)
cleaner = ae.denoising(
    latent_dim=32,
    modality=sounds,
    corruption=hum,
    layers=(256,),
    training=ae.Training(epochs=60),
    random_state=0,
)
cleaner.fit(train)

# %%
# Held-out drums with hum, before and after. The model works on levels and keeps no phases. The
# cleaned sound is therefore compared by its spectrum, not value by value.

t = np.arange(4000) / 8000
tone = sum(np.sin(2 * np.pi * 50 * k * t) / k for k in range(1, 9))
noisy = (test + 0.05 * tone).clip(-1, 1).astype(np.float32)
clean = cleaner.denoise(noisy)
print(f"distance to the clean sounds, before: {log_spectral_distance(test, noisy).mean():.1f} dB")
print(f"distance to the clean sounds, after:  {log_spectral_distance(test, clean).mean():.1f} dB")

# %%
# What can go wrong
# -----------------
#
# - **Sounds are dull.** The code is too small for the high frequencies. Try a larger `latent_dim`,
#   and compare with `log_spectral_distance`.
# - **An array is taken for a table, or refused.** An array of waveforms looks like a table. Pass
#   `modality=Sounds(rate=...)`.
# - **Long recordings are cut.** The models work on sounds of one length. `denoise` cuts long
#   recordings into windows and joins them again; `transform(X, pool_windows=True)` averages the
#   codes of the windows.
# - **Cleaned sounds are still noisy.** The noise of the training does not resemble the real
#   noise. Try other corruptions, such as `Hum`, `Reverberation` or `Clipping`, or pass pairs of
#   damaged and clean recordings: `fit(clean, corrupted=noisy)`.
# - **A waveform differs although it sounds alike.** The default spectrogram keeps no phases. Use
#   `Sounds(spectrum=MDCT())` where the waveform itself matters.
# - **Silence costs much of the training.** Set `Sounds(seconds=...)` to the length of what
#   matters.
