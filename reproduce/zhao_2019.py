r"""Anomalies of a table (PyOD, Zhao et al., 2019)."""

from experiment import Experiment, Size
from sklearn.datasets import load_breast_cancer, load_digits, load_iris
from sklearn.ensemble import IsolationForest
from sklearn.metrics import roc_auc_score
from sklearn.neighbors import LocalOutlierFactor, NearestNeighbors
from sklearn.preprocessing import StandardScaler

import autoencode as ae

SETS = {  # the class that is rare, and how many of it are kept
    "breast cancer": (load_breast_cancer, 0, 36),
    "iris": (load_iris, 2, 10),
    "digits": (load_digits, 6, 60),
}


def run(size: Size, seed: int) -> dict[str, float]:
    figures = {}

    for name in ["breast cancer", "iris"] if size == "short" else SETS:
        load, rare, n = SETS[name]
        X, y = load(return_X_y=True)
        X = StandardScaler().fit_transform(X)
        normal, anomalies = X[y != rare], X[y == rare][:n]
        half = len(normal) // 2
        tested = [*normal[half:], *anomalies]
        is_anomaly = [0] * (len(normal) - half) + [1] * len(anomalies)
        neighbors = NearestNeighbors(n_neighbors=5).fit(normal[:half])

        scores = {
            "isolation forest": -IsolationForest(random_state=seed)
            .fit(normal[:half])
            .score_samples(tested),
            "local outlier factor": -LocalOutlierFactor(novelty=True)
            .fit(normal[:half])
            .score_samples(tested),
            "nearest neighbors": neighbors.kneighbors(tested)[0][:, -1],
            "OffManifoldDetector": -ae.manifold.OffManifoldDetector(random_state=seed)
            .fit(normal[:half])
            .score_samples(tested),
        }

        for method, score in scores.items():
            figures[f"{name}, {method}"] = 100 * roc_auc_score(is_anomaly, score)

    return figures


EXPERIMENT = Experiment(
    title="Anomalies of tables",
    source="Zhao et al. (2019), arxiv.org/abs/1901.01588: tables of detectors",
    measure="area under the curve of hits and false alarms, per cent",
    run=run,
    published={},
    order=[],
    note="The sets of the paper are not in package registries; these are of scikit-learn.",
)
