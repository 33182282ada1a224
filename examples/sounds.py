r"""Sounds: compress drums, and make new ones of each kind. Needs `autoencode[audio]`."""

from pathlib import Path

import numpy as np
import soundfile

import autoencode as ae
from autoencode.evaluation import log_spectral_distance
from autoencode.modalities import Sounds

RATE, N = 8000, 4000  # half a second
rng = np.random.default_rng(0)
t = np.arange(N) / RATE


def kick() -> np.ndarray:
    r"""A tone that falls."""
    depth, fall, decay = rng.uniform(40, 70), rng.uniform(15, 40), rng.uniform(6, 15)
    sweep = np.cumsum(depth + 200 * np.exp(-fall * t)) / RATE
    return np.sin(2 * np.pi * sweep) * np.exp(-decay * t)


def snare() -> np.ndarray:
    r"""A short tone in noise."""
    pitch, decay = rng.uniform(160, 240), rng.uniform(12, 30)
    body = np.sin(2 * np.pi * pitch * t) * np.exp(-30 * t)
    return 0.5 * body + 0.3 * rng.normal(size=N) * np.exp(-decay * t)


def hat() -> np.ndarray:
    r"""High noise."""
    noise = np.diff(rng.normal(size=N + 2), n=2)  # differences keep high frequencies
    return 0.2 * noise * np.exp(-rng.uniform(10, 60) * t)


drums = {"kick": kick, "snare": snare, "hat": hat}
y = np.repeat([*drums], 100)
X = np.clip(np.stack([drums[name]() for name in y]), -0.99, 0.99).astype(np.float32)

vae = ae.vae(
    latent_dim=4,
    layers=(256,),
    conditional=True,
    modality=Sounds(rate=RATE, seconds=N / RATE),
    training=ae.Training(epochs=40),
    random_state=0,
).fit(X, y)

distance = log_spectral_distance(X, vae.reconstruct(X, y)).mean()
print(f"from 4 numbers and a name to a sound: {distance:.1f} dB of log-spectral distance")
print(f"silence has {log_spectral_distance(X, 0 * X).mean():.1f} dB")

for name in drums:
    for i, sound in enumerate(vae.sample(4, y=name, random_state=0)):
        file = Path("drums") / name / f"{i}.wav"
        file.parent.mkdir(parents=True, exist_ok=True)
        soundfile.write(file, sound, RATE)

ae.plots.samples(vae, 12, y=np.repeat([*drums], 4), random_state=0).savefig("drums.png")
print("wrote drums/ and drums.png")
