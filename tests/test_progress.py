r"""Tests of progress bars."""

import io
import sys

import numpy as np
import pytest
import torch

import autoencode as ae
from autoencode.common import progress
from autoencode.manifold import NeighborGraph


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress, "_DELAY_SECONDS", 0.0)


def look(monkeypatch: pytest.MonkeyPatch, at: io.StringIO) -> io.StringIO:
    # Not in a fixture, after which pytest puts its own in the place
    monkeypatch.setattr(sys, "stderr", at)
    return at


def test_all_parts_come_and_all_is_counted(monkeypatch) -> None:
    terminal, parts = look(monkeypatch, Terminal()), torch.arange(1000).split(300)

    assert [len(part) for part in progress.track(parts, 1000, "numbers")] == [300, 300, 300, 100]
    assert "0.00/1.00k" in terminal.getvalue()
    assert "numbers/s" in terminal.getvalue()


def test_bar_is_closed_if_the_loop_stops_early() -> None:
    assert next(iter(progress.track([[1, 2], [3]], 3, "numbers"))) == [1, 2]


def test_it_is_quiet_where_nobody_looks(monkeypatch) -> None:
    written = look(monkeypatch, io.StringIO())

    assert list(progress.track([[1], [2]], 2, "numbers")) == [[1], [2]]
    assert written.getvalue() == ""


def test_short_loops_show_no_bar(monkeypatch) -> None:
    terminal = look(monkeypatch, Terminal())
    monkeypatch.setattr(progress, "_DELAY_SECONDS", 60.0)

    list(progress.track([[1], [2]], 2, "numbers"))
    assert terminal.getvalue().strip() == ""


def test_long_works_show_how_far_they_are(monkeypatch) -> None:
    terminal = look(monkeypatch, Terminal())
    X = np.random.default_rng(0).normal(size=(3000, 4))
    model = ae.linear(2).fit(X)
    model.transform(X)
    NeighborGraph(5).fit(X)

    assert "examples/s" in terminal.getvalue()
    assert "neighborhoods/s" in terminal.getvalue()
