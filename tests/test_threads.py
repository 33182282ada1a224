r"""Tests that threads of one process do not change the results of each other."""

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest
import torch

import autoencode as ae
from autoencode.common.seeding import seed_torch, seeded, yield_to_other_threads

X = np.random.default_rng(0).normal(size=(200, 5)).astype(np.float32)


def model(seed: int = 0, **options: Any) -> ae.Autoencoder:
    training = ae.Training(epochs=3, batch_size=20, show_progress=False)
    return ae.vae(2, layers=(8,), training=training, random_state=seed, **options)


def fitted(seed: int) -> list:
    return model(seed).fit(X).transform(X[:3]).tolist()


def test_trainings_in_threads_are_those_alone() -> None:
    alone = [fitted(seed) for seed in (1, 2)]
    torch.manual_seed(3)
    before = torch.get_rng_state()

    with ThreadPoolExecutor(2) as pool:
        for _ in range(3):
            assert [*pool.map(fitted, [1, 2])] == alone

    assert torch.equal(torch.get_rng_state(), before)


VERBS: dict[str, Callable[[ae.Autoencoder], Any]] = {
    "sample": lambda m: m.sample(20, random_state=1).tolist(),
    "score_samples": lambda m: m.score_samples(X).tolist(),
    "evaluate": lambda m: m.evaluate(X),
    "fit": lambda m: fitted(3),
}


def test_verbs_in_threads_are_those_alone() -> None:
    m = model().fit(X)
    verbs = [*VERBS.values()] * 4
    alone = [verb(m) for verb in verbs]
    torch.manual_seed(3)
    before = torch.get_rng_state()

    with ThreadPoolExecutor(8) as pool:
        assert [*pool.map(lambda verb: verb(m), verbs)] == alone

    assert torch.equal(torch.get_rng_state(), before)


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
