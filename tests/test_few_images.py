r"""Tests of default models of few images, and of their augmentation."""

import numpy as np
import pytest
import torch
from sklearn.datasets import load_sample_images
from sklearn.decomposition import PCA

import autoencode as ae
from autoencode.data import Examples
from autoencode.modalities import Images
from autoencode.modalities.image.shifts import Shifts
from autoencode.networks import Convolutional
from autoencode.training.linear.linear_start import linear_start
from autoencode.training.step import TrainStep

SIDE = 24


def crops(n: int, left: bool, seed: int = 0):
    r"""Returns gray crops of two photographs, of their left or of their right part."""
    rng = np.random.default_rng(seed)
    photographs = [photo[::3, ::3].mean(axis=-1) for photo in load_sample_images().images]
    images = []

    for i in range(n):
        photo = photographs[i % 2]
        middle = photo.shape[1] // 2
        part = photo[:, :middle] if left else photo[:, middle:]
        a, b = (rng.integers(side - SIDE + 1) for side in part.shape)
        images.append(part[a : a + SIDE, b : b + SIDE])

    return np.rint(images).astype(np.uint8)


def error(R, X) -> float:
    return float(np.square(R.astype(float) - X).mean())


def test_shifted_images_are_crops_of_continued_ones() -> None:
    x = torch.rand(64, 2, 8, 16)
    y = Shifts(0.125)(x)
    continued = torch.nn.functional.pad(x, (2, 2, 1, 1), mode="replicate")
    moves = [(a, b) for a in range(3) for b in range(5)]
    same = torch.stack(
        [(continued[:, :, a : a + 8, b : b + 16] == y).flatten(1).all(dim=1) for a, b in moves]
    )

    assert (same.sum(dim=0) == 1).all()
    assert same.any(dim=1).sum() > 8  # many of the fifteen are drawn
    assert 8 < same[moves.index((1, 2))].sum() < 40  # about a third stay in place
    assert torch.equal(Shifts(0.0)(x), x)


def test_only_few_images_have_variants() -> None:
    def variation(n: int, high: int = 256):
        X = np.random.default_rng(0).integers(0, high, (n, 8, 8)).astype(np.uint8)
        return Images().fit(X).variation()

    assert variation(9) is variation(251) is variation(60, high=2) is None
    assert isinstance(variation(10), Shifts)
    assert isinstance(variation(250), Shifts)


@pytest.mark.slow
def test_pairs_are_varied_alike_and_only_while_training() -> None:
    model = ae.autoencoder(2, training=ae.Training(epochs=1), random_state=0).fit(crops(12, True))
    step = TrainStep(model.model_, model.blueprint_.objective, augment=Shifts(0.5))
    clean = torch.rand(50, 1, SIDE, SIDE)
    pairs = Examples(clean, clean + 1, None)

    x, target = step.train().inputs(pairs)
    assert torch.equal(x, target + 1)
    assert not torch.equal(target, clean)

    x, target = step.eval().inputs(pairs)
    assert torch.equal(target, clean)


def test_the_start_is_of_variants_too() -> None:
    X = crops(40, left=True)
    model = ae.autoencoder(6, training=ae.Training(epochs=1), random_state=0).fit(X)
    data = model.preprocess(X)
    step = TrainStep(model.model_, model.blueprint_.objective, augment=lambda x: x.flip(-1))
    linear_start(step).set(data)
    R = model.model_.decode(model.model_.encode(data.target).mean).mean

    # As often as 40 images are to be varied for a thousand, but at most 16 times
    x = data.target.flatten(1).double().numpy()
    mirrored = data.target.flip(-1).flatten(1).double().numpy()
    center = x.mean(axis=0)
    rows = np.concatenate([x, *[mirrored] * 16]) - center
    V = np.linalg.svd(rows, full_matrices=False)[2][:6]
    known = (x - center) @ V.T @ V + center

    assert np.allclose(R.flatten(1).detach().numpy(), known, atol=1e-4)


@pytest.mark.slow
def test_default_networks_of_images_begin_at_principal_components() -> None:
    X = crops(300, left=True)
    training = ae.Training(epochs=1, learning_rate=1e-12, validation_fraction=0)
    model = ae.autoencoder(5, training=training, random_state=0).fit(X)
    pca = PCA(5).fit(X.reshape(300, -1))
    R = pca.inverse_transform(pca.transform(X.reshape(300, -1))).reshape(X.shape)

    assert model.network_ == Convolutional(skip=True) or model.network_.skip
    assert np.abs(model.reconstruct(X) - R.clip(0, 255)).max() < 0.6  # rounded to bytes


@pytest.mark.slow
@pytest.mark.parametrize("make", [ae.autoencoder, pytest.param(ae.vae, marks=pytest.mark.by_hand)])
def test_default_models_of_60_photographs_beat_the_mean_and_pca(make) -> None:
    X, new = crops(60, left=True), crops(200, left=False, seed=1)
    model = make(8, random_state=0).fit(X)
    pca = PCA(8).fit(X.reshape(60, -1))
    linear = pca.inverse_transform(pca.transform(new.reshape(200, -1))).reshape(new.shape)

    assert error(model.reconstruct(new), new) < 0.98 * error(linear, new)
    assert error(model.reconstruct(new), new) < 0.5 * error(X.mean(axis=0), new)


@pytest.mark.slow
@pytest.mark.parametrize("make", [ae.autoencoder, ae.vae])
def test_default_models_of_5_photographs_tell_them_apart(make) -> None:
    X = crops(5, left=True)
    pca = PCA(2).fit(X.reshape(5, -1))
    linear = pca.inverse_transform(pca.transform(X.reshape(5, -1))).reshape(X.shape)

    R = make(2, random_state=0).fit(X).reconstruct(X)
    assert error(R, X) < 1.02 * error(linear, X)
    assert error(R, X) < 0.5 * error(X.mean(axis=0), X)


@pytest.mark.parametrize("make", [ae.autoencoder, ae.vae])
def test_few_images_with_labels_start_at_what_these_leave(make) -> None:
    y = np.arange(30) % 2
    X = crops(30, left=True) // 4 + 150 * y[:, None, None].astype(np.uint8)
    training = ae.Training(epochs=1, learning_rate=1e-12, validation_fraction=0)
    model = make(3, conditional=True, training=training, random_state=0).fit(X, y)
    means = np.stack([X[y == k].mean(axis=0) for k in range(2)])[y]

    assert error(model.reconstruct(X, y), X) < 0.8 * error(means, X)
