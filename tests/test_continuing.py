r"""Tests of trainings that build on others: laws of `start`, `freeze` and more epochs."""

import inspect
import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch

import autoencode as ae
from autoencode import Training
from autoencode.cli import main
from autoencode.data import Examples
from autoencode.distributions import FullGaussian, SharedGaussian, VectorQuantizer
from autoencode.modalities import Images
from autoencode.models.latent import LatentModel
from autoencode.networks import FullyConnected
from autoencode.objectives import VQ
from autoencode.priors import StandardNormal
from autoencode.training.step import weighted

RNG = np.random.default_rng(0)
X = RNG.normal(size=(60, 2)) @ RNG.normal(size=(2, 4)) + 0.1 * RNG.normal(size=(60, 4))


def small(epochs: int = 1, **options) -> ae.Autoencoder:
    training = options.pop("training", Training(epochs=epochs, batch_size=30))
    return ae.Autoencoder(training=training, random_state=0, **options)


def state(model: ae.Autoencoder) -> dict[str, torch.Tensor]:
    return {**model.model_.state_dict(), **model.objective_.state_dict()}


def kept(a: ae.Autoencoder, b: ae.Autoencoder) -> set[str]:
    r"""The names of the tensors that two models share, to the bit."""
    a, b = state(a), state(b)
    return {name for name in a if torch.equal(a[name], b[name])}


@pytest.fixture(scope="module")
def trained() -> ae.Autoencoder:
    options = {"prior": StandardNormal(), "training": Training(epochs=1)}
    return ae.vae(2, layers=(8,), **options, random_state=0).fit(X)


@pytest.fixture(scope="module")
def quantized() -> ae.Autoencoder:
    posterior = VectorQuantizer(4, 1)
    options = {"objective": VQ(), "posterior": posterior, "network": FullyConnected((8,))}
    return ae.Autoencoder(2, **options, training=Training(epochs=1), random_state=0).fit(X)


@pytest.fixture(scope="module")
def file(trained, tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("models") / "m.ae"
    trained.save(path)
    return path


def test_a_start_without_steps_changes_nothing(trained, file, tmp_path) -> None:
    same = small(epochs=0).fit(3 * X[::-1] + 1, start=file)

    assert kept(same, trained) == {*state(trained)}
    assert np.array_equal(same.transform(X), trained.transform(X))
    assert np.array_equal(same.score_samples(X[:3]), trained.score_samples(X[:3]))
    assert [record.epoch for record in same.history_] == [0]

    same.save(tmp_path / "same.ae")
    assert repr(ae.load(tmp_path / "same.ae").objective) == repr(trained.objective)


@pytest.mark.parametrize("freeze", ["encoder", "decoder", ("encoder.network", "decoder.family")])
@pytest.mark.parametrize("which", ["trained", "quantized"])
def test_a_frozen_part_keeps_its_bits(which, freeze, request) -> None:
    start = request.getfixturevalue(which)
    training = Training(epochs=2, batch_size=20, validation_fraction=0, learning_rate=0.1)
    model = small(training=training).fit(X, start=start, freeze=freeze)
    parts = (freeze,) if isinstance(freeze, str) else freeze
    weights = dict(model.model_.named_parameters())
    inside = {n for n in state(model) if n.startswith(parts)}

    assert inside & kept(model, start) == inside
    assert not {n for n in weights if not n.startswith(parts)} & kept(model, start)
    assert all(p.requires_grad for p in weights.values())


def test_epoch_zero_is_kept_unless_an_epoch_is_better(trained) -> None:
    training = Training(epochs=1, learning_rate=0.5, weight_decay=0)
    model = small(training=training).fit(X, start=trained)
    losses = [record.validation["total"] for record in model.history_]

    assert [record.epoch for record in model.history_] == [0, 1]
    assert losses[0] < losses[1]
    assert kept(model, trained) >= {n for n in state(model) if not n.startswith("prior.")}


def test_a_model_may_start_from_itself(trained) -> None:
    model = small().fit(X, start=trained)
    before = {k: v.clone() for k, v in state(model).items()}
    again = model.fit(X, start=model)

    assert again is model
    assert model.history_[0].epoch == 0
    assert {*before} == {*state(model)}


@pytest.mark.parametrize(
    ("options", "arguments", "message"),
    [
        ({"latent_dim": 3}, {}, "expected latent_dim as in the model to start from, 2, got 3"),
        ({"objective": ae.objectives.Reconstruction()}, {}, "expected objective as in the"),
        ({"network": FullyConnected((4,))}, {}, "expected network as in the model"),
        ({"posterior": FullGaussian()}, {}, "expected posterior as in the model"),
        ({"likelihood": SharedGaussian()}, {}, "expected likelihood as in the model"),
        ({"modality": Images()}, {}, "expected modality as in the model"),
        ({"conditional": True}, {"y": [0, 1] * 30}, "expected conditional as in the model"),
        ({"training": ae.LeastSquares()}, {}, "which solves for the weights"),
        ({}, {"X": X[:, :3]}, "3 features"),
        ({}, {"X": np.zeros((9, 8, 8))}, "expected rows of 4 features"),
        ({}, {"freeze": "encodr"}, "no part 'encodr'. Use 'encoder'"),
        ({}, {"freeze": ["encoder", "decoder"]}, "leaves no weight to train"),
        ({}, {"freeze": "encoder", "start": None}, "weights that are not trained"),
        ({}, {"start": ae.vae(2)}, "one that is not fitted"),
        ({"training": Training(epochs=0)}, {"start": None}, "got epochs=0, which trains nothing"),
    ],
)
def test_what_does_not_fit_the_start_is_refused(trained, options, arguments, message) -> None:
    model = small(**options)

    with pytest.raises(ValueError, match=re.escape(message)):
        model.fit(**{"X": X, "start": trained} | arguments)

    assert not hasattr(model, "model_")


def test_starts_that_are_no_models_are_refused(file, tmp_path) -> None:
    damaged = tmp_path / "damaged.ae"
    damaged.write_bytes(file.read_bytes()[:-100])

    for start, error in ((damaged, ValueError), (tmp_path / "none", OSError), (3, TypeError)):
        with pytest.raises(error):
            small().fit(X, start=start)

    with pytest.raises(ValueError, match="from an encoder alone"):
        small().fit(X, start=ae.load(file, encoder_only=True))

    with pytest.raises(TypeError, match="expected freeze as 'encoder'"):
        small().fit(X, start=file, freeze=3)


def test_conditions_are_those_of_the_start(trained) -> None:
    y = np.repeat(["a", "b"], 30)
    options = {"conditional": True, "training": Training(epochs=1), "random_state": 0}
    start = ae.vae(2, layers=(8,), **options).fit(X, y)
    model = small(epochs=0).fit(X[:9], y[30:39], start=start)

    assert model.context_.classes_.tolist() == ["a", "b"]
    assert np.array_equal(model.transform(X, y), start.transform(X, y))

    with pytest.raises(ValueError, match="this model is conditional"):
        small().fit(X, start=start)


def test_a_finished_training_continues_with_more_epochs(trained, tmp_path) -> None:
    def fitted(epochs: int, **options) -> ae.Autoencoder:
        training = Training(epochs=epochs, batch_size=30, checkpoint_dir=tmp_path)
        return small(training=training).fit(X, start=trained, **options)

    first = fitted(1, freeze="encoder")
    longer = fitted(3, freeze="encoder", resume=True)

    assert [record.epoch for record in longer.history_] == [0, 1, 2, 3]
    assert longer.history_[:2] == first.history_

    for options in ({"epochs": 2}, {"epochs": 3, "freeze": None}):
        with pytest.raises(ValueError, match=r"cannot resume: expected the (argument|start)"):
            fitted(**{"freeze": "encoder", "resume": True} | options)


def test_the_command_line_starts_from_a_model(file, tmp_path, monkeypatch, capsys) -> None:
    monkeypatch.chdir(tmp_path)
    np.save("x.npy", X)
    words = ["fit", "x.npy", "--start", str(file), "--epochs"]

    assert main([*words, "0", "--out", "same.ae"]) == 0
    assert kept(ae.load("same.ae"), ae.load(file)) == {*state(ae.load(file))}

    assert main([*words, "1", "--freeze", "encoder", "decoder.network", "--out", "n.ae"]) == 0
    assert main([*words, "1", "--recipe", "autoencoder", "--out", "n.ae"]) == 2
    assert "expected objective as in the model to start from" in capsys.readouterr().err
    assert main([*words, "1", "--freeze", "coder", "--out", "n.ae"]) == 2
    assert "no part 'coder'" in capsys.readouterr().err


# Weights of examples, validation examples, and a function after each epoch

WEIGHTS = np.random.default_rng(1).integers(0, 4, len(X))


def gradient(examples: Examples) -> torch.Tensor:
    torch.manual_seed(0)
    blueprint = ae.autoencoder(2, layers=(3,), training=Training(epochs=1)).fit(X).blueprint_
    step = blueprint.train_step(blueprint.build().double()).double()
    step.normalize = torch.nn.Identity()
    weighted(step(examples).total, examples.weights).mean().backward()

    return torch.cat([p.grad.flatten() for p in step.model.parameters() if p.grad is not None])


def test_a_weight_of_two_equals_the_example_twice() -> None:
    x = torch.from_numpy(X[WEIGHTS > 0])
    w = torch.from_numpy(WEIGHTS[WEIGHTS > 0])
    one = Examples(x, weights=w.double() / w.double().mean())

    torch.testing.assert_close(gradient(one), gradient(Examples(x.repeat_interleave(w, dim=0))))


def test_weights_count_in_the_closed_form_in_scores_and_in_measures() -> None:
    y, repeated = np.arange(len(X)) % 2, np.repeat(X, WEIGHTS, axis=0)
    one = ae.linear(2, conditional=True).fit(X, y, sample_weight=WEIGHTS)
    two = ae.linear(2, conditional=True).fit(repeated, np.repeat(y, WEIGHTS))
    both = (X, y), (repeated, np.repeat(y, WEIGHTS))

    np.testing.assert_allclose(one.reconstruct(X, y), two.reconstruct(X, y), atol=1e-4)
    np.testing.assert_allclose(one.score(*both[0], WEIGHTS), one.score(*both[1]), rtol=1e-4)

    terms = one.evaluate(*both[0], sample_weight=WEIGHTS), one.evaluate(*both[1])
    np.testing.assert_allclose(terms[0]["total"], terms[1]["total"], rtol=1e-4)


def test_an_example_of_weight_zero_is_left_out() -> None:
    weights = WEIGHTS[WEIGHTS > 0].astype(np.uint8)
    one = small(latent_dim=1).fit(X, sample_weight=WEIGHTS.tolist())
    two = small(latent_dim=1).fit(X[WEIGHTS > 0], sample_weight=weights[:, None])

    assert kept(one, two) == {*state(one)}
    assert one.history_[0].train == two.history_[0].train


def test_examples_are_spread_in_the_sum_of_weights() -> None:
    weights = torch.tensor([1.0, 0.5, 2.5, 4.0])
    rows = Examples(torch.arange(4), weights=weights).spread(4).rows

    assert rows.tolist() == [0, 2, 3, 3]
    assert Examples(torch.arange(4), weights=torch.ones(4)).spread(4).rows.tolist() == [0, 1, 2, 3]


@pytest.mark.parametrize(
    ("weights", "message"),
    [
        ([1] * 59, "one number for each of 60 examples"),
        ([[1, 2]] * 60, "one number for each of 60 examples"),
        ([0] * 60, "got only zeros"),
        ([1] * 59 + [-1], "got -1.0 in row 59"),
        ([np.nan] + [1] * 59, "got nan in row 0"),
        ([1] * 59 + [np.inf], "got inf in row 59"),
        (["a"] * 60, "as numbers >= 0"),
        ([1j] * 60, "as numbers >= 0"),
    ],
)
def test_invalid_weights_are_refused(weights, message) -> None:
    for call in (small(latent_dim=1).fit, ae.linear(1).fit(X).score):
        with pytest.raises((ValueError, TypeError), match=message):
            call(X, sample_weight=weights)


def test_losses_that_are_no_sums_over_examples_have_no_weights() -> None:
    for model in (ae.wae(2), ae.vq_vae(2), small(likelihood=SharedGaussian(optimal=True))):
        with pytest.raises(ValueError, match="needs a loss that is a sum over examples"):
            model.fit(X, sample_weight=WEIGHTS)


@pytest.mark.parametrize("name", ae.objectives.__all__)
def test_objectives_say_if_they_couple_examples(name: str) -> None:
    kind = getattr(ae.objectives, name)

    if not (isinstance(kind, type) and issubclass(kind, ae.objectives.Objective)):
        return

    if inspect.isabstract(kind) or name in {"AdaGVAE", "ImageSimilarity", "Matryoshka"}:
        return

    objective, totals = kind(), []
    network = FullyConnected((5,))
    parts = objective.posterior(), SharedGaussian(), StandardNormal()
    torch.manual_seed(0)
    model = LatentModel.build(network, (4,), 4, *parts).eval()
    objective = objective.build(model, 8).eval()

    for other in (0.0, 3.0):
        x = torch.linspace(-1, 1, 32).reshape(8, 4).clone()
        x[1:] += other
        torch.manual_seed(1)
        totals.append(float(objective(model, x, x).total[0].detach()))

    assert (totals[0] != pytest.approx(totals[1], rel=1e-5)) == objective.couples_examples


def test_validation_examples_are_given(tmp_path, monkeypatch) -> None:
    y, seen = np.arange(len(X)) % 2, []
    training = Training(epochs=3, precision="float32")
    model = ae.autoencoder(1, layers=(4,), conditional=True, training=training)
    model.set_params(modality=ae.modalities.Tables("none"))  # whose units are those of the loss
    model.fit(X, y, validation=(X[:7], y[:7]), after_epoch=lambda record: seen.append(record))
    terms = model.evaluate(X[:7], y[:7])
    best = min(model.history_, key=lambda record: record.validation["total"])

    assert [dict(record._asdict()) for record in seen] == [dict(r) for r in model.history_]
    assert terms["total"] == pytest.approx(best.validation["total"], rel=1e-4)

    monkeypatch.chdir(tmp_path)
    table = pd.DataFrame(X, columns=[*"abcd"]).assign(w=WEIGHTS)
    table.to_csv("t.csv", index=False)
    table.drop(columns="w")[:9].to_csv("v.csv", index=False)
    words = ["fit", "t.csv", "--latent-dim", "1", "--epochs", "1", "--weight-column", "w"]

    assert main([*words, "--validation", "v.csv", "--out", "m.ae"]) == 0
    one = ae.load("m.ae")
    two = ae.autoencoder(1, training=Training(epochs=1), random_state=one.random_state)
    two.fit(table[[*"abcd"]], sample_weight=table.w, validation=table[[*"abcd"]][:9])
    assert one.feature_names_in_.tolist() == [*"abcd"]
    assert one.history_[0].validation.keys() == two.history_[0].validation.keys()


def test_a_function_may_end_the_training() -> None:
    assert len(small(3, latent_dim=1).fit(X, after_epoch=lambda r: r.epoch == 2).history_) == 2

    for function, message in ((3, "as a function"), (lambda r: 1.5, "to return True")):
        with pytest.raises(TypeError, match=message):
            small(latent_dim=1).fit(X, after_epoch=function)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"validation": (X,)}, "got 1 parts"),
        ({"validation": X[:, :2]}, "2 features"),
        ({"validation": X, "groups": ["a", "b"] * 30}, "groups has no effect together with"),
        ({"validation": X, "corrupted": X}, "no damaged versions"),
        ({"validation": (X, None, X)}, "has damaged versions, unlike"),
        ({"validation": (X, None, X[:5]), "corrupted": X}, "one row of each"),
    ],
)
def test_validation_examples_without_effect_are_refused(options, message) -> None:
    with pytest.raises(ValueError, match=message):
        small(latent_dim=1).fit(X, **options)

    with pytest.raises(ValueError, match="validation_fraction has no effect"):
        small(training=Training(validation_fraction=0.1)).fit(X, validation=X)


def test_validation_examples_may_be_damaged() -> None:
    damaged, training = X + 1, Training(epochs=1, precision="float32")
    options = {"modality": ae.modalities.Tables("none"), "random_state": 0}
    model = ae.autoencoder(1, layers=(4,), training=training, **options)
    model.fit(X, corrupted=damaged, validation=(X[:9], None, damaged[:9]))

    clean, repaired = model.reconstruct(X[:9]), model.reconstruct(damaged[:9])
    step = model.blueprint_.train_step(model.model_, objective=model.objective_)
    x, seen = (torch.from_numpy(part[:9]).float() for part in (X, damaged))

    with torch.no_grad():
        expected = step.eval()(Examples(x, seen)).total.mean().item()

    assert model.history_[-1].validation["total"] == pytest.approx(expected, rel=1e-4)
    assert not np.allclose(clean, repaired)


def test_the_command_line_weighs_scores_and_evaluations(tmp_path, monkeypatch, capsys) -> None:
    monkeypatch.chdir(tmp_path)
    table = pd.DataFrame(X, columns=[*"abcd"])
    table.assign(w=WEIGHTS).to_csv("t.csv", index=False)
    model = ae.linear(1).fit(table)
    model.save("m.ae")
    expected = np.average(model.reconstruction_error(table), weights=WEIGHTS)

    assert main(["score", "m.ae", "t.csv", "--weight-column", "w", "--out", "s.csv"]) == 0
    printed = capsys.readouterr().out
    assert f"weighted mean of {len(X)} examples: {expected:.6g}" in printed

    words = ["evaluate", "m.ae", "t.csv", "--weight-column", "w", "--out", "e.json"]
    assert main([*words, "--train", "t.csv"]) == 0
    found = json.loads(Path("e.json").read_text())
    total = model.evaluate(table, sample_weight=WEIGHTS)["total"]
    assert total == pytest.approx(_number(found, "total"), rel=1e-5)

    for words, message in (
        (["score", "m.ae", "t.csv", "--weight-column", "v"], "there is no 'v'"),
        (["score", "m.ae", "t.csv", "--weight-column", "w", "--cells"], "cannot be combined"),
    ):
        assert main(words) == 2
        assert message in capsys.readouterr().err


def _number(document: Any, name: str) -> float:
    value = document.get("measures", document)[name]
    return value["value"] if isinstance(value, dict) else value
