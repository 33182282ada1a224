r"""Errors of sounds beside the log-spectral distance: of level, onsets and pitch."""

import numpy as np
from numpy.typing import NDArray
from scipy.signal import find_peaks, stft

_RANGE = 40  # decibels below the loudest frame that still count
_PITCHES = (60.0, 1000.0)  # hertz
_PERIODIC = 0.8  # autocorrelation of frames that have a pitch
_SAME_PITCH = 50  # cents
_SAME_ONSET = 0.05  # seconds, as in the evaluations of MIREX


def level_error(X: NDArray, R: NDArray, rate: int) -> float:
    r"""Returns the mean error of the level of 20 ms, in decibels, where sounds are not silent."""
    n = round(0.02 * rate)
    x, r = (20 * np.log10(_frames(w, n, n).std(axis=-1) + 1e-6) for w in (X, R))
    loud = (x > x.max(axis=1, keepdims=True) - _RANGE) & (x > -100)

    return float(np.abs(x - r)[loud].mean())


def onset_score(X: NDArray, R: NDArray, rate: int) -> float:
    r"""Returns the F-measure of onsets within 50 ms, in percent."""
    hits = total = 0

    for x, r in zip(X, R):
        true, found = _onsets(x, rate), _onsets(r, rate)
        total += len(true) + len(found)

        for time in true:  # each onset of the reconstruction answers for one
            near = np.abs(found - time)

            if len(near) and near.min() <= _SAME_ONSET:
                hits += 2
                found = np.delete(found, near.argmin())

    return 100 * hits / max(total, 1)


def pitch_error(X: NDArray, R: NDArray, rate: int) -> tuple[float, int]:
    r"""Returns the share of periodic frames whose pitch is off by more than 50 cents, in percent,
    and their number."""
    x, strength = _pitch(X, rate)
    r, _ = _pitch(R, rate)
    periodic = strength > _PERIODIC
    same = 1200 * np.abs(np.log2(r[periodic] / x[periodic])) <= _SAME_PITCH

    return float(100 * (1 - same.mean())) if len(same) else 0.0, len(same)


def _frames(X: NDArray, n: int, hop: int) -> NDArray:
    return np.lib.stride_tricks.sliding_window_view(X, n, axis=-1)[:, ::hop]


def _onsets(x: NDArray, rate: int) -> NDArray:
    r"""Returns times at which the level of frequencies rises, in seconds."""
    hop = round(0.005 * rate)
    S = np.abs(stft(x, rate, nperseg=4 * hop, noverlap=3 * hop)[2])
    flux = np.diff(np.log1p(1000 * S), axis=1).clip(min=0).mean(axis=0)
    peaks, _ = find_peaks(flux, height=max(0.1, 0.3 * flux.max()), distance=10)

    return peaks * hop / rate


def _pitch(X: NDArray, rate: int) -> tuple[NDArray, NDArray]:
    r"""Returns the pitch of frames of 64 ms, and their autocorrelation at its period."""
    n = round(0.064 * rate)
    low, high = int(rate / _PITCHES[1]), min(n // 2, round(rate / _PITCHES[0]))
    F = _frames(X, n, n // 2).reshape(-1, n).astype(np.float64)
    F = F - F.mean(axis=1, keepdims=True)
    size = 2 * n
    power = np.abs(np.fft.rfft(F, size)) ** 2
    # Divided by the energy of both parts that overlap
    A = np.fft.irfft(power, size)[:, : high + 2]
    energy = np.cumsum(F**2, axis=1)
    lags = np.arange(high + 2)
    begin = energy[:, n - 1 - lags]
    end = energy[:, -1:] - np.where(lags > 0, energy[:, np.maximum(lags - 1, 0)], 0)
    A = A / np.sqrt(begin * end + 1e-8)
    # The shortest period that is nearly as good as the best one
    inner = A[:, low : high + 1]
    peaks = (inner >= A[:, low - 1 : high]) & (inner >= A[:, low + 1 : high + 2])
    best = np.where(peaks, inner, 0).max(axis=1)
    good = peaks & (inner >= 0.9 * best[:, None])
    i = good.argmax(axis=1) + low
    rows = np.arange(len(A))
    a, b, c = A[rows, i - 1], A[rows, i], A[rows, i + 1]
    bend = a - 2 * b + c
    shift = 0.5 * (a - c) / np.where(bend < 0, bend, 1)
    period = np.where(good.any(axis=1), i + shift, np.nan)

    return rate / period, best
