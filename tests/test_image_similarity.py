r"""Laws of the similarity of images, as from the papers alone."""

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from scipy.signal import correlate2d
from sklearn.base import clone
from torch import rand

import autoencode as ae
from autoencode.distributions import Dirac, FixedGaussian
from autoencode.models.latent import LatentModel
from autoencode.networks import FullyConnected
from autoencode.objectives import ELBO, IWAE, ImageSimilarity, Reconstruction
from autoencode.objectives.image_similarity import (
    focal_frequency,
    ms_ssim,
    structural_similarity,
)
from autoencode.priors import StandardNormal


def structural(x: NDArray, y: NDArray, exponents: list[float]) -> float:
    r"""Equation 7 of the MS-SSIM paper for one channel, with windows one by one."""
    size = min(11, (min(x.shape) - 1) // 2 * 2 + 1)
    g = np.exp(-0.5 * ((np.arange(size) - size // 2) / 1.5) ** 2)
    window = np.outer(g, g) / g.sum() ** 2
    product = 1.0

    for j, exponent in enumerate(exponents):
        m = [correlate2d(t, window, "valid") for t in (x, y, x * x, y * y, x * y)]
        var_x, var_y, cov = m[2] - m[0] ** 2, m[3] - m[1] ** 2, m[4] - m[0] * m[1]
        value = (2 * cov + 0.03**2) / (var_x + var_y + 0.03**2)

        if j == len(exponents) - 1:
            value *= (2 * m[0] * m[1] + 0.01**2) / (m[0] ** 2 + m[1] ** 2 + 0.01**2)

        product *= value.mean() ** exponent
        x, y = (t.reshape(len(t) // 2, 2, -1, 2).mean(axis=(1, 3)) for t in (x, y))

    return 1 - product


@pytest.mark.parametrize(("side", "n_scales"), [(8, 1), (16, 1), (32, 2), (48, 3)])
def test_structural_similarity_is_that_of_the_paper(float64, side: int, n_scales: int) -> None:
    x = rand(2, 2, side, side)
    y = (x + 0.2 * rand(2, 2, side, side)).requires_grad_()
    exponents = np.array([0.0448, 0.2856, 0.3001][:n_scales])
    expected = [
        np.mean([structural(a, b, [*(exponents / exponents.sum())]) for a, b in zip(*pair)])
        for pair in zip(x.numpy(), y.detach().numpy())
    ]

    torch.testing.assert_close(ms_ssim(x, y).detach(), torch.tensor(expected))
    torch.testing.assert_close(ms_ssim(x, x), torch.zeros(2))
    torch.testing.assert_close(ms_ssim(x, y), ms_ssim(y, x))

    if side == 8:
        a, b = x[:1, :1, :5, :5], y[:1, :1, :5, :5].detach().requires_grad_()
        assert torch.autograd.gradcheck(lambda b: ms_ssim(a, b), b)


@pytest.mark.parametrize("channels", [1, 3])
def test_structural_similarity_is_that_of_scikit_image(float64, channels: int) -> None:
    metrics = pytest.importorskip("skimage.metrics")
    x = rand(3, channels, 24, 31)
    y = (x + 0.3 * rand(3, channels, 24, 31)).clamp(0, 1)
    expected = [
        metrics.structural_similarity(
            a.numpy(), b.numpy(), data_range=1.0, channel_axis=0, gaussian_weights=True,
            sigma=1.5, use_sample_covariance=False,
        )
        for a, b in zip(x, y)
    ]  # fmt: skip
    torch.testing.assert_close(structural_similarity(x, y), torch.tensor(expected))


def test_the_focal_frequency_loss_is_that_of_the_paper(float64) -> None:
    x, y = rand(3, 2, 5, 6), rand(3, 2, 5, 6).requires_grad_()
    found = focal_frequency(x, y)
    (gradient,) = torch.autograd.grad(found.sum(), y)

    gap = np.fft.fft2((x - y).detach().numpy(), norm="ortho")
    size = np.abs(gap)
    w = size / size.max(axis=(2, 3), keepdims=True)
    torch.testing.assert_close(found.detach(), torch.tensor((w * size**2).mean(axis=(1, 2, 3))))

    # The weights are constants: the gradient is that of a filtered difference
    filtered = np.fft.ifft2(w * gap, norm="ortho").real
    torch.testing.assert_close(gradient, torch.tensor(-2 * filtered / (2 * 5 * 6)))
    assert focal_frequency(x, x).equal(torch.zeros(3))


@pytest.mark.parametrize("inner", [Reconstruction(), ELBO(), IWAE(3, "standard")], ids=repr)
def test_the_difference_is_added_to_any_objective(float64, inner) -> None:
    parts = inner.posterior(), FixedGaussian(), StandardNormal()
    model, x = LatentModel.build(FullyConnected((8,)), (1, 6, 6), 2, *parts), rand(4, 1, 6, 6)
    torch.manual_seed(1)
    loss = ImageSimilarity(inner, "focal_frequency", weight=2.0).build(model)(model, x, x)

    torch.manual_seed(1)
    whole = inner(model, x, x)
    torch.manual_seed(1)
    k = getattr(inner, "n_samples", None)
    z = model.encode(x).rsample(() if k is None else (k,))
    means = model.decode(z).mean.reshape(-1, 4, 1, 6, 6)
    difference = sum(focal_frequency(x, y) for y in means) / len(means)

    torch.testing.assert_close(loss.total, whole.total + 2 * difference)
    assert loss.terms.keys() == {*whole.terms, "difference"}


def test_only_images_are_compared(make_model) -> None:
    with pytest.raises(ValueError, match=r"expected images .* modality=Images\(\)"):
        ImageSimilarity().build(make_model(Dirac))

    with pytest.raises(ValueError, match="expected measure"):
        ImageSimilarity(measure="psnr")


def test_models_with_a_similarity_are_stored_and_cloned(tmp_path) -> None:
    X = ae.datasets.digits().X[:40]
    objective = ImageSimilarity(ELBO(), "ms_ssim")
    options = {"network": FullyConnected((8,)), "training": ae.Training(epochs=1)}
    model = ae.Autoencoder(2, objective=objective, random_state=0, **options).fit(X)
    model.save(tmp_path / "model.ae")
    loaded = ae.load(tmp_path / "model.ae")

    assert loaded.evaluate(X) == model.evaluate(X)
    np.testing.assert_array_equal(clone(loaded).fit(X).transform(X), model.transform(X))
