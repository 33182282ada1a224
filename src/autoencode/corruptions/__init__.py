r"""Corruptions :math:`C(\tilde x \mid x)` of the input of denoising autoencoders.

A corruption is a module from scaled data with shape `(B, *)` to a damaged copy of the same shape.
Scaled data are intensities from 0 to 1 for images, standardized columns for tables, and bytes for
texts. Audio corruptions act on waveforms, before the spectra are computed. Random numbers come
from torch's global generator. :class:`Compose` applies several corruptions in order. Any function
from tensor to tensor is a valid corruption, too.

- `base`: the abstract corruption, and compositions
- `numeric`, `resolution`: noise, masking and blur; images of lower resolution
- `series`: failing sensors and changed times of series
- `audio`: noise, hum, clipping and reverberation of waveforms
- `text`: dropped, masked, swapped and mistyped letters and words

References:
    | Extracting and Composing Robust Features with Denoising Autoencoders (Vincent et al., 2008)
    | https://doi.org/10.1145/1390156.1390294
"""

__all__ = [
    "Blur",
    "Clipping",
    "Compose",
    "Corruption",
    "Downsampling",
    "DropLetters",
    "DropWords",
    "FutureMasking",
    "GaussianNoise",
    "Hum",
    "MaskLetters",
    "MaskWords",
    "Masking",
    "Reverberation",
    "SaltAndPepper",
    "SensorDropout",
    "SwapLetters",
    "TextCorruption",
    "TimeJitter",
    "TimeWarping",
    "Typos",
    "WaveformCorruption",
    "WhiteNoise",
]

from .audio import Clipping, Hum, Reverberation, WaveformCorruption, WhiteNoise
from .base import Compose, Corruption
from .numeric import Blur, GaussianNoise, Masking, SaltAndPepper
from .resolution import Downsampling
from .series import FutureMasking, SensorDropout, TimeJitter, TimeWarping
from .text import (
    DropLetters,
    DropWords,
    MaskLetters,
    MaskWords,
    SwapLetters,
    TextCorruption,
    Typos,
)
