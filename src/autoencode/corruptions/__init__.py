r"""Corruptions :math:`C(\tilde x \mid x)`: what damages the input of a denoising autoencoder.

A corruption is a module that sees the scaled data - intensities in 0 to 1 for images,
standard deviations for tables, bytes for texts - with shape `(B, *)`, and returns a damaged
copy of the same shape; those of sounds see waveforms, before their spectra are taken. It draws
from torch's global generator. Put several in :class:`Sequence` to apply one after the other; any
function from tensor to tensor serves as well.

References:
    | Extracting and Composing Robust Features with Denoising Autoencoders (Vincent et al., 2008)
    | https://doi.org/10.1145/1390156.1390294
"""

__all__ = [
    "Blur",
    "Clipping",
    "Corruption",
    "DropLetters",
    "DropWords",
    "GaussianNoise",
    "Hum",
    "MaskLetters",
    "MaskWords",
    "Masking",
    "Reverberation",
    "SaltAndPepper",
    "Sequence",
    "SwapLetters",
    "TextCorruption",
    "Typos",
    "WaveformCorruption",
    "WhiteNoise",
    "parts",
]

from .audio import Clipping, Hum, Reverberation, WaveformCorruption, WhiteNoise
from .numeric import Blur, Corruption, GaussianNoise, Masking, SaltAndPepper, Sequence, parts
from .text import (
    DropLetters,
    DropWords,
    MaskLetters,
    MaskWords,
    SwapLetters,
    TextCorruption,
    Typos,
)
