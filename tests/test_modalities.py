r"""Tests for the modalities module."""

import logging
from datetime import date

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.typing import NDArray
from torch.distributions import constraints

from autoencode.distributions import Bernoulli, DiagonalGaussian, SharedGaussian
from autoencode.modalities import Images, Modality, Tables, describe_context, guess
from autoencode.modalities.statistics import check_finite

FLOATS = st.one_of(
    st.floats(-1e3, 1e3, width=32), st.floats(0, 1, width=32), st.sampled_from([0.0, 1.0, 255.0])
)


def images() -> st.SearchStrategy[NDArray]:
    r"""Images of any shape and type that people have."""
    side = st.integers(1, 6)
    shapes = st.one_of(
        st.tuples(side, side, side), st.tuples(side, side, side, st.sampled_from([1, 3, 4]))
    )

    return st.one_of(
        hnp.arrays(np.uint8, shapes),
        hnp.arrays(bool, shapes),
        hnp.arrays(
            st.sampled_from([np.int16, np.int64, np.uint16]), shapes, elements=st.integers(0, 999)
        ),
        hnp.arrays(st.sampled_from([np.float32, np.float64]), shapes, elements=FLOATS),
    )


def tables() -> st.SearchStrategy[NDArray]:
    shapes = st.tuples(st.integers(1, 20), st.integers(1, 6))

    return st.one_of(
        hnp.arrays(np.float64, shapes, elements=st.floats(-1e30, 1e30)),
        hnp.arrays(np.float32, shapes, elements=st.floats(-(2**60), 2**60, width=32)),
        hnp.arrays(np.int32, shapes),
        hnp.arrays(np.uint8, shapes),
        hnp.arrays(bool, shapes),
    )


def round_trip(modality: Modality, X: NDArray) -> NDArray:
    modality = modality.fit(X)
    return modality.restore(modality.normalize(modality.load(X)))


@given(images())
def test_images_come_back(X: NDArray) -> None:
    Y = round_trip(Images(), X)
    tolerance = 1e-6 * max(1.0, float(np.ptp(X.astype(float))), float(np.abs(X).max()))

    assert Y.shape == X.shape
    assert Y.dtype == X.dtype

    if X.dtype.kind == "f":
        assert np.abs(Y - X).max() <= tolerance
    else:
        assert np.array_equal(X, Y)


@given(images())
def test_images_lie_between_zero_and_one(X: NDArray) -> None:
    modality = Images().fit(X)
    x = modality.normalize(modality.load(X))

    assert x.shape == (len(X), *modality.shape_)
    assert x.dtype == torch.float32
    assert 0 <= x.min()
    assert x.max() <= 1


@pytest.mark.parametrize(
    ("X", "low", "high"),
    [
        (np.array([0, 100], np.uint8), 0, 255),
        (np.array([0, 0], np.uint8), 0, 255),
        (np.array([0, 1], np.uint8), 0, 1),
        (np.array([False, True]), 0, 1),
        (np.array([0.0, 0.7]), 0, 1),
        (np.array([0.0, 200.0]), 0, 255),
        (np.array([3, 16]), 0, 16),
        (np.array([0, 4095], np.uint16), 0, 4095),
        (np.array([-1.0, 1.0]), -1, 1),
        (np.array([-3.0, -3.0]), -3, -2),
    ],
)
def test_black_and_white_of_images(X: NDArray, low: float, high: float) -> None:
    assert Images().fit(X.reshape(1, 1, 2)).range_ == (low, high)


@pytest.mark.parametrize("X", [np.zeros((1, 1, 3), np.uint8), np.full((1, 1, 3), 0.5)])
def test_images_are_cut_off_at_black_and_white(X: NDArray) -> None:
    low, high = Images().fit(X).range_
    restored = Images().fit(X).restore(torch.tensor([[[[-2.0, 0.0, 3.0]]]]))

    assert restored.tolist() == [[[low, low, high]]]


def test_images_of_another_type_are_understood() -> None:
    X = np.arange(256, dtype=np.uint8).reshape(1, 16, 16)
    bytes_, floats, unit = Images().fit(X), Images().fit(X / 1.0), Images().fit(X / 255)

    for modality in (bytes_, floats, unit):
        x = modality.normalize(modality.load(X))
        assert torch.allclose(x.flatten(), torch.arange(256) / 255)

    again = bytes_.normalize(bytes_.load(X / 1.0))
    assert torch.allclose(again.flatten(), torch.arange(256) / 255)


def test_images_of_another_scale_are_refused_or_said(caplog) -> None:
    X = np.linspace(0, 1, 16).reshape(1, 4, 4)

    with pytest.raises(ValueError, match=r"expected intensities from about 0 to 1.*got 0 to 255"):
        Images().fit(X).load(255 * X)

    with pytest.raises(ValueError, match=r"expected intensities from about 0 to 1.*got -4 to -?0"):
        Images().fit(X).load(-4 * X)

    # Strong noise is none
    Images().fit(X).load(X + 2)

    with caplog.at_level(logging.WARNING, "autoencode"):
        Images().fit((255 * X).astype(np.uint8)).load(X)

    assert "nearly black" in caplog.text


@pytest.mark.parametrize(
    ("X", "message"),
    [
        (np.zeros((5, 8)), r"expected images with shape \(N, H, W\).*got \(5, 8\)"),
        (np.zeros((5, 0, 8)), r"expected images with shape.*got \(5, 0, 8\)"),
        (np.zeros((5, 3, 8, 8)), r"looks like \(N, C, H, W\). Use .*np.moveaxis"),
        (np.full((5, 8, 8), np.nan), "320 values in 5 rows, the first in row 0"),
        (np.array([[[-1e308, 1e308]]]), "the intensities are too large"),
    ],
)
def test_what_is_no_image_is_refused(X: NDArray, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Images().fit(X)


@pytest.mark.parametrize("shape", [(5, 8, 8), (5, 8, 8, 1)])
@pytest.mark.parametrize("other", [(2, 8, 8), (2, 8, 8, 1)])
def test_gray_images_need_no_channel(shape: tuple, other: tuple) -> None:
    assert Images().fit(np.zeros(shape)).load(np.zeros(other)).shape == (2, 1, 8, 8)


@pytest.mark.parametrize("shape", [(2, 8, 9), (2, 8, 8, 3), (2, 64), (8, 8)])
def test_images_of_another_shape_are_refused(shape: tuple) -> None:
    with pytest.raises(ValueError, match=r"expected images with shape \(N, 8, 8\), got"):
        Images().fit(np.zeros((5, 8, 8))).load(np.zeros(shape))

    with pytest.raises(ValueError, match=r"expected images with shape \(N, 8, 8, 4\), got"):
        Images().fit(np.zeros((5, 8, 8, 4))).load(np.zeros(shape))


@given(tables(), st.sampled_from(["columns", "whole", "none"]))
def test_tables_come_back(X: NDArray, scaling: str) -> None:
    modality = Tables(scaling).fit(X)
    x = modality.normalize(modality.load(X))
    Y = modality.restore(x)

    assert Y.shape == X.shape
    assert Y.dtype == X.dtype

    # Single precision, relative to what the columns were divided by
    modality = modality.with_constant_columns()
    x = modality.normalize(modality.load(X))
    tolerance = 1e-6 * (np.abs(x.numpy()).max(axis=0) * modality.scale_ + np.abs(modality.loc_))
    tolerance += np.finfo(np.float32).tiny * modality.scale_

    if X.dtype.kind in "ui":
        tolerance = np.rint(tolerance)

    assert (np.abs(Y.astype(float) - X.astype(float)) <= tolerance).all()


@given(tables())
def test_tables_are_scaled(X: NDArray) -> None:
    modality = Tables().fit(X).with_constant_columns()
    x = modality.normalize(modality.load(X)).double().numpy()
    spread = np.ptp(X.astype(float), axis=0)
    squared = spread > 1e-150  # smaller ones have no variance that is a number

    # To rounding, which weighs more the further the numbers are from zero
    largest = np.abs(X.astype(float)).max(axis=0)
    rounding = 1e-4 + 1e-15 * largest / modality.scale_
    squared &= spread > 1e-15 * largest

    assert (x[:, spread == 0] == 0).all()
    assert (np.abs(x.std(axis=0) - 1) <= rounding)[squared].all()
    assert (np.abs(x.mean(axis=0)) <= rounding).all()


def test_columns_far_from_zero_are_scaled_too() -> None:
    seconds = 1.7e9 + np.array([[0.0], [0.001], [0.002]])  # since 1970
    modality = Tables().fit(seconds)
    x = modality.normalize(modality.load(seconds))

    assert torch.allclose(x.flatten(), torch.tensor([-1.0, 0.0, 1.0]) * 1.5**0.5, atol=1e-2)


@pytest.mark.parametrize("scaling", ["columns", "whole", "none"])
def test_unit_is_the_slope_of_the_way_back(scaling: str) -> None:
    X = np.random.default_rng(0).normal(3, [1, 10, 100], size=(50, 3))
    modality = Tables(scaling).fit(X)
    x = modality.normalize(modality.load(X))
    slope = (modality.restore(x + 1) - modality.restore(x)).mean(axis=0)

    assert np.allclose(modality.unit().expand(3), slope)


def test_whole_scaling_keeps_angles() -> None:
    X = np.random.default_rng(0).normal(3, [1, 10, 100], size=(50, 3))
    modality = Tables("whole").fit(X)
    x = modality.normalize(modality.load(X)).numpy()
    centered = X - X.mean(axis=0)

    assert np.allclose(x / np.linalg.norm(x), centered / np.linalg.norm(centered), atol=1e-6)


def test_integers_are_cut_off_at_their_limits() -> None:
    for dtype in (np.uint8, np.int64, np.uint64):
        info = np.iinfo(dtype)
        modality = Tables("none").fit(np.array([[0], [100]], dtype))
        X = modality.restore(torch.tensor([[-1e30], [1e30]]))

        assert X.dtype == dtype
        assert X[0, 0] == info.min
        assert X[1, 0] >= info.max * 0.999999


def test_tables_on_the_unit_interval_are_taken_as_they_are() -> None:
    X = np.array([[0.2, 1.0], [0.4, 0.0]])
    modality = Tables().fit(X, constraints.unit_interval)

    assert torch.equal(modality.normalize(modality.load(X)), torch.tensor(X, dtype=torch.float32))


@pytest.mark.parametrize(
    ("X", "message"),
    [
        (np.zeros(5), r"expected a table with shape \(N, D\), got \(5,\)"),
        (np.zeros((5, 0)), r"expected a table with shape \(N, D\), got \(5, 0\)"),
        (np.array([[1e300], [-1e300]]), "too large to be squared, up to 1e.300"),
    ],
)
def test_what_is_no_table_is_refused(X: NDArray, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Tables().fit(X)


def test_tables_of_another_width_or_scale_are_refused() -> None:
    modality = Tables().fit(np.array([[1.0, 2.0], [2.0, 1.0]]))

    with pytest.raises(ValueError, match=r"expected rows of 2 features, got \(1, 3\)"):
        modality.load(np.zeros((1, 3)))

    with pytest.raises(ValueError, match="expected numbers on the scale of the fit, got up to 1e"):
        modality.load(np.array([[1e300, 0.0]]))

    with pytest.raises(ValueError, match=r"expected scaling as one of .*got 'rows'"):
        Tables("rows").fit(np.zeros((2, 2)))


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("shape", [(6, 4), (6, 2, 2)])
def test_missing_numbers_are_counted(bad: float, shape: tuple) -> None:
    X = np.zeros(shape)
    X[2].flat[1] = X[4].flat[0] = X[4].flat[3] = bad

    with pytest.raises(
        ValueError, match="NaN or infinity: 3 values in 2 rows, the first in row 2"
    ):
        check_finite(X)

    check_finite(np.full(shape, 1e308))  # whose sum is infinite
    check_finite(np.full(shape, 7))


def test_the_modality_is_guessed() -> None:
    assert isinstance(guess(np.zeros((5, 8))), Tables)
    assert isinstance(guess(np.zeros((5, 8, 8))), Images)
    assert isinstance(guess(np.zeros((5, 8, 8, 3))), Images)
    assert guess(np.zeros((5, 8)), [Tables("whole")]).scaling == "whole"

    with pytest.raises(ValueError, match=r"shape \(2, 2, 2, 2, 2\) may be videos or volumes"):
        guess(np.zeros((2, 2, 2, 2, 2)))

    with pytest.raises(ValueError, match=r"or sounds; got a list of length 2,000\.$"):
        guess(2000 * [{"a": 1}])


def test_the_likelihood_follows_the_data() -> None:
    X = np.array([[[0.0, 1.0], [1.0, 0.0]]])

    assert isinstance(Images().fit(X).likelihood(), Bernoulli)
    assert isinstance(Images().fit(X.astype(bool)).likelihood(), Bernoulli)
    assert isinstance(Images().fit(255 * X).likelihood(), Bernoulli)
    assert isinstance(Images().fit(X / 2).likelihood(), SharedGaussian)
    assert isinstance(Tables().fit(X[0]).likelihood(), DiagonalGaussian)
    assert isinstance(Tables("whole").fit(X[0]).likelihood(), SharedGaussian)
    assert isinstance(Tables().fit(X[0]).deterministic_likelihood(), SharedGaussian)


# Contexts


@pytest.mark.parametrize(
    ("y", "asked"),
    [
        (["b", "a", "c"], "a"),
        ([3, 1, 5], 1),
        ([3, 1, 5], "1"),
        ([3, 1, 5], 1.0),
        ([3.0, 1.0, 5.0], 1),
        ([3.0, 1.0, 5.0], "1"),
        (["3", "1", "5"], 1),
        ([True, False, True], False),
        ([True, False, True], "False"),
        ([3.0, 1.0, 5.0], "1.0"),
        ([True, False, True], 0),
        (np.array(["b", "a", "c"], dtype=object), "a"),
        (np.array([3, 1, 5], dtype=object), 1),
        (np.array([b"b", b"a", b"c"]), b"a"),
        (np.array([date(2026, 1, 2), date(2026, 1, 1), date(2026, 1, 3)]), date(2026, 1, 1)),
        (
            np.array(["2026-01-02", "2026-01-01", "2026-01-03"], "M8[D]"),
            np.datetime64("2026-01-01"),
        ),
        (np.array([3, 1, 5], np.uint8), np.int64(1)),
    ],
)
def test_labels_are_indicators(y, asked) -> None:
    context = describe_context(y)
    c = context.encode(y)

    assert c.shape == (3, context.size_)
    assert c.sum(dim=1).eq(1).all()
    assert context.encode(asked).equal(c[1:2])
    assert context.encode([asked, asked]).equal(c[[1, 1]])


@pytest.mark.parametrize(
    ("y", "asked", "got"),
    [
        ([3, 1, 5], 2, "2"),
        ([3, 1, 5], "cat", "cat"),
        ([3, 1, 5], [1, 9], "9"),
        (["a", "b"], "c", "c"),
        ([True, False], "yes", "yes"),
        ([1.0, 2.0], 1.5, "1.5"),
    ],
)
def test_unseen_labels_are_refused(y, asked, got: str) -> None:
    with pytest.raises(ValueError, match=rf"expected labels of the fit .*, got {got}\."):
        describe_context(y).encode(asked)


@pytest.mark.parametrize(
    ("y", "width"),
    [([0.5, 1.0, 7.0], 1), (np.eye(3), 3), (np.arange(6).reshape(3, 2), 2), ([[1], [2], [3]], 1)],
)
def test_numbers_are_scaled(y, width: int) -> None:
    context = describe_context(y)
    c = context.encode(y)

    assert c.shape == (3, width)
    assert torch.allclose(c.mean(dim=0), torch.zeros(width), atol=1e-6)
    assert torch.allclose(c.std(dim=0, correction=0), torch.ones(width))
    assert context.encode(np.asarray(y)[1]).equal(c[1:2])  # one row for all


@pytest.mark.parametrize(
    ("y", "message"),
    [
        ([], "expected a label or a row of numbers for each example, got none"),
        ([["a"], ["b"]], r"expected one label for each example, got shape \(2, 1\)"),
        ([1.0, np.nan], "1 values in 1 rows, the first in row 1"),
        ([[1.0, np.inf]], "1 values in 1 rows, the first in row 0"),
        (np.array(["a", None], dtype=object), "1 labels are missing, the first in row 1"),
        (np.array([np.nan, "a"], dtype=object), "1 labels are missing, the first in row 0"),
    ],
)
def test_what_is_no_context_is_refused(y, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        describe_context(y)


def test_numbers_of_another_width_are_refused() -> None:
    with pytest.raises(ValueError, match="expected y with 3 numbers per row, got 2"):
        describe_context(np.eye(3)).encode([[1.0, 2.0]])
