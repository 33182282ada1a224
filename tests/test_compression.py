r"""Tests of compressed files: round trips, the law of their length, and damage."""

import io
import math

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from sklearn.datasets import load_digits, load_iris

import autoencode as ae
from autoencode.distributions import Bernoulli, DiscretizedLogistic, MixtureOfLogistics
from autoencode.modalities.capabilities.lattices import Axis
from autoencode.persistence.compression import Codec, layout, read_parts, write_parts
from autoencode.persistence.compression.digits import pop_numbers, push_numbers
from autoencode.persistence.compression.fixed_point import (
    FixedPoint,
    UnsupportedOperationError,
    functions,
)
from autoencode.persistence.compression.forms import form_of
from autoencode.persistence.compression.lattices import Lattice
from autoencode.persistence.compression.stack import Stack

QUICK = ae.Training(epochs=2)
BINARY = (load_digits().images > 8).astype(np.uint8)
GRAY = (load_digits().images * 15).astype(np.uint8)
WORDS = [f"{a} and {b}" for a in ("one", "two", "three", "né") for b in ("ten", "six", "0")]


def table(n: int = 60) -> pd.DataFrame:
    r"""Rows of all kinds of columns, with missing cells."""
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(
        {
            "price": rng.gamma(2, 10, n).round(2),
            "kind": rng.choice(["a", "b", "c"], n),
            "count": rng.integers(0, 5, n),
            "real": rng.normal(size=n),
            "flag": rng.random(n) < 0.3,
            "day": pd.Timestamp("2024-01-31") + pd.to_timedelta(rng.integers(0, 90, n), "D"),
            "grade": pd.Categorical(rng.choice(["low", "high"], n)),
            "same": 1,
        }
    )
    frame["whole"] = pd.array(rng.integers(0, 9, n), dtype="Int64")

    for column in ("price", "kind", "day", "whole", "real"):
        frame.loc[rng.choice(n, 4, replace=False), column] = None

    return frame


def fitted(X, **arguments):
    return ae.vae(2, training=QUICK, random_state=0, **arguments).fit(X)


@pytest.fixture(scope="module")
def binary():
    return fitted(BINARY[:200], network=ae.networks.FullyConnected((8,)))


@pytest.fixture(scope="module")
def gray():
    network = ae.networks.FullyConnected((16,))
    return fitted(GRAY[:200], likelihood=DiscretizedLogistic(), network=network)


@pytest.fixture(scope="module")
def texts():
    return fitted(WORDS, network=ae.networks.Recurrent(width=8, vocab_size=256))


@pytest.fixture(scope="module")
def mixed():
    return fitted(table())


@pytest.fixture(scope="module")
def numbers():
    return fitted(load_iris().data)


def test_arrays_come_back_to_the_bit(binary, gray) -> None:
    for model, X in ((binary, BINARY[:150]), (gray, GRAY[:150])):
        R = model.decompress(model.compress(X))
        assert R.dtype == X.dtype
        assert np.array_equal(R, X)


@pytest.mark.parametrize("n", [0, 1, 2, 5, 33])
def test_any_number_of_examples_comes_back(binary, n) -> None:
    codec = Codec(binary.blueprint_, binary.model_)
    file, X = io.BytesIO(), BINARY[:n]
    write_parts(file, codec, X, form_of(X))
    file.seek(0)
    _, form, parts = read_parts(file, lambda portable: codec)
    R = form.joined([*parts], binary.modality_)

    assert R.shape == X.shape
    assert np.array_equal(R, X)


IMAGES = hnp.arrays(np.uint8, st.tuples(st.integers(1, 4), st.just(8), st.just(8)))
EVERYDAY = settings(max_examples=4, deadline=None, suppress_health_check=[*HealthCheck])


@EVERYDAY
@given(IMAGES)
def test_any_bytes_come_back_from_binary_and_gray_models(binary, gray, X) -> None:
    for model in (binary, gray):
        assert np.array_equal(model.decompress(model.compress(X)), X)


@EVERYDAY
@given(hnp.arrays(np.float64, (5, 4), elements=st.floats(-50, 50)))
def test_any_numbers_come_back_from_a_numeric_table(numbers, X) -> None:
    assert numbers.decompress(numbers.compress(X)).tobytes() == X.tobytes()


@EVERYDAY
@given(st.lists(st.text(max_size=30), min_size=1, max_size=5))
def test_any_texts_come_back(texts, X) -> None:
    assert texts.decompress(texts.compress(X)).tolist() == X


@pytest.mark.parametrize(
    "X",
    [
        BINARY[:60].astype(bool),
        (GRAY[:60] / 255).astype(np.float32),
        GRAY[:60].astype(np.uint16) * 200,
        np.stack([GRAY[:60], 240 - GRAY[:60], GRAY[:60] // 2], axis=-1),
    ],
    ids=["bool", "float32", "uint16", "colors"],
)
def test_types_of_images_come_back(X) -> None:
    discrete = {} if X.dtype == bool else {"likelihood": MixtureOfLogistics(2)}
    network = ae.networks.FullyConnected((8,))

    for arguments in ({}, discrete):
        model = fitted(X, network=network, **arguments)
        R = model.decompress(model.compress(X))
        assert R.dtype == X.dtype
        assert R.tobytes() == X.tobytes()


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.int64, np.int16])
def test_types_of_tables_come_back(dtype) -> None:
    rng = np.random.default_rng(0)
    shared = np.where(rng.random((80, 1)) < 0.5, 0, rng.gamma(1, 1e5, (80, 1)))
    X = np.hstack([rng.normal(0, 900, (80, 1)), shared, np.ones((80, 1))]).astype(dtype)
    model = fitted(X)
    wild = X.copy()
    wild[0], wild[1, 2] = 32000, 2  # beyond the fit, and a constant column that varies

    for Y in (X, wild):
        R = model.decompress(model.compress(Y))
        assert R.dtype == Y.dtype
        assert R.tobytes() == Y.tobytes()


def test_frames_come_back_with_types_gaps_index_and_order(mixed) -> None:
    X = table()
    pd.testing.assert_frame_equal(mixed.decompress(mixed.compress(X)), X)

    new = X[[*X.columns[::-1]]].copy()
    new.index = pd.Index([f"row {i}" for i in range(len(X))], name="name")
    new.loc["row 0", "kind"] = "never seen"
    new.loc["row 1", "price"] = 1e6 + 1 / 3
    new.loc["row 2", "count"] = -7
    new.loc["row 3", "same"] = 2
    new.loc["row 4", "day"] = pd.Timestamp("2031-05-05 12:00:01")
    pd.testing.assert_frame_equal(mixed.decompress(mixed.compress(new)), new)


def test_frames_of_numbers_come_back() -> None:
    X = load_iris(as_frame=True).frame
    model = fitted(X)
    pd.testing.assert_frame_equal(model.decompress(model.compress(X)), X)


def test_texts_that_the_model_does_not_take_come_back(texts) -> None:
    X = ["ten", "", "long " * 50, "\ud800 half of a pair", "\0"]
    assert texts.decompress(texts.compress(X)).tolist() == X


def bound_bits(model, X) -> float:
    r"""Minus the bound of all examples in bits, by the library's own objective."""
    x = model.preprocess(X).target

    with torch.no_grad():
        bound = model.objective_(model.model_.eval(), x, x).terms["bound"]

    return -float(bound.double().sum()) / math.log(2)


@pytest.mark.parametrize("kind", ["binary", "gray", "texts"])
def test_the_length_is_minus_the_bound(kind, request) -> None:
    model = request.getfixturevalue(kind)
    X = {"binary": BINARY, "gray": GRAY[:500], "texts": WORDS * 15}[kind]
    codec = Codec(model.blueprint_, model.model_)
    file = io.BytesIO()
    summary = write_parts(file, codec, X, form_of(X))
    about = 8 * 700  # bits of the header, of digests and of the first codes

    assert abs(8 * summary.bound_bytes / bound_bits(model, X) - 1) < 0.01
    assert summary.n_bytes * 8 - about < 1.01 * bound_bits(model, X)
    assert summary.n_bytes > summary.bound_bytes


def test_numbers_have_the_probability_of_their_cells(numbers) -> None:
    # A second computation: densities of torch times the steps of the grid, by importance sampling
    X = load_iris().data
    codec = Codec(numbers.blueprint_, numbers.model_)
    summary = write_parts(io.BytesIO(), codec, X, form_of(X))
    nats = numbers.score_samples(X).sum()
    shared = bool(numbers.modality_.scores_)  # numbers with probabilities of their own
    steps = 0.0 if shared else len(X) * 4 * math.log(0.1)

    assert summary.bound_bytes * 8 * math.log(2) > -(nats + steps) * 0.9


def test_machine_arithmetic_reads_its_own_files(binary) -> None:
    data = binary.compress(BINARY[:20], portable=False)
    assert np.array_equal(binary.decompress(data), BINARY[:20])


def test_sections_and_blocks_have_no_borders(gray) -> None:
    class Small(Codec):
        section, block = 7, 3

    codec = Small(gray.blueprint_, gray.model_)
    file, X = io.BytesIO(), GRAY[:23]
    write_parts(file, codec, X, form_of(X))
    file.seek(0)
    _, form, parts = read_parts(file, lambda portable: codec)

    assert np.array_equal(form.joined([*parts], gray.modality_), X)


def test_codes_do_not_depend_on_the_batch(gray) -> None:
    codec = Codec(gray.blueprint_, gray.model_)
    every = codec._posterior(codec.content.symbols(GRAY[:9]))
    one = codec._posterior(codec.content.symbols(GRAY[4:5]))

    assert torch.equal(every.loc[4], one.loc[0])
    assert torch.equal(every.scale[4], one.scale[0])


def test_every_flipped_byte_and_every_cut_is_refused(binary) -> None:
    data = binary.compress(BINARY[:20])

    for i in range(0, len(data), 29):
        wrong = bytearray(data)
        wrong[i] ^= 1 << (i % 8)

        with pytest.raises(ValueError, match="the compressed data"):
            binary.decompress(bytes(wrong))

    for end in range(0, len(data), 61):
        with pytest.raises(ValueError, match="the compressed data"):
            binary.decompress(data[:end])

    with pytest.raises(ValueError, match="damaged"):
        binary.decompress(data + b"\0")


def forged(data: bytes, **changes) -> bytes:
    r"""A file with another header or other sections, and digests that fit."""
    file = io.BytesIO(data)
    header, digest = layout.read_header(file)
    sections = [*layout.read_sections(file, digest)]
    new = io.BytesIO()
    within = {k: v for k, v in changes.items() if k in layout.Section._fields}
    within.pop("n", None)  # of the header
    digest = layout.write_header(new, header | {k: changes[k] for k in {*changes} - {*within}})
    empty = layout.Section(0, [], np.zeros(0, np.uint32), 0, 0, b"", b"", bytes(16))

    for section in [*(s._replace(**within) for s in sections), empty]:
        digest = layout.write_section(new, section, digest)

    return new.getvalue()


@pytest.mark.parametrize(
    "changes",
    [
        {"n": 2**40},
        {"n": 3},
        {"n": "many"},
        {"form": "pickle"},
        {"dtype": "O"},
        {"shape": [2**31, 2**31]},
        {"exponents": [5, 5]},
        {"bits": 2**20},
        {"block": 1},
        {"n_initial": 2**31},
        {"blocks": [2**31]},
        {"blocks": [20]},
        {"words": np.zeros(0, np.uint32)},
        {"words": np.full(40, 2**32 - 1, np.uint32)},
        {"exceptions": b"not zlib"},
        {"hidden": b"not zlib"},
    ],
    ids=str,
)
def test_forged_files_are_refused(binary, changes) -> None:
    data = binary.compress(BINARY[:20])
    assert np.array_equal(binary.decompress(forged(data)), BINARY[:20])

    with pytest.raises(ValueError, match=r"damaged|invalid|shape"):
        binary.decompress(forged(data, **changes))


def test_exceptions_do_not_expand_without_limit() -> None:
    import zlib

    from autoencode.persistence.compression.forms.base import unpack

    with pytest.raises(ValueError, match="expand"):
        unpack(zlib.compress(bytes(2**20)), most=2**10)


def test_another_model_is_refused(binary) -> None:
    other = fitted(BINARY[:200], objective=ae.objectives.ELBO(beta=2.0))

    with pytest.raises(ValueError, match="another model"):
        other.decompress(binary.compress(BINARY[:5]))


def test_a_stored_model_is_the_same_model(binary, mixed, tmp_path) -> None:
    for model, X in ((binary, BINARY[:5]), (mixed, table())):
        model.save(tmp_path / "m.ae")
        loaded = ae.load(tmp_path / "m.ae")
        model.compress(X, out=tmp_path / "x.aez")
        assert (tmp_path / "x.aez").read_bytes() == loaded.compress(X)
        R = loaded.decompress(tmp_path / "x.aez")
        assert R.equals(X) if hasattr(X, "equals") else np.array_equal(R, X)


def test_other_floating_point_is_refused(binary) -> None:
    data = binary.compress(BINARY[:5], portable=False)

    with pytest.raises(ValueError, match="needs the same floating-point numbers"):
        binary.decompress(forged(data, check="0" * 32))


def test_arrays_are_written_to_a_file_section_by_section(binary, tmp_path) -> None:
    data = binary.compress(BINARY[:30])
    path = binary.decompress(data, out=tmp_path / "x.npy")
    assert np.array_equal(np.load(path), BINARY[:30])

    with pytest.raises(ValueError, match=r"expected a \.npy file"):
        binary.decompress(data, out=tmp_path / "x.csv")


@pytest.mark.parametrize(
    ("make", "X", "message"),
    [
        (lambda: ae.autoencoder(2, training=QUICK), BINARY[:40], "need a bound"),
        (lambda: ae.vae(2, likelihood=Bernoulli(), training=QUICK), GRAY[:40], "binary"),
        (
            lambda: ae.counts(2, training=QUICK),
            GRAY[:40].reshape(40, -1) // 60,
            "files are for images",
        ),
    ],
    ids=["no bound", "gray values under Bernoulli", "counts"],
)
def test_models_without_a_file_say_what_to_do(make, X, message) -> None:
    with pytest.raises(ValueError, match=message):
        make().fit(X).compress(X)


def test_conditional_models_say_what_to_do() -> None:
    y = load_digits().target[:40]
    model = ae.vae(2, conditional=True, training=QUICK).fit(BINARY[:40], y)

    with pytest.raises(ValueError, match="without labels"):
        model.compress(BINARY[:40])


def test_a_missing_package_is_named(binary, monkeypatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)

    with pytest.raises(ImportError, match=r"autoencode\[compress\]"):
        binary.compress(BINARY[:5])


@EVERYDAY
@given(st.integers(2, 2**40), st.data())
def test_stacks_return_what_was_pushed(size, data) -> None:
    k = torch.tensor(data.draw(st.lists(st.integers(0, size - 1), min_size=1, max_size=20)))
    stack = Stack()
    push_numbers(stack, k, lambda ends: ends.double() / size, size)
    words, untouched = stack.compressed()
    again = Stack(words, untouched, stack.n_initial)

    assert torch.equal(pop_numbers(again, lambda ends: ends.double() / size, size, len(k)), k)
    assert again.is_initial
    assert abs(stack.bits - len(k) * math.log2(size)) < 0.01 * len(k)


def test_popping_before_pushing_uses_initial_bits_and_gives_them_back() -> None:
    stack, p = Stack(), torch.rand(500, 9).double()
    k = stack.pop(p)
    stack.push(k, p)

    assert stack.is_initial
    assert abs(stack.bits) < 1e-6


@pytest.mark.parametrize("name", ["exp", "expm1", "log1p", "sigmoid", "tanh", "sin", "cos"])
def test_functions_agree_with_torch(name) -> None:
    x = torch.linspace(-30, 30, 4001, dtype=torch.float64)
    x = x.abs() if name == "log1p" else x
    ours, theirs = getattr(functions, name)(x), getattr(torch, name)(x)

    assert torch.allclose(ours, theirs, rtol=1e-13, atol=1e-14)


def test_normal_distribution_functions_agree() -> None:
    x = torch.linspace(-12, 12, 4001, dtype=torch.float64)
    assert (functions.ndtr(x) - torch.special.ndtr(x)).abs().max() < 1e-6
    assert (functions.ndtr(x).diff() >= 0).all()
    assert torch.allclose(functions.ndtr(x) + functions.ndtr(-x), torch.ones(()).double())


def test_sums_do_not_depend_on_their_order() -> None:
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(6, 500, dtype=torch.float64, generator=generator)
    W = torch.randn(500, 3, dtype=torch.float64, generator=generator)
    order = torch.randperm(500, generator=generator)

    with FixedPoint():
        product, total = x @ W, x.sum(dim=1)
        again = x[:, order] @ W[order], x[:, order].sum(dim=1)

        with pytest.raises(UnsupportedOperationError, match="another machine"):
            torch.linalg.inv(x @ x.T)

    assert torch.equal(product, again[0])
    assert torch.equal(total, again[1])
    assert torch.allclose(product, x @ W, rtol=0, atol=1e-4)


@EVERYDAY
@given(st.lists(st.floats(-1e3, 1e3, width=32), min_size=2, max_size=30))
def test_lattices_return_the_floats_of_their_range(values) -> None:
    v = np.array(values, np.float32) + np.float32(0)
    lattice = Lattice(Axis("float32", float(v.min()), float(v.max())))
    back = lattice.numbers(*lattice.find(v))
    known = lattice.width[lattice.find(v)[0].numpy()] > 1 if lattice.size > 1 else v == v

    assert np.array_equal(back[known], v[known])
