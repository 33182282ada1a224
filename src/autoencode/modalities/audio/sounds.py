r"""Sounds: recordings of any rate, length and number of channels."""

__all__ = ["Sounds"]

import copy
import logging
import math
from collections.abc import Callable, Iterator
from numbers import Real
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.distributions import Distribution, constraints
from torch.distributions.constraints import Constraint

from ...common import failures
from ...common.arrays import tensor_of
from ...common.checks.types import check_agreement
from ...common.failures import warn
from ...corruptions import Compose
from ...data import on_disk
from ...data.listing.sources import Files
from ...data.media.audio.faults import report_faults
from ...data.media.audio.folders import Recordings
from ...data.media.audio.formats import holds_sounds, is_sound
from ...distributions import DiagonalGaussian, Family, SharedGaussian
from ...networks import Convolutional, FullyConnected, Network
from ..base import Modality
from ..capabilities import (
    Adaptive,
    ErrorWeighted,
    Extendable,
    Pictured,
    ResidualFitted,
)
from ..capabilities.fitting import without_text_corruptions
from ..windows import Windows, cut, spooled
from .damage import WaveformDamage, split_steps
from .exported import ExportedSounds
from .faults import report_faults_in_memory
from .files import SoundFiles
from .lengths import LONGEST_SECONDS, choose_seconds, describe_unused, log_windows, share_kept
from .log_mel import LogMel
from .moments import moments
from .recordings import (
    MIN_SHARE_KEPT,
)
from .spectra import Spectrum
from .waveforms import check_waves, is_wave, to_channels, waves_of

log = logging.getLogger(__name__)

_SOUNDS_PER_BATCH = 64  # sounds to transform at once
_MAX_FLAT_NUMBERS = 2**15  # numbers of a spectrum for which unshared weights fit well in memory
_MIN_SOUNDS_FOR_SCALES = 20


class Sounds(
    Modality,
    SoundFiles,
    Pictured,
    Extendable,
    ErrorWeighted,
    ResidualFitted,
    Adaptive,
    ExportedSounds,
):
    r"""Recordings, from a folder, a list of arrays, or an array with shape `(N, n)`.

    Examples are as long as most recordings, or one second if recordings are long. Recordings are
    cut into windows that overlap by half where a cut would lose more than a quarter of them, see
    :func:`~autoencode.modalities.cut` and :func:`~autoencode.modalities.join`. A single file is
    always cut into windows. `transform(X, pool_windows=True)` gives each recording one code: the
    mean of the codes of its windows, see :func:`~autoencode.modalities.pool`.
    `reconstruct(X, full_size=True)` and `denoise(X, full_size=True)` return each recording in its
    own length.

    Sounds are brought to one length, by silence at their end or by a cut. The log counts those
    that are cut. A label of a recording is the label of each of its windows. Files are brought to
    one rate; arrays have the given rate. The networks see spectra, less their mean over time and
    sounds, in units of their common spread. Densities and squared errors are those of spectra.
    Sounds come back as float32 from -1 to 1, with shape `(N, samples)`, or with shape
    `(N, samples, channels)` if there are several channels.

    Files that cannot be read are skipped. The log names them, and sounds that are silent, clipped
    or very short. Two-dimensional arrays are tables, unless the argument is
    `modality=Sounds(rate=...)`.

    Arguments:
        rate: The samples per second.
        seconds: The length of an example; by default that of the longest recording or of most, up
            to four seconds, up to ten where all are as long, and one second where half of them are
            longer than two.
        channels: One, or how many there are to be.
        spectrum: What networks see of sounds; by default :class:`LogMel`, which spares the
            phase, for the way back to find one. :class:`MDCT` keeps it.
        strict: Whether sounds that would be named in the log are refused.

    See Also:
        :class:`~autoencode.modalities.LogMel`, :class:`~autoencode.modalities.MDCT`,
        :func:`~autoencode.evaluation.log_spectral_distance`

    Example:
        >>> from autoencode.modalities import MDCT
        >>> X = np.sin(np.arange(1, 6)[:, None] * np.arange(800))
        >>> sounds = Sounds(rate=8000, seconds=0.1, spectrum=MDCT(n_bins=64)).fit(X)
        >>> x = sounds.normalize(sounds.load(X))
        >>> x.shape
        torch.Size([5, 1, 14, 64])
        >>> np.allclose(sounds.restore(x), X, atol=1e-5)
        True
    """

    suffixes = (".npy", ".png", ".wav", "")

    n_: int = 0
    r"""The number of examples of the fit; files of earlier releases have none."""

    loc_: tuple[float, ...]
    scale_: float
    residual_: NDArray[np.float32] | None = None
    r"""The variance that a model does not explain; files of earlier releases have none."""

    def __init__(
        self,
        rate: int = 16000,
        seconds: float | None = None,
        channels: int = 1,
        spectrum: Spectrum | None = None,
        strict: bool = False,
    ) -> None:
        self.rate = rate
        self.seconds = seconds
        self.channels = channels
        self.spectrum = spectrum
        self.strict = strict

    @classmethod
    def accepts(cls, X: object) -> bool:
        if isinstance(X, Files):
            return holds_sounds(X)

        if isinstance(X, Path):
            return holds_sounds(X) if X.is_dir() else is_sound(X)

        if isinstance(X, np.ndarray) and X.dtype != object:
            return False

        return isinstance(X, (list, tuple, np.ndarray)) and len(X) > 0 and all(map(is_wave, X))

    def fit(self, X: Any, support: Constraint = constraints.real) -> "Sounds":
        self._check_arguments()
        self._check(X)
        lengths = [len(x) / self.rate for x in X]
        read = isinstance(X, Recordings)

        if read and X.samples is not None:
            self.samples_ = X.samples
        elif self.seconds is not None:
            self.samples_ = round(self.rate * self.seconds)
        elif isinstance(X, np.ndarray) and X.dtype != object and lengths[0] <= LONGEST_SECONDS:
            self.samples_ = max(2, X.shape[1])
        else:
            self.samples_ = round(self.rate * choose_seconds(lengths))

        seconds = self.samples_ / self.rate
        self.windows_ = (read and X.counts is not None) or (
            not read and share_kept(lengths, seconds) < MIN_SHARE_KEPT
        )

        if not read:
            self._report(X)
            warn(failures.long_sound(lengths, seconds))

        log.info("sounds of %g s%s.", seconds, "" if self.seconds else "; seconds=... fixes it")
        x = self.load(self.examples(X))
        self.shape_, self.loc_, self.scale_ = moments(x, self._transform, _SOUNDS_PER_BATCH)
        self.n_ = len(x)

        return self

    def check_learned(self) -> None:
        self._check_arguments()
        check_agreement(
            type(self),
            samples_=1 <= self.samples_ < 2**31,
            loc_=len(self.shape_) == 3
            and len(self.loc_) == self.shape_[-1]
            and np.isfinite(self.loc_).all(),
            scale_=0 < self.scale_ < math.inf,
            residual_=self.residual_ is None or self.residual_.shape == self.shape_,
        )

    def examples(self, X: Any, logged: bool = False) -> Any:
        longer = [f"sound {i}" for i, x in enumerate(X) if len(x) > self.samples_]
        seconds = self.samples_ / self.rate

        if isinstance(X, Recordings) or not longer:
            return X

        if isinstance(X, Windows) or not self.windows_:
            total = f"{len(X):,} sounds"
            kinds = {} if logged else {f"longer than {seconds:g} s, and cut off": longer}
            report_faults(kinds, total, False)
            return X

        windows = spooled((self._wave(x) for x in X), self.samples_)

        if not logged:
            log_windows(len(X), len(windows), seconds)

        return windows

    def load(self, X: Any) -> Tensor:
        self._check(X)

        if isinstance(X, Recordings) and X.rows is not None:
            return on_disk(tensor_of(X.rows), X.rows)

        if isinstance(X, np.ndarray) and X.dtype != object:
            return tensor_of(X)

        waves = np.zeros((len(X), self.samples_, self.channels), np.float32)

        for wave, x in zip(waves, X):
            x = self._wave(x[: self.samples_])
            wave[: len(x)] = x

        return torch.from_numpy(waves)

    def normalize(self, x: Tensor) -> Tensor:
        loc = torch.tensor(self.loc_, dtype=torch.float32, device=x.device)
        return (self._transform(x) - loc) / self.scale_

    def restore(self, x: Tensor) -> NDArray:
        x = (x.cpu().double() * self.scale_ + torch.tensor(self.loc_, dtype=torch.float64)).float()
        waves = [
            self._spectrum.inverse(c, self.rate, self.samples_) for c in x.split(_SOUNDS_PER_BATCH)
        ]
        X = torch.cat(waves).clamp(-1, 1).movedim(1, -1).numpy()

        return X[..., 0] if self.channels == 1 else X

    def network(self) -> Network:
        if math.prod(self.shape_) > _MAX_FLAT_NUMBERS:
            return Convolutional()

        return FullyConnected((512, 512), skip=True)

    def likelihood(self) -> Family:
        if self.n_ < _MIN_SOUNDS_FOR_SCALES:
            return SharedGaussian()

        # Parts where no example had a sound, such as high frequencies, may have one later
        return DiagonalGaussian(min_scale=0.5 / math.sqrt(self.n_ + 1))

    def deterministic_likelihood(self) -> Family:
        return SharedGaussian()  # all parts count alike, whether they are silent or not

    def fit_residuals(self, squares: Callable[[], Iterator[Tensor]]) -> None:
        n, total = 0, torch.zeros(self.shape_, dtype=torch.float64)

        for part in squares():
            n, total = n + len(part), total + part.sum(dim=0, dtype=torch.float64)

        self.residual_ = (total / n).float().numpy()

    draws_means = True

    def draw(self, p: Distribution) -> Tensor:
        # Noise on each number of a spectrum is hiss, and the mean spectrum is too quiet
        if self.residual_ is None:
            return p.mean

        loc = torch.tensor(self.loc_, dtype=torch.float32, device=p.mean.device)
        variance = self.scale_**2 * torch.from_numpy(self.residual_).to(p.mean)

        return (self._spectrum.loud(p.mean * self.scale_ + loc, variance) - loc) / self.scale_

    def split_corruption(
        self, corruption: Callable[[Tensor], Tensor]
    ) -> tuple[Callable[[Tensor], Tensor] | None, Callable[[Tensor], Tensor]]:
        of_waves, others = split_steps(corruption)

        if not of_waves:
            return None, without_text_corruptions(self, corruption)

        after = without_text_corruptions(self, Compose(others))
        return WaveformDamage(self._waves, self.rate, of_waves), after

    def to_numeric(self, X: Any) -> Any:
        if isinstance(X, Path) or not self.accepts(X):
            return X

        waves = self.load(X).numpy()
        return waves[..., 0] if self.channels == 1 else waves

    def to_images(self, X: NDArray) -> NDArray:
        mel = LogMel(n_mels=64, hop_seconds=self.samples_ / self.rate / 64)
        dark, light = math.log(mel.floor), math.log(mel.floor + 0.3)
        waves = self._waves(self.load(X)).mean(dim=1)
        c = torch.cat([mel.forward(x, self.rate) for x in waves.split(_SOUNDS_PER_BATCH)])

        return ((c - dark) / (light - dark)).clamp(0, 1).mT.flip(1)[..., None].numpy()

    def windows(self, X: Any) -> Windows:
        self._check(X)

        if isinstance(X, Recordings) and X.rows is not None:  # one for each, without a copy
            return Windows.of(X.rows, tuple(map(len, X)))

        return cut([self._wave(x) for x in X], self.samples_)

    def of_length(self, n: int) -> "Sounds":
        other = copy.copy(self)
        other.samples_ = n
        other.shape_ = tuple(other._transform(torch.zeros(1, n)).shape[1:])

        if self.residual_ is not None:
            other.residual_ = self.residual_.mean(axis=1, keepdims=True)

        return other

    def whole_examples(self, X: Any) -> list[NDArray]:
        self._check(X)
        return [*X]

    def new_length(self, steps: int | None, seconds: float | None) -> int:
        if steps is not None or seconds is None:
            raise ValueError(
                "sounds are counted in seconds: give seconds=... (command line: --seconds) and not"
                " steps."
            )

        if not (isinstance(seconds, Real) and 2 <= self.rate * seconds < math.inf):
            raise ValueError(f"expected seconds > 0, of two samples or more, got {seconds!r}.")

        return round(self.rate * seconds)

    def length_of_steps(self, steps: int) -> int:
        return max(2, (steps - 1) * self._spectrum.hop(self.rate))

    @property
    def _spectrum(self) -> Spectrum:
        return self.spectrum or LogMel()

    def _transform(self, x: Tensor) -> Tensor:
        return self._spectrum.forward(self._waves(x), self.rate)

    def _wave(self, x: NDArray) -> NDArray:
        r"""Returns one waveform at full scale, with shape `(n, channels)`."""
        return to_channels(x, self.channels)

    def _waves(self, x: Tensor) -> Tensor:
        r"""Returns the waveforms of `load` with shape `(N, channels, samples)`, at full scale."""
        return waves_of(x, self.samples_, self.channels)

    def _check(self, X: Any) -> None:
        if not isinstance(X, Recordings):  # these were checked file by file
            check_waves(X)

    def _report(self, X: Any) -> None:
        report_faults_in_memory(X, self.rate, self.channels, self.strict)

        if not self.windows_:
            warn(describe_unused([len(x) / self.rate for x in X], self.samples_ / self.rate))
