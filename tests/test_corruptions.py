r"""Tests for the corruptions module."""

import inspect

import pytest
import scipy.ndimage
import torch

from autoencode import corruptions
from autoencode.corruptions import (
    Blur,
    Compose,
    Corruption,
    GaussianNoise,
    Masking,
    SaltAndPepper,
    SensorDropout,
    TimeJitter,
    TimeWarping,
)

CORRUPTIONS = [
    cls
    for cls in vars(corruptions).values()
    if inspect.isclass(cls) and issubclass(cls, Corruption) and cls not in {Corruption, Compose}
    if not cls.__module__.endswith(("audio", "text"))  # which have tests of their own
]


@pytest.mark.parametrize("cls", CORRUPTIONS)
def test_laws(cls: type[Corruption]) -> None:
    x = torch.rand(4, 3, 63) if cls.__module__.endswith("series") else torch.rand(4, 3, 9, 7)
    kept = x.clone()

    torch.manual_seed(1)
    damaged = cls()(x)

    torch.manual_seed(1)
    again = cls()(x)

    assert damaged.shape == x.shape
    assert not torch.equal(damaged, x)
    assert torch.equal(damaged, again)
    assert torch.equal(x, kept)


@pytest.mark.parametrize("corruption", [GaussianNoise(0), Masking(0), SaltAndPepper(0), Blur(0)])
def test_none_of_it_changes_nothing(corruption: Corruption) -> None:
    x = torch.rand(2, 1, 8, 8)
    assert torch.equal(corruption(x), x)


def test_gaussian_noise_has_its_scale() -> None:
    noise = GaussianNoise(0.5)(torch.zeros(100000))

    assert noise.mean().abs() < 0.01
    assert noise.std().item() == pytest.approx(0.5, rel=0.02)


def test_masking_hits_its_fraction() -> None:
    x = Masking(0.3)(torch.full((100000,), 2.0))

    assert set(x.unique().tolist()) == {0.0, 2.0}
    assert (x == 0).float().mean().item() == pytest.approx(0.3, abs=0.01)


def test_salt_and_pepper_share_their_fraction() -> None:
    x = torch.full((100000,), 0.5)
    x[0], x[1] = -1.0, 3.0
    damaged = SaltAndPepper(0.4)(x)

    assert (damaged == -1).float().mean().item() == pytest.approx(0.2, abs=0.01)
    assert (damaged == 3).float().mean().item() == pytest.approx(0.2, abs=0.01)


def test_blur_is_scipys() -> None:
    x = torch.rand(2, 3, 16, 11, dtype=torch.float64)
    expected = scipy.ndimage.gaussian_filter(x.numpy(), 1.3, axes=(2, 3), mode="nearest", radius=4)

    assert torch.allclose(Blur(1.3)(x), torch.from_numpy(expected))


def test_sequence_applies_in_order() -> None:
    steps = Compose([lambda x: x + 1, lambda x: 2 * x])
    assert torch.equal(steps(torch.zeros(3)), torch.full((3,), 2.0))


def test_blur_needs_images() -> None:
    with pytest.raises(ValueError, match=r"needs images.*\(4, 5\)"):
        Blur()(torch.rand(4, 5))


@pytest.mark.parametrize(
    ("cls", "value"),
    [
        (GaussianNoise, -0.1),
        (Blur, -1.0),
        (Masking, 1.1),
        (SaltAndPepper, float("nan")),
        (SensorDropout, 1.5),
        (TimeJitter, -1.0),
        (TimeWarping, float("nan")),
    ],
)
def test_bad_arguments_are_refused(cls: type[Corruption], value: float) -> None:
    with pytest.raises(ValueError, match="expected"):
        cls(value)


def test_failing_sensors_hide_one_stretch_of_a_channel() -> None:
    x = torch.full((2000, 3, 40), 2.0)
    hidden = SensorDropout(0.25, max_gap_fraction=0.5)(x) == 0
    starts = hidden[..., 0].int() + (hidden.int().diff(dim=-1) == 1).sum(dim=-1)

    assert starts.max() == 1  # no channel has two stretches
    assert hidden.any(dim=-1).float().mean().item() == pytest.approx(0.25, abs=0.02)
    assert hidden.sum(dim=-1).max() <= 20
    assert set(hidden[hidden.any(dim=-1)].float().argmax(dim=-1).tolist()) >= set(range(30))


def test_linear_series_read_the_times_themselves() -> None:
    t = torch.arange(50.0, dtype=torch.float64)
    x = torch.stack([t, 3 * t - 7])[None]
    torch.manual_seed(0)
    moved = TimeJitter(0.4)(x)
    warped = TimeWarping(0.5, n_knots=5)(x)

    for y in (moved, warped):
        assert torch.allclose(y[:, 1], 3 * y[:, 0] - 7)  # all channels share the times
        assert not torch.allclose(y, x)

    inside = (moved[0, 0] - t)[5:-5]
    assert inside.std().item() == pytest.approx(0.4, rel=0.4)
    assert (warped.diff(dim=-1)[:, 0] > 0).all()
    assert torch.allclose(warped[..., [0, -1]], x[..., [0, -1]])
    assert torch.allclose(TimeWarping(0.0)(x), x)
    assert torch.equal(TimeJitter(0.0)(x), x)


def test_gaps_stay_where_times_do_not_change() -> None:
    x = torch.arange(6.0).view(1, 1, 6).clone()
    x[..., 2] = torch.nan
    assert torch.equal(TimeJitter(0.0)(x).isnan(), x.isnan())


@pytest.mark.parametrize("corruption", [SensorDropout(), TimeJitter(), TimeWarping()])
def test_corruptions_of_series_need_series(corruption: Corruption) -> None:
    with pytest.raises(ValueError, match=r"needs series.*\(4, 5\)"):
        corruption(torch.rand(4, 5))

    assert corruption(torch.rand(2, 3, 1)).shape == (2, 3, 1)


@pytest.mark.parametrize("shape", [(40, 3, 9, 10), (200, 2, 23)], ids=["images", "series"])
def test_patches_are_hidden_whole_in_all_channels(shape: tuple[int, ...]) -> None:
    torch.manual_seed(0)
    x = Masking(0.3, patch_size=4)(torch.ones(shape))
    patches = []

    for i in range(0, shape[2], 4):
        rows = x[:, :, i : i + 4]
        parts = [rows] if len(shape) == 3 else [rows[..., j : j + 4] for j in (0, 4, 8)]
        patches += [part.flatten(start_dim=1) for part in parts]

    means = torch.stack([patch.mean(dim=1) for patch in patches])

    assert means.unique().tolist() == [0, 1]
    assert abs(float(means.mean()) - 0.7) < 4 * (0.3 * 0.7 / means.numel()) ** 0.5

    # The cells of a table are hidden one by one
    assert Masking(0.5, patch_size=4)(torch.ones(200, 4)).std(dim=1).min() == 0
    assert 0.4 < Masking(0.5, patch_size=4)(torch.ones(2000, 4)).mean() < 0.6
