r"""Tests of the default with which damaged images are cleaned."""

import numpy as np
import pytest
from sklearn.datasets import load_sample_images

import autoencode as ae
from autoencode.networks import Convolutional, FullyConvolutional

SIDE = 16


def pairs(n: int, left: bool = True):
    r"""Returns gray crops of halves of photographs, and with the noise of few photons."""
    rng = np.random.default_rng(left)
    clean = []

    photographs = [photo[::2, ::2].mean(axis=-1) for photo in load_sample_images().images]

    for k in range(n):
        photo = photographs[k % 2]
        half = photo[:, :160] if left else photo[:, 160:]
        i, j = (rng.integers(side - SIDE + 1) for side in half.shape)
        clean.append(half[i : i + SIDE, j : j + SIDE])

    noisy = 255 / 30 * rng.poisson(np.stack(clean) / 255 * 30) + 15 * rng.normal(
        size=(n, SIDE, SIDE)
    )
    return (np.clip(np.rint(x), 0, 255).astype(np.uint8) for x in (clean, noisy))


def error(R, X) -> float:
    return float(np.square(R.astype(float) - X).mean())


@pytest.mark.slow
def test_pairs_of_photographs_are_cleaned() -> None:
    clean, noisy = pairs(400)
    new, damaged = pairs(100, left=False)
    training = ae.Training(epochs=12)
    model = ae.denoising(training=training, random_state=0).fit(clean, corrupted=noisy)

    assert isinstance(model.network_, FullyConvolutional)
    assert model.latent_dim_ == SIDE**2
    assert model.training_.batch_size == 8
    assert error(model.reconstruct(damaged), new) < 0.4 * error(damaged, new)


@pytest.mark.slow
def test_images_of_another_kind_or_purpose_have_a_narrow_code() -> None:
    clean, noisy = pairs(60)
    training = ae.Training(epochs=1)

    for model in (ae.denoising(4, training=training), ae.vae(4, training=training)):
        assert isinstance(model.fit(clean, corrupted=noisy).network_, Convolutional)

    mask = clean > 128
    assert isinstance(ae.denoising(training=training).fit(mask).network_, Convolutional)


def test_a_recipe_with_noise_of_its_own_keeps_places(tmp_path) -> None:
    clean, _ = pairs(60)
    model = ae.denoising(training=ae.Training(epochs=1), random_state=0).fit(clean)
    model.save(tmp_path / "cleaner.ae")
    loaded = ae.load(tmp_path / "cleaner.ae")

    assert isinstance(loaded.network_, FullyConvolutional)
    assert np.array_equal(loaded.reconstruct(clean), model.reconstruct(clean))


def test_a_size_that_the_network_does_not_have_is_refused() -> None:
    clean, _ = pairs(20)

    with pytest.raises(ValueError, match="code size of 256"):
        ae.denoising(8, network=FullyConvolutional()).fit(clean)
