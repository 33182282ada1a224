"""Tests for the way back from spectra: phases from magnitudes, and Griffin-Lim."""

import heapq

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from torch import Tensor

from autoencode.modalities import LogMel
from autoencode.modalities.audio.phases import HANN, integrate_phases
from autoencode.modalities.audio.stft import griffin_lim, istft, stft, unit

M, HOP = 128, 16
GAMMA = M**2 / 40  # such that the window ends where it is 2e-14
t = torch.arange(1024, dtype=torch.float64)
EXACT = {
    "sine": torch.cos(0.9 * t + 0.3),
    "chirp": torch.cos(0.6 * t + 4e-4 * t**2 + 1),
    "falling chirp": torch.cos(2.2 * t - 5e-4 * t**2),
    "click": torch.eye(1024, dtype=torch.float64)[500],
    "sine with an envelope": torch.exp(-(((t - 500) / 300) ** 2)) * torch.cos(1.5 * t),
}


def gaussian_stft(x: Tensor) -> NDArray:
    window = torch.exp(-torch.pi * (torch.arange(M, dtype=torch.float64) - M // 2) ** 2 / GAMMA)
    return torch.stft(x, M, HOP, window=window, center=False, return_complex=True).numpy()


def error(found: NDArray, S: NDArray, least: float) -> float:
    """The greatest error of phases, up to one constant, where magnitudes are relevant."""
    relative = np.abs(S) / np.abs(S).max()
    turned = np.exp(1j * found) * S.conj()
    constant = turned.sum()

    return float(np.abs(np.angle(turned * constant.conj()))[relative > least].max())


@pytest.mark.parametrize("name", EXACT)
def test_phases_of_gaussian_windows_are_exact(name: str) -> None:
    S = gaussian_stft(EXACT[name])
    assert error(integrate_phases(np.abs(S), HOP, GAMMA), S, least=1e-4) < 1e-3
    assert error(np.zeros(S.shape), S, least=1e-4) > 1  # phases of no help are far off


def heap_phases(S: NDArray, hop: int, gamma: float) -> NDArray:
    """The algorithm of the reference, with a heap, node by node."""
    K, T = S.shape
    s = np.log(np.maximum(S / S.max(), 1e-10))
    by_frame = (
        hop * M / gamma * np.gradient(s, axis=0) + 2 * np.pi * hop / M * np.arange(K)[:, None]
    )
    by_bin = -gamma / (hop * M) * np.gradient(s, axis=1) - np.pi
    phases, begin = np.full((K, T), np.nan), np.unravel_index(S.argmax(), S.shape)
    phases[begin], heap = 0, [(-s[begin], *begin)]

    while heap:
        _, k, i = heapq.heappop(heap)

        for m, j, steps in (
            (k + 1, i, by_bin),
            (k - 1, i, by_bin),
            (k, i + 1, by_frame),
            (k, i - 1, by_frame),
        ):
            if 0 <= m < K and 0 <= j < T and np.isnan(phases[m, j]):
                phases[m, j] = phases[k, i] + (m - k + j - i) * (steps[k, i] + steps[m, j]) / 2
                heapq.heappush(heap, (-s[m, j], m, j))

    return phases


def sounds() -> dict[str, Tensor]:
    generator = torch.Generator().manual_seed(0)
    voice = sum(torch.sin((0.11 * t + 4e-5 * t**2) * k) / k for k in range(1, 12))
    noise = torch.randn(1024, dtype=torch.float64, generator=generator)

    return {
        "voice": voice * torch.sin(torch.pi * t / 1024) ** 2,
        "drum": noise * torch.exp(-((t - 200).clamp(min=0)) / 120) * (t >= 200),
        "noise": noise,
    }


def inconsistency(A: Tensor, phases: NDArray) -> float:
    """How far magnitudes are from those of the waveform, relative to their norm."""
    S = torch.polar(A, torch.from_numpy(phases)[None])
    return float((stft(istft(S, M // 4, 1024), M // 4).abs() - A).norm() / A.norm())


@pytest.mark.parametrize("name", sounds())
def test_a_tree_is_as_good_as_a_heap(name: str) -> None:
    hop = M // 4
    A = stft(sounds()[name][None], hop).abs()
    tree = inconsistency(A, integrate_phases(A[0].numpy(), hop))
    heap = inconsistency(A, heap_phases(A[0].numpy(), hop, HANN * M**2))
    chance = inconsistency(A, np.random.default_rng(0).uniform(0, 2 * np.pi, A[0].shape))

    assert tree < 1.15 * heap
    assert tree < 0.8 * chance


@pytest.mark.parametrize("name", sounds())
def test_consistent_spectra_are_fixed_points_of_griffin_lim(name: str) -> None:
    x = sounds()[name][None]
    S = stft(x, 32)
    assert torch.allclose(griffin_lim(S, 32, 1024, 20, lambda A: S.abs()), x, atol=1e-8)


def test_griffin_lim_makes_spectra_more_consistent() -> None:
    A = stft(sounds()["voice"][None], 32).abs()
    S = torch.polar(A, torch.from_numpy(integrate_phases(A[0].numpy(), 32))[None])

    def far(n_iter: int) -> float:
        x = griffin_lim(S, 32, 1024, n_iter, lambda _: A)
        return float((stft(x, 32).abs() - A).norm())

    assert far(30) < 0.7 * far(5) < 0.7 * far(0)


def test_the_transform_measures_full_scale_and_inverts() -> None:
    x = torch.stack([torch.sin(2 * torch.pi * 8 / 128 * t), t / 1024])
    S = stft(x, 32)

    assert torch.allclose(S[0, 8, 4:-4].abs(), torch.ones(1, dtype=torch.float64))
    assert torch.allclose(istft(S, 32, 1024), x, atol=1e-9)
    assert torch.equal(unit(torch.tensor([0j, 3 + 4j])), torch.tensor([0j, 0.6 + 0.8j]))


@settings(max_examples=8)
@given(st.integers(1, 40), st.integers(1, 12), st.integers(0, 2**32 - 1))
def test_spectra_of_any_shape_have_phases(hop: int, T: int, seed: int) -> None:
    S = np.random.default_rng(seed).exponential(size=(2 * hop + 1, T)).astype(np.float32)
    phases = integrate_phases(S, hop)

    assert phases.shape == S.shape
    assert np.isfinite(phases).all()
    assert np.allclose(integrate_phases(8 * S, hop), phases)  # the level does not matter
    assert (integrate_phases(0 * S, hop) == 0).all()


@settings(max_examples=8)
@given(st.integers(2, 400), st.integers(200, 48000), st.integers(1, 90), st.integers(0, 4))
def test_bands_of_any_rate_come_back(n: int, rate: int, n_mels: int, n_iter: int) -> None:
    x = 0.3 * torch.randn(2, 1, n, generator=torch.Generator().manual_seed(n))
    mel = LogMel(n_mels, hop_seconds=0.008, n_iter=n_iter)
    r = mel.inverse(mel.forward(x, rate), rate, n)

    assert r.shape == x.shape
    assert r.isfinite().all()
    assert r.abs().max() < 30


def test_iterations_bring_bands_nearer() -> None:
    x, rate = torch.stack([*sounds().values()]), 4000

    def far(n_iter: int) -> Tensor:
        mel = LogMel(n_mels=30, n_iter=n_iter)
        c = mel.forward(x, rate)
        return (mel.forward(mel.inverse(c, rate, 1024), rate) - c).abs().mean(dim=(1, 2))

    assert (far(16) < 0.8 * far(2)).all()


def test_sounds_without_levels_come_back_without_a_warning() -> None:
    mel = LogMel(n_mels=16, n_iter=2)
    c = mel.forward(torch.zeros(3, 800), 4000)
    c[1], c[2] = torch.inf, torch.nan
    r = mel.inverse(c, 4000, 800)

    assert (r[0] == 0).all()
    assert r[1:].isnan().any(dim=1).all()
