r"""Tests that threads of one process do not change the results of each other."""

import contextlib
import copy
import os
import random
import threading
import time
import warnings
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import fuzz
import numpy as np
import pytest
import torch

import autoencode as ae
from autoencode.common.failures import filtered, ignored, noted, warn
from autoencode.common.seeding import seed_torch, seeded, yield_to_other_threads

X = np.random.default_rng(0).normal(size=(200, 5)).astype(np.float32)


def model(seed: int | None = 0, **options: Any) -> ae.Autoencoder:
    training = ae.Training(epochs=3, batch_size=20, show_progress=False)
    return ae.vae(2, layers=(8,), training=training, random_state=seed, **options)


def fitted(seed: int) -> list:
    return model(seed).fit(X[:80]).transform(X[:3]).tolist()


@pytest.mark.slow
def test_trainings_in_threads_are_those_alone() -> None:
    alone = [fitted(seed) for seed in (1, 2)]
    torch.manual_seed(3)
    before = torch.get_rng_state()

    with ThreadPoolExecutor(2) as pool:
        for _ in range(2):
            assert [*pool.map(fitted, [1, 2])] == alone

    assert torch.equal(torch.get_rng_state(), before)


VERBS: dict[str, Callable[[ae.Autoencoder], Any]] = {
    "sample": lambda m: m.sample(20, random_state=1).tolist(),
    "score_samples": lambda m: m.score_samples(X).tolist(),
    "evaluate": lambda m: m.evaluate(X),
    "fit": lambda m: fitted(3),
}


@pytest.mark.slow
def test_verbs_in_threads_are_those_alone() -> None:
    m = model().fit(X)
    verbs = [*VERBS.values()] * 2
    alone = [verb(m) for verb in verbs]
    torch.manual_seed(3)
    before = torch.get_rng_state()

    with ThreadPoolExecutor(8) as pool:
        assert [*pool.map(lambda verb: verb(m), verbs)] == alone

    assert torch.equal(torch.get_rng_state(), before)


# Kinds of data, codes and objectives


def random_states() -> list[Any]:
    r"""Returns the states of the random numbers that a caller may draw."""
    return [random.getstate(), [*np.random.get_state()], torch.get_rng_state().numpy()]  # noqa: NPY002


def results(model: ae.Autoencoder, X: Any, y: Any) -> dict[str, Any]:
    r"""Returns what each method gives that the model has."""
    seen, own, first = X[:3], None if y is None else y[:3], None if y is None else y[:1]
    verbs: dict[str, Callable[[], Any]] = {
        "transform": lambda: model.transform(seen, own),
        "sample": lambda: model.sample(3, first, random_state=1),
        "score_samples": lambda: model.score_samples(seen, own),
        "impute": lambda: model.impute(seen, own),
        "recommend": lambda: model.recommend(seen, 2, own),
        "forecast": lambda: model.forecast(X, 2, y),
        "evaluate": lambda: [*model.evaluate(X, y).values()],
    }
    found = {}

    if "AUTOENCODE_GRID" in os.environ:  # it trains for a while
        verbs["diagnose"] = lambda: [*map(str, model.diagnose(X, X, y, y))]

    for name, verb in verbs.items():
        with contextlib.suppress(AttributeError, ValueError):
            found[name] = verb()

    return found


# Parts that draw random numbers in different ways; AUTOENCODE_GRID=1 tries all kinds
KINDS: Any = (
    "texts frames vq aae gaps planar gumbel kernels best sequence recommender cells over_time"
    " forecast hamiltonian gan pairs ordered sparse spectral"
).split()
KINDS = [k for k in KINDS if k in fuzz.KINDS]

if "AUTOENCODE_GRID" in os.environ:
    KINDS = [*fuzz.KINDS]


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_all_kinds_in_threads_are_as_alone(kind: str) -> None:
    build, data, y = fuzz.KINDS[kind]
    X = data()
    model = build().fit(X, y)
    weights = copy.deepcopy(model.model_.state_dict())
    alone = results(model, X, y)
    before = random_states()

    with ThreadPoolExecutor(2) as pool:
        trained = [*pool.map(lambda _: results(build().fit(X, y), X, y), range(2))]

    with ThreadPoolExecutor(8) as pool:
        used = [*pool.map(lambda _: results(model, X, y), range(8))]

    assert all(fuzz.differing(alone, found) is None for found in trained + used)
    assert fuzz.same(random_states(), before)
    assert all(torch.equal(w, weights[name]) for name, w in model.model_.state_dict().items())


@pytest.mark.slow
def test_diagnoses_in_threads_are_those_alone_and_change_no_weight() -> None:
    build, data, _ = fuzz.KINDS["sparse"]
    X = data()
    model = build().fit(X)
    weights, before = copy.deepcopy(model.model_.state_dict()), random_states()
    alone = [*map(str, model.diagnose(X))]

    with ThreadPoolExecutor(2) as pool:
        assert [*pool.map(lambda _: [*map(str, model.diagnose(X))], range(2))] == 2 * [alone]

    assert fuzz.same(random_states(), before)
    assert all(torch.equal(w, weights[name]) for name, w in model.model_.state_dict().items())


def compared(_: int) -> list[Any]:
    found = ae.compare(X[:40], methods=["pca", "linear"], latent_dims=[1], n_folds=2)
    return [(*row[:4], row.notes) for row in found.rows]


def test_comparisons_in_threads_are_those_alone() -> None:
    alone, before = compared(0), random_states()

    with ThreadPoolExecutor(8) as pool:
        assert [*pool.map(compared, range(8))] == 8 * [alone]

    assert fuzz.same(random_states(), before)


def test_filters_of_warnings_end_in_any_order() -> None:
    before, shown = [*warnings.filters], warnings.showwarning
    blocks = [ignored("half", UserWarning), filtered("error", "half"), ignored("half")]
    notes: list[str] = []

    for block in blocks:
        block.__enter__()

    warnings.warn("half of it", stacklevel=1)
    blocks[2].__exit__(None, None, None)

    with pytest.raises(UserWarning, match="half"):
        warnings.warn("half of it", stacklevel=1)

    blocks[0].__exit__(None, None, None)

    with noted(notes), ThreadPoolExecutor(1) as pool:
        warn("mine")

        with pytest.raises(ae.FitWarning, match="half of another"):
            pool.submit(warn, "half of another thread").result()

    blocks[1].__exit__(None, None, None)

    assert notes == ["mine"]
    assert (warnings.filters, warnings.showwarning) == (before, shown)


@pytest.mark.parametrize("random_state", [None, 0])
def test_random_states_of_the_caller_stay(random_state: int | None) -> None:
    before = random_states()
    m = model(random_state).fit(X)
    m.sample(3, random_state=random_state)
    m.evaluate(X)
    m.score_samples(X)
    ae.manifold.NeighborGraph(3, random_state=random_state).fit(X[:50])
    after = random_states()

    if random_state is None:  # seeds come from numpy's generator, as in scikit-learn
        before[1] = after[1]

    assert fuzz.same(after, before)


@pytest.mark.slow
def test_a_long_training_lets_others_have_their_turn() -> None:
    m, stop = model().fit(X), threading.Event()
    expected = m.sample(5, random_state=1).tolist()
    whole = model(5).set_params(training__epochs=20)
    codes = whole.fit(X).transform(X)

    def train() -> None:
        whole.fit(X)
        stop.set()

    thread = threading.Thread(target=train)
    thread.start()
    turns = 0

    while not stop.is_set():
        assert m.sample(5, random_state=1).tolist() == expected
        turns += 1

    thread.join()
    assert turns > 3
    assert np.array_equal(whole.transform(X), codes)


def test_seeds_are_those_of_torch() -> None:
    for seed in (0, 7, 2**40):
        seed_torch(seed)
        found, state = torch.initial_seed(), torch.get_rng_state()
        torch.manual_seed(seed)

        assert found == seed
        assert torch.equal(torch.get_rng_state(), state)


def test_seeds_nest_and_end_with_errors() -> None:
    torch.manual_seed(7)
    before = torch.get_rng_state()

    with seeded(0):
        first = torch.rand(3)

        with pytest.raises(RuntimeError), seeded(1):
            raise RuntimeError

        second = torch.rand(3)

    with seeded(0):
        assert torch.equal(torch.rand(6), torch.cat([first, second]))

    assert torch.equal(torch.get_rng_state(), before)
    yield_to_other_threads()  # of nobody, where nothing is held
    assert torch.equal(torch.get_rng_state(), before)


def test_giving_way_keeps_the_stream() -> None:
    begun, done = threading.Event(), threading.Event()

    def other() -> None:
        begun.set()

        with seeded(1):
            torch.rand(10)

        done.set()

    with seeded(0):
        expected = torch.rand(2, 3)

    with seeded(0):
        first = torch.rand(3)
        thread = threading.Thread(target=other)
        thread.start()
        begun.wait()

        while not done.is_set():
            yield_to_other_threads()
            time.sleep(1e-4)

        assert torch.equal(torch.stack([first, torch.rand(3)]), expected)

    thread.join()
