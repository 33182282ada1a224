r"""Tests of conditional models in pipelines, by the metadata routing of scikit-learn."""

import numpy as np
import pytest
from sklearn import config_context
from sklearn.datasets import load_wine
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, KFold, cross_validate
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import autoencode as ae
from autoencode.priors import StandardNormal

X, Y = load_wine(return_X_y=True)
C = np.where(X[:, 0] > 13, "strong", "weak")  # the context, which is not the target
TRAINING = ae.Training(epochs=1, validation_fraction=0)
OPTIONS = {"layers": (8,), "training": TRAINING, "prior": StandardNormal(), "random_state": 0}
FOLDS = KFold(3, shuffle=True, random_state=0)
pytestmark = pytest.mark.filterwarnings("ignore::UserWarning")


def conditional() -> ae.Autoencoder:
    model = ae.vae(2, conditional=True, **OPTIONS)
    model.set_fit_request(context=True).set_transform_request(context=True)
    return model.set_score_request(context=True)


def test_pipelines_pass_the_context_to_each_step() -> None:
    with config_context(enable_metadata_routing=True):
        pipe = make_pipeline(StandardScaler(), conditional(), LogisticRegression())
        pipe.fit(X, Y, context=C)
        x = pipe[0].transform(X)
        alone = ae.vae(2, conditional=True, **OPTIONS).fit(x, C)

        assert np.array_equal(pipe[1].transform(x, C), alone.transform(x, C))
        assert np.array_equal(pipe.predict(X, context=C), pipe[2].predict(alone.transform(x, C)))
        assert pipe.score(X, Y, context=C) > 0.5

        with pytest.raises(ValueError, match=r"conditional"):
            pipe.predict(X)


def test_searches_and_validations_split_the_context() -> None:
    with config_context(enable_metadata_routing=True):
        pipe = make_pipeline(StandardScaler(), conditional())
        found = cross_validate(pipe, X, params={"context": C}, cv=FOLDS)
        search = GridSearchCV(pipe, {"autoencoder__latent_dim": [1, 2]}, cv=FOLDS)
        search.fit(X, context=C)

        expected = []

        for train, test in FOLDS.split(X):
            scaler = StandardScaler().fit(X[train])
            model = ae.vae(2, conditional=True, **OPTIONS).fit(
                scaler.transform(X[train]), C[train]
            )
            expected.append(model.score(scaler.transform(X[test]), C[test]))

        np.testing.assert_allclose(found["test_score"], expected, rtol=1e-6)
        np.testing.assert_allclose(search.cv_results_["mean_test_score"][1], np.mean(expected))


def test_without_routing_the_context_is_y() -> None:
    model = ae.vae(2, conditional=True, **OPTIONS)
    one, two = model.fit_transform(X, C), model.fit_transform(X, Y, context=C)

    assert np.array_equal(one, two)
    assert model.score(X, C) == model.score(X, context=C) == model.score(X, Y, context=C)

    with pytest.raises(ValueError, match="context has no effect"):
        ae.vae(2, **OPTIONS).fit(X, context=C)
