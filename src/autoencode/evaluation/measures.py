r"""Measures of codes, densities and sounds."""

__all__ = [
    "active_units",
    "log_evidence",
    "log_spectral_distance",
    "mutual_information",
    "posterior_diagnostics",
    "signal_to_noise",
    "weighted_codes",
]

import math
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import ArrayLike
from torch import Tensor
from torch.distributions import Independent, MultivariateNormal, Normal

from ..common.seeding import seeded
from ..data import inference_batch_size
from ..models.latent import Model

_SOUNDS_PER_BATCH = 64
_MAX_PAIRWISE_NUMBERS = 2**20


def log_evidence(model: Model, x: Tensor, samples: int = 128, seed: int = 0) -> Tensor:
    r"""Estimate :math:`\log p(x)` by importance sampling from the posterior.

    .. math:: \log p(x) \approx \log \frac{1}{K} \sum_{k=1}^K
        \frac{p(x \mid z_k) \, p(z_k)}{q(z_k \mid x)}, \qquad z_k \sim q(z \mid x)

    The estimate lies below the truth on average, and approaches it as :math:`K` grows. All
    examples share the same noise, so that the estimate of an example does not depend on those
    beside it.

    References:
        | Importance Weighted Autoencoders (Burda et al., 2016)
        | https://arxiv.org/abs/1509.00519

    Arguments:
        model: The model.
        x: The scaled data, with shape `(B, *)`.
        samples: The number :math:`K` of codes per example.
        seed: The seed of the noise.

    Returns:
        The estimates in nats, with shape `(B,)`.

    See Also:
        :func:`~autoencode.evaluation.weighted_codes`, :class:`~autoencode.objectives.ELBO`

    Example:
        >>> import autoencode as ae
        >>> X = np.random.default_rng(0).normal(size=(40, 3))
        >>> fitted = ae.vae(2, layers=(), training=ae.Training(epochs=1), random_state=0).fit(X)
        >>> model, x = fitted.model_, torch.as_tensor(X, dtype=torch.float32)
        >>> bool((log_evidence(model, x, samples=10) < 0).all())
        True
    """
    parts = [log_w.logsumexp(dim=0) for _, log_w in _draws(model, x, samples, seed)]
    return torch.stack(parts).logsumexp(dim=0) - math.log(samples)


def weighted_codes(
    model: Model, x: Tensor, samples: int = 128, seed: int = 0
) -> tuple[Tensor, Tensor]:
    r"""Codes from the encoder, with importance weights for the model's own posterior.

    .. math:: \log w_k = \log p(x \mid z_k) + \log p(z_k) - \log q(z_k \mid x), \qquad
        z_k \sim q(z \mid x)

    Arguments:
        model: The model.
        x: The scaled data, with shape `(B, *)`.
        samples: The number :math:`K` of codes per example.
        seed: The seed of the noise.

    Returns:
        The codes, with shape `(K, B, D)`, and :math:`\log w` in double precision, `(K, B)`.

    See Also:
        :func:`~autoencode.evaluation.log_evidence`

    Example:
        >>> import autoencode as ae
        >>> X = np.random.default_rng(0).normal(size=(40, 3))
        >>> fitted = ae.vae(2, layers=(), training=ae.Training(epochs=1), random_state=0).fit(X)
        >>> model, x = fitted.model_, torch.as_tensor(X, dtype=torch.float32)
        >>> codes, log_w = weighted_codes(model, x, samples=10)
        >>> codes.shape, log_w.shape
        (torch.Size([10, 40, 2]), torch.Size([10, 40]))
    """
    codes, log_w = zip(*_draws(model, x, samples, seed))
    return torch.cat(codes), torch.cat(log_w)


def active_units(Z: ArrayLike, threshold: float = 1e-2) -> int:
    r"""Number of features of the code that vary with the data.

    .. math:: \# \{ j : \mathrm{Var}_x \big( \mathbb{E}_{q(z \mid x)} [z_j] \big) > 0.01 \}

    References:
        | Importance Weighted Autoencoders (Burda et al., 2016), section 5.2
        | https://arxiv.org/abs/1509.00519

    Arguments:
        Z: The posterior means of a data set, with shape `(N, D)`.
        threshold: The variance beyond which a feature is active.

    See Also:
        :func:`~autoencode.evaluation.posterior_diagnostics`

    Example:
        >>> active_units([[0.0, 1.0], [0.0, -1.0]])
        1
    """
    Z = torch.as_tensor(Z, dtype=torch.float64)
    return int((Z.var(dim=0, correction=0) > threshold).sum())


def mutual_information(model: Model, x: Tensor, seed: int = 0) -> float:
    r"""Mutual information of examples and codes.

    .. math:: I(x; z) \approx \frac{1}{N} \sum_{i=1}^N \log
        \frac{q(z_i \mid x_i)}{\frac{1}{N} \sum_{j=1}^N q(z_i \mid x_j)},
        \qquad z_i \sim q(z \mid x_i)

    The estimate is at most :math:`\log N`, so that a high mutual information needs many examples.
    It is near zero if the posterior has collapsed.

    References:
        | ELBO surgery: yet another way to carve up the variational evidence lower bound
          (Hoffman & Johnson, 2016)

    Arguments:
        model: The model.
        x: The scaled data, with shape `(N, *)`.
        seed: The seed of the codes.

    Returns:
        The estimate in nats.

    See Also:
        :func:`~autoencode.evaluation.active_units`

    Example:
        >>> import autoencode as ae
        >>> X = np.random.default_rng(0).normal(size=(40, 3))
        >>> fitted = ae.vae(2, layers=(), training=ae.Training(epochs=1), random_state=0).fit(X)
        >>> model, x = fitted.model_, torch.as_tensor(X, dtype=torch.float32)
        >>> 0 < mutual_information(model, x) < math.log(40)
        True
    """
    q = model.encode(x)
    with seeded(seed):
        z = q.sample()

    rows = max(1, _MAX_PAIRWISE_NUMBERS // q.mean.numel())
    log_q = torch.cat([q.log_prob(part[:, None]) for part in z.split(rows)]).double()

    return float((log_q.diagonal() - log_q.logsumexp(dim=1)).mean().detach()) + math.log(len(z))


def posterior_diagnostics(model: Model, x: Tensor) -> dict[str, float]:
    r"""Measures of the posterior that show whether it collapses.

    Arguments:
        model: The model.
        x: The scaled data, with shape `(N, *)`.

    Returns:
        :func:`active_units` and :func:`mutual_information`; empty for codes without a density.

    See Also:
        :func:`~autoencode.evaluation.active_units`,
        :func:`~autoencode.evaluation.mutual_information`

    Example:
        >>> import autoencode as ae
        >>> X = np.random.default_rng(0).normal(size=(40, 3))
        >>> fitted = ae.vae(2, layers=(), training=ae.Training(epochs=1), random_state=0).fit(X)
        >>> model, x = fitted.model_, torch.as_tensor(X, dtype=torch.float32)
        >>> posterior_diagnostics(model, x)["active_units"]
        2.0
    """
    if not model.posterior.has_density:
        return {}

    return {
        "active_units": float(active_units(model.encode(x).mean)),
        "mutual_information": mutual_information(model, x),
    }


def log_spectral_distance(x: ArrayLike, r: ArrayLike, window: int | Sequence[int] = 512) -> Tensor:
    r"""Log-spectral distance of sounds, in decibels.

    .. math:: \frac{1}{T} \sum_{t=1}^T \sqrt{ \frac{1}{K} \sum_{k=1}^K \Big(
        10 \log_{10} \frac{|X_{tk}|^2}{|R_{tk}|^2} \Big)^2 }

    :math:`X` and :math:`R` are short-time Fourier transforms by Hann windows that overlap by
    three quarters. Powers are clipped at -60 dB relative to the loudest bin of :math:`X`. The
    distance ignores the phase; :func:`signal_to_noise` does not.

    Short windows resolve time, long ones pitch. The mean over several window lengths, the
    multi-resolution distance, does not favor a representation with one particular resolution.

    References:
        | Parallel WaveGAN: A Fast Waveform Generation Model Based on Generative Adversarial
          Networks with Multi-Resolution Spectrogram (Yamamoto et al., 2020)
        | https://arxiv.org/abs/1910.11480

    Arguments:
        x: Waveforms, with shape `(N, n)`, or a single one, `(n,)`. The waveforms of a list are
            cut or padded with silence to the length of `r`.
        r: The waveforms to compare with, of the same shape.
        window: The number of samples of a window, or several, such as `(256, 512, 1024, 2048)`,
            to average over.

    Returns:
        The distances, with shape `(N,)`, where `N` is one for a single waveform; zero for silence.

    See Also:
        :func:`~autoencode.evaluation.signal_to_noise`

    Example:
        >>> x = torch.randn(1, 4000)
        >>> log_spectral_distance(x, 0.1 * x).round()
        tensor([20.], dtype=torch.float64)
        >>> log_spectral_distance(x, 0.1 * x, window=(256, 1024)).round()
        tensor([20.], dtype=torch.float64)
    """
    x, r = _waveforms(x, r)
    windows = [window] if isinstance(window, int) else window
    pairs = torch.stack([x, r]).split(_SOUNDS_PER_BATCH, dim=1)

    return torch.stack([torch.cat([_distance(pair, n) for pair in pairs]) for n in windows]).mean(
        dim=0
    )


def signal_to_noise(x: ArrayLike, r: ArrayLike) -> Tensor:
    r"""Signal-to-noise ratio of sounds, in decibels.

    .. math:: 10 \log_{10} \frac{\| x \|^2}{\| x - r \|^2}

    The ratio is zero for silence as the reconstruction, and infinite for the sound itself. It is
    mostly negative for a sound of another phase, even if it sounds the same.

    Arguments:
        x: Waveforms, with shape `(N, n)`, or a single one, `(n,)`. The waveforms of a list are
            cut or padded with silence to the length of `r`.
        r: The waveforms to compare with, of the same shape.

    Returns:
        The ratios, with shape `(N,)`, where `N` is one for a single waveform.

    See Also:
        :func:`~autoencode.evaluation.log_spectral_distance`

    Example:
        >>> signal_to_noise([[1.0, -1.0]], [[0.9, -0.9]]).round()
        tensor([20.], dtype=torch.float64)
    """
    x, r = _waveforms(x, r)
    return 10 * (x.square().sum(dim=-1) / (x - r).square().sum(dim=-1)).log10()


def _waveforms(x: Any, r: Any) -> tuple[Tensor, Tensor]:
    r = torch.as_tensor(r, dtype=torch.float64)

    if isinstance(x, (list, tuple)) or (isinstance(x, np.ndarray) and x.dtype == object):
        x = torch.stack([_of_length(wave, r.shape[-1]) for wave in x])

    x, r = torch.atleast_2d(torch.as_tensor(x, dtype=torch.float64), r)

    if x.ndim != 2 or x.shape != r.shape:
        raise ValueError(
            f"expected waveforms of one shape (N, n), got {tuple(x.shape)} and {tuple(r.shape)}."
        )

    return x, r


def _of_length(wave: ArrayLike, n: int) -> Tensor:
    wave = torch.as_tensor(wave, dtype=torch.float64)

    if wave.ndim != 1:
        raise ValueError(
            f"expected a list of waveforms with shape (n,), got {tuple(wave.shape)} in it."
        )

    return F.pad(wave, (0, n - len(wave)))  # a negative amount of padding cuts


def _draws(model: Model, x: Tensor, samples: int, seed: int) -> Iterator[tuple[Tensor, Tensor]]:
    r"""Yields codes, with shape `(k, B, D)`, and the logs of their weights, `(k, B)`."""
    q = model.encode(x)
    rows = max(1, inference_batch_size(x[:1].numel()) // max(1, len(x)))

    with seeded(seed):
        # Drawn in one call: several smaller draws from the same seed give other numbers
        noise = torch.randn(samples, 1, q.event_shape.numel(), dtype=x.dtype).to(x.device)

    if isinstance(q, Independent) and isinstance(q.base_dist, Normal):
        drawn = (q.mean + q.stddev * eps for eps in noise.split(rows))
    elif isinstance(q, MultivariateNormal):
        drawn = (q.mean + (q.scale_tril @ e[..., None]).squeeze(dim=-1) for e in noise.split(rows))
    else:
        drawn = iter(_sample_each(model, x, samples, seed).split(rows))

    for z in drawn:
        log_w = model.decode(z).log_prob(x) + model.prior().log_prob(z) - q.log_prob(z)
        yield z, log_w.double()


def _sample_each(model: Model, x: Tensor, samples: int, seed: int) -> Tensor:
    r"""Returns codes, `(samples, B, D)`, each example's from the same random state."""
    codes = []

    for i in range(len(x)):
        c = model.context
        one = model if c is None else model.given(c[i : i + 1])

        with seeded(seed):
            codes.append(one.encode(x[i : i + 1]).sample((samples,)))

    return torch.cat(codes, dim=1)


def _distance(pair: Tensor, window: int) -> Tensor:
    r"""Returns the log-spectral distances of pairs with shape `(2, N, n)`."""
    hann = torch.hann_window(window, dtype=pair.dtype)
    S = torch.stft(
        pair.flatten(end_dim=1), window, window // 4, window=hann, pad_mode="constant",
        return_complex=True,
    )  # fmt: skip
    X, R = S.abs().square().unflatten(0, (2, -1))

    floor = (1e-6 * X.amax(dim=(1, 2), keepdim=True)).clamp(min=1e-30)
    decibels = 10 * (X.maximum(floor) / R.maximum(floor)).log10()

    return decibels.square().mean(dim=1).sqrt().mean(dim=1)
