r"""Tests for the checkpoints module: nothing is lost, and nothing changes, by being stopped."""

import os
import shutil
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest
import torch

import autoencode as ae
from autoencode.common import container
from autoencode.corruptions import GaussianNoise
from autoencode.data import Examples
from autoencode.distributions import Gaussian, SharedGaussian
from autoencode.objectives import ELBO, LinearSchedule
from autoencode.training.checkpoints import Checkpoint, fingerprint
from autoencode.training.step import TrainStep
from autoencode.training.trainer import Training
from autoencode.training.update import has_compiler

EPOCHS, BATCHES = 3, 4


class Stopped(Exception):
    pass


@pytest.fixture
def data() -> tuple[Examples, Examples]:
    return Examples(torch.randn(40, 5)), Examples(torch.randn(10, 5))


def make_step(make_model) -> TrainStep:
    torch.manual_seed(5)
    return TrainStep(
        make_model(Gaussian, SharedGaussian()), ELBO(LinearSchedule()), GaussianNoise(0.1)
    )


def solver(folder: Path | None, **options) -> Training:
    return Training(
        **{
            "epochs": EPOCHS,
            "batch_size": 10,
            "checkpoint_dir": folder,
            "checkpoint_seconds": 0.0,
            "ema_decay": 0.9,
            "show_progress": False,
        }
        | options
    )


def train(step: TrainStep, data, folder: Path | None, resume: bool = False, **options) -> list:
    torch.manual_seed(5 if not resume else 99)  # on resume, the state comes from the file
    return list(solver(folder, **options).train(step, *data, resume=resume))


def weights(step: TrainStep) -> torch.Tensor:
    return torch.cat([p.detach().flatten() for p in step.parameters()])


EVERY_STEP = [
    pytest.param(stop, False, marks=[] if stop in {1, 4, 6, 11, 12} else [pytest.mark.slow])
    for stop in range(1, EPOCHS * BATCHES + 1)
]
COMPILED = pytest.param(
    6,
    True,
    marks=[
        pytest.mark.slow,
        pytest.mark.skipif(not has_compiler("cpu"), reason="there is no C++ compiler"),
        pytest.mark.filterwarnings("ignore"),  # of torch's compiler
    ],
)


@pytest.mark.parametrize(("stop", "compile"), [*EVERY_STEP, COMPILED])
def test_resume_is_exact_at_every_step(
    make_model, data, tmp_path, monkeypatch, caplog, stop: int, compile: bool
) -> None:
    whole = make_step(make_model)
    records = train(whole, data, None, compile=compile)

    # Stopped hard right after the step with this number, and its checkpoint
    stopped, made = make_step(make_model), 0
    real_write = Checkpoint.write

    def write(self, document, tensors) -> None:
        nonlocal made
        real_write(self, document, tensors)
        self.close()
        made += 1

        if made == stop:
            raise Stopped

    monkeypatch.setattr(Checkpoint, "write", write)

    with pytest.raises(Stopped):
        train(stopped, data, tmp_path, compile=compile)

    monkeypatch.setattr(Checkpoint, "write", real_write)
    resumed = make_step(make_model)

    with torch.no_grad():
        for p in resumed.parameters():
            p.fill_(0.123)

    again = train(resumed, data, tmp_path, resume=True, compile=compile)

    assert "cannot compile" not in caplog.text
    assert torch.equal(weights(resumed), weights(whole))
    assert [(r.epoch, r.train, r.validation) for r in again] == [
        (r.epoch, r.train, r.validation) for r in records
    ]


def test_resuming_a_finished_training_changes_nothing(make_model, data, tmp_path) -> None:
    whole, again = make_step(make_model), make_step(make_model)
    records = train(whole, data, tmp_path)

    assert train(again, data, tmp_path, resume=True) == records
    assert torch.equal(weights(again), weights(whole))


def test_resume_without_a_checkpoint_starts_a_training(make_model, data, tmp_path) -> None:
    step, other = make_step(make_model), make_step(make_model)
    train(step, data, None)
    torch.manual_seed(5)
    list(solver(tmp_path / "new" / "run").train(other, *data, resume=True))

    assert torch.equal(weights(step), weights(other))


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"learning_rate": 0.1}, "argument 'learning_rate'"),
        ({"epochs": 2}, "argument 'epochs'"),
        ("data", "data"),
        ("validation", "validation"),
        ("objective", "objective"),
        ("corruption", "corruption"),
    ],
)
def test_other_data_or_settings_are_refused(make_model, data, tmp_path, change, named) -> None:
    train(make_step(make_model), data, tmp_path)
    step, (x, held_out), options = make_step(make_model), data, {}

    if isinstance(change, dict):
        options = change
    elif change == "data":
        x.target[3, 2] += 1e-6
    elif change == "validation":
        held_out.target[0, 0] += 1
    elif change == "objective":
        step.objective = ELBO(beta=2.0)
    else:
        step.corruption = GaussianNoise(0.2)

    with pytest.raises(
        ValueError, match=rf"cannot resume: expected the {named} of the checkpoint"
    ):
        train(step, (x, held_out), tmp_path, resume=True, **options)


def test_checkpoints_of_another_release_are_refused(
    make_model, data, tmp_path, monkeypatch
) -> None:
    train(make_step(make_model), data, tmp_path)
    monkeypatch.setattr("autoencode.training.state.resume_settings.__version__", "7.0")

    with pytest.raises(
        ValueError, match=r"expected the release of autoencode of the checkpoint, .*, got 7\.0"
    ):
        train(make_step(make_model), data, tmp_path, resume=True)


def test_writing_the_checkpoint_changes_nothing(make_model, data, tmp_path) -> None:
    step, other = make_step(make_model), make_step(make_model)
    train(step, data, None)
    train(other, data, tmp_path)

    assert torch.equal(weights(step), weights(other))


def test_a_folder_that_vanishes_is_made_again(make_model, data, tmp_path, caplog) -> None:
    folder = tmp_path / "run"
    step, whole = make_step(make_model), make_step(make_model)
    train(whole, data, None)
    torch.manual_seed(5)

    for record in solver(folder).train(step, *data):
        if record.epoch == 1:
            time.sleep(0.1)
            shutil.rmtree(folder)

    assert "cannot write the checkpoint" not in caplog.text
    assert (folder / "last.checkpoint").exists()
    assert torch.equal(weights(step), weights(whole))


def test_a_full_disk_costs_a_warning(make_model, data, tmp_path, caplog, monkeypatch) -> None:
    def full(*_) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("autoencode.training.checkpoints.write", full)
    records = train(make_step(make_model), data, tmp_path)

    assert len(records) == EPOCHS
    assert sum("No space left" in r.message for r in caplog.records) == 1


def test_an_unwritable_folder_is_found_before_the_training(make_model, data, tmp_path) -> None:
    (tmp_path / "file").write_text("")

    with pytest.raises(ValueError, match="cannot write"):
        train(make_step(make_model), data, tmp_path / "file" / "run")


def damage(file: Path, how: str, mask: int = 4) -> None:
    damaged = bytearray(file.read_bytes())

    if how == "flipped":
        damaged[-200] ^= mask
    else:
        del damaged[500 if how == "cut" else 0 :]

    file.write_bytes(damaged)


@pytest.mark.parametrize("how", ["cut", "flipped", "empty"])
def test_the_previous_checkpoint_replaces_a_damaged_one(
    make_model, data, tmp_path, caplog, how: str
) -> None:
    whole, again = make_step(make_model), make_step(make_model)
    records = train(whole, data, tmp_path)
    damage(tmp_path / "last.checkpoint", how)
    resumed = train(again, data, tmp_path, resume=True)

    assert "Continuing from the previous checkpoint" in caplog.text
    assert torch.equal(weights(again), weights(whole))
    assert [r.train for r in resumed] == [r.train for r in records]

    for name in ("last", "previous"):
        damage(tmp_path / f"{name}.checkpoint", how, mask=8)

    with pytest.raises(ValueError, match=r"cannot resume: .*truncated.*no earlier checkpoint"):
        train(make_step(make_model), data, tmp_path, resume=True)


def test_a_kill_between_two_checkpoints_keeps_the_first(make_model, data, tmp_path) -> None:
    whole, again = make_step(make_model), make_step(make_model)
    train(whole, data, tmp_path)
    (tmp_path / "last.checkpoint").replace(tmp_path / "previous.checkpoint")
    train(again, data, tmp_path, resume=True)

    assert torch.equal(weights(again), weights(whole))


HOSTILE = [
    *(
        (name, value)
        for name in ("step", "epoch_start", "epochs_since_best")
        for value in ("x", None, 1.5, [1])
    ),
    ("step", -1),
    ("step", 10**9),
    ("epoch_start", 10**9),
    ("epoch_start", -1),
    ("records", None),
    ("records", [1]),
    ("records", [{}]),
    ("records", [{"epoch": "x"}]),
    ("settings", None),
    ("settings", {}),
    ("best_loss", "x"),
    ("seconds", []),
    ("rollbacks", {}),
]


@pytest.mark.parametrize(("name", "value"), HOSTILE)
def test_hostile_checkpoints_are_refused(make_model, data, tmp_path, name, value) -> None:
    train(make_step(make_model), data, tmp_path)
    document, tensors = container.read(tmp_path / "last.checkpoint")
    container.write(tmp_path / "last.checkpoint", document | {name: value}, tensors)

    with pytest.raises(ValueError, match="cannot resume"):
        train(make_step(make_model), data, tmp_path, resume=True)


def test_missing_tensors_are_refused(make_model, data, tmp_path) -> None:
    train(make_step(make_model), data, tmp_path)
    document, tensors = container.read(tmp_path / "last.checkpoint")

    for name in [*tensors][::9]:
        few = {k: t for k, t in tensors.items() if k != name}
        container.write(tmp_path / "last.checkpoint", document, few)

        if not name.startswith(("best/", "losses/")):
            with pytest.raises(ValueError, match="cannot resume"):
                train(make_step(make_model), data, tmp_path, resume=True)


def test_a_folder_has_one_owner(make_model, data, tmp_path) -> None:
    first = solver(tmp_path).train(make_step(make_model), *data)
    next(first)

    for resume in (False, True):
        with pytest.raises(ValueError, match="another training is using the checkpoints"):
            train(make_step(make_model), data, tmp_path, resume=resume)

    first.close()
    train(make_step(make_model), data, tmp_path, resume=True)


def test_an_unfinished_training_is_moved_aside(make_model, data, tmp_path, caplog) -> None:
    whole, again, other = (make_step(make_model) for _ in range(3))
    train(whole, data, None)
    step = make_step(make_model)
    torch.manual_seed(5)

    for record in solver(tmp_path).train(step, *data):
        if record.epoch == 2:
            break

    train(other, data, tmp_path, learning_rate=0.1)
    aside = sorted(tmp_path.glob("last-*.checkpoint"))
    assert len(aside) == 1
    assert "was not finished" in caplog.text

    # What was moved can be gone on with
    (tmp_path / "own").mkdir()
    aside[0].replace(tmp_path / "own" / "last.checkpoint")
    train(again, data, tmp_path / "own", resume=True)
    assert torch.equal(weights(again), weights(whole))

    # What is finished may be replaced; what is no checkpoint is kept
    train(other, data, tmp_path)
    assert not [*tmp_path.glob("last-*.checkpoint")]
    (tmp_path / "last.checkpoint").write_text("thesis")
    train(other, data, tmp_path)
    assert [p.read_text() for p in tmp_path.glob("last-*.checkpoint")] == ["thesis"]


def test_another_random_state_is_refused(tmp_path) -> None:
    X = torch.randn(40, 5).numpy()

    def fit(random_state: int | None, resume: bool) -> list:
        training = Training(epochs=2, checkpoint_dir=tmp_path, show_progress=False)
        model = ae.vae(2, layers=(8,), training=training, random_state=random_state)
        return model.fit(X, resume=resume).transform(X).tolist()

    first = fit(1, False)

    with pytest.raises(
        ValueError, match=r"last\.checkpoint': cannot resume: the random_state differs .* got 2"
    ):
        fit(2, True)

    assert fit(1, True) == first
    assert fit(None, True) == first


def test_fingerprints_tell_tensors_apart() -> None:
    x = torch.arange(6.0)
    others = [x + 1, x.double(), x.reshape(2, 3), x.flip(0), x[:5]]

    assert fingerprint(x) == fingerprint(x.clone())
    assert len({fingerprint(t) for t in [x, *others]}) == 6
    assert fingerprint(x, None) != fingerprint(None, x)


SCRIPT = textwrap.dedent("""
    import sys
    import numpy as np
    import autoencode as ae

    X = np.random.default_rng(0).normal(size=(400, 6))
    training = ae.Training(
        epochs=6, batch_size=20, validation_fraction=0.1,
        checkpoint_dir=sys.argv[1], checkpoint_seconds=0
    )
    model = ae.vae(2, layers=(16,), training=training, random_state=0)
    print("ready", flush=True)
    model.fit(X, resume=True)
    assert "torch._dynamo" not in sys.modules  # the compiler, whose import takes two seconds
    np.save(sys.argv[2], np.concatenate([model.transform(X), model.reconstruct(X)], axis=1))
""")


@pytest.mark.slow
def test_kill_9_loses_nothing(tmp_path) -> None:
    def start(folder: str, out: str) -> subprocess.Popen:
        return subprocess.Popen(
            [sys.executable, "-c", SCRIPT, str(tmp_path / folder), str(tmp_path / out)],
            stdout=subprocess.PIPE,
            env={**os.environ, "OMP_NUM_THREADS": "1"},
        )

    whole = start("whole", "whole.npy")
    assert whole.communicate()[0].startswith(b"ready")
    kills = 0

    for delay in (0.05, 0.2, None):
        process = start("killed", "killed.npy")
        process.stdout.readline()

        if delay is not None:
            time.sleep(delay)
            process.send_signal(signal.SIGKILL)

        kills += process.wait() == -signal.SIGKILL
        process.stdout.close()

    assert kills >= 1
    assert (tmp_path / "killed.npy").read_bytes() == (tmp_path / "whole.npy").read_bytes()
