r"""Tests for the augmentation module."""

import numpy as np
import pytest
import torch
from sklearn.exceptions import NotFittedError
from torch import Tensor, nn

import autoencode as ae
from autoencode.manifold.tangents.augmentation import TangentAugment, tangent_penalty
from autoencode.manifold.tangents.tangents import Tangents


@pytest.fixture
def plane(float64) -> Tensor:
    return torch.randn(300, 2) @ torch.randn(2, 5) + torch.randn(5)


def test_examples_stay_in_their_plane(plane: Tensor) -> None:
    tangents = Tangents(source="neighbors").fit(plane)
    moved = TangentAugment(tangents)(plane, random_state=0)

    assert moved.shape == plane.shape
    assert tangents.normal_residual(moved).max() < 1e-12
    assert (moved - plane).norm(dim=1).min() > 0


def test_steps_are_gaussian_in_units_of_the_spread(plane: Tensor) -> None:
    tangents = Tangents(source="neighbors").fit(plane)
    basis, _ = tangents.basis(plane)
    moved = TangentAugment(tangents, scale=0.7)(plane, random_state=0)
    steps = (basis @ (moved - plane)[..., None])[..., 0] / tangents.local_scale(plane)

    expected = 0.7 * np.random.RandomState(0).standard_normal((300, 2))
    assert np.allclose(steps, expected)


def test_seeds(plane: Tensor) -> None:
    augment = TangentAugment(Tangents(source="neighbors").fit(plane))
    state = torch.get_rng_state()

    assert torch.equal(augment(plane, 1), augment(plane, 1))
    assert torch.equal(augment(plane, np.random.RandomState(1)), augment(plane, 1))
    assert not torch.equal(augment(plane, 1), augment(plane, 2))
    assert torch.equal(torch.get_rng_state(), state)

    assert torch.allclose(TangentAugment(augment.tangents, scale=0)(plane), plane)
    assert isinstance(augment(plane.numpy(), 1), np.ndarray)
    assert np.array_equal(augment(plane.numpy(), 1), augment(plane, 1))


def test_images_are_cut_off_at_black_and_white() -> None:
    X = (np.random.default_rng(0).random((60, 6, 6)) > 0.5).astype(np.uint8) * 255
    model = ae.Autoencoder(2, training=ae.Training(epochs=1, show_progress=False)).fit(X)
    moved = TangentAugment(Tangents(model).fit(X), scale=5.0)(X, random_state=0)

    # Without cutting, a byte would start again at the other end
    assert moved.dtype == np.uint8
    assert moved.shape == X.shape
    assert (moved != X).any()
    assert abs(moved.astype(int) - X.astype(int)).mean() < 100


def test_augmentation_refuses() -> None:
    with pytest.raises(ValueError, match="scale >= 0, got -1"):
        TangentAugment(Tangents(), scale=-1)

    with pytest.raises(TypeError, match="expected Tangents, got Identity"):
        TangentAugment(nn.Identity())

    with pytest.raises(NotFittedError):
        TangentAugment(Tangents(source="neighbors"))(np.ones((5, 2)))


CLASSIFIERS = {
    "mlp": lambda: nn.Sequential(nn.Flatten(), nn.Linear(16, 8), nn.Tanh(), nn.Linear(8, 3)),
    "conv": lambda: nn.Sequential(
        nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.Flatten(), nn.Linear(16, 3)
    ),
}


@pytest.mark.parametrize("name", CLASSIFIERS)
def test_penalty_is_that_of_the_explicit_jacobian(name: str, float64) -> None:
    classifier = CLASSIFIERS[name]().eval()
    x, basis = torch.randn(5, 1, 4, 4), torch.randn(5, 3, 16)
    penalty = tangent_penalty(classifier, x, basis)

    for i in range(5):
        J = torch.autograd.functional.jacobian(classifier, x[i : i + 1]).reshape(3, 16)
        assert penalty[i].item() == pytest.approx((J @ basis[i].T).square().sum().item())

    # And so are its gradients with respect to the weights
    def explicit() -> Tensor:
        J = torch.autograd.functional.jacobian(
            lambda x: classifier(x).sum(dim=0), x, create_graph=True
        ).reshape(3, 5, 16)
        return (
            torch.einsum("cbi,bui->", J, torch.zeros(5, 3, 16))
            + torch.einsum("cbi,bui->cbu", J, basis).square().sum()
        )

    weights = [p for p in classifier.parameters() if p.ndim > 1]
    actual = torch.autograd.grad(penalty.sum(), weights)
    expected = torch.autograd.grad(explicit(), weights)
    assert all(torch.allclose(a, e) for a, e in zip(actual, expected, strict=True))


def test_penalty_in_training_mode(float64) -> None:
    classifier = nn.Sequential(
        nn.Linear(4, 8), nn.Dropout(0.5), nn.BatchNorm1d(8), nn.Linear(8, 2)
    )
    x, basis = torch.randn(6, 4), torch.randn(6, 2, 4)
    penalty = tangent_penalty(classifier, x, basis)
    penalty.sum().backward()

    assert penalty.shape == (6,)
    assert classifier[0].weight.grad.isfinite().all()
    assert classifier.training


def test_penalty_is_reduced_by_training() -> None:
    classifier = CLASSIFIERS["mlp"]()
    x, basis = torch.randn(32, 16), torch.eye(16)[:2].expand(32, 2, 16)
    optimizer = torch.optim.Adam(classifier.parameters(), 1e-2)
    before = tangent_penalty(classifier, x, basis).mean().item()

    for _ in range(100):
        optimizer.zero_grad()
        tangent_penalty(classifier, x, basis).mean().backward()
        optimizer.step()

    assert tangent_penalty(classifier, x, basis).mean().item() < 0.01 * before


def test_penalty_refuses() -> None:
    with pytest.raises(ValueError, match=r"\(B, d', D\).*got \(5, 16\)"):
        tangent_penalty(nn.Identity(), torch.randn(5, 16), torch.randn(5, 16))

    for x, basis in [
        (np.ones((5, 2)), torch.ones(5, 1, 2)),
        (torch.ones(5, 2), np.ones((5, 1, 2))),
    ]:
        with pytest.raises(TypeError, match="expected tensors of floats"):
            tangent_penalty(nn.Identity(), x, basis)
