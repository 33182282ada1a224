r"""Anomaly detection: malignant tumors, by a model that has seen only benign ones."""

import numpy as np
from sklearn.datasets import load_breast_cancer
from sklearn.ensemble import IsolationForest
from sklearn.metrics import roc_auc_score

from autoencode import manifold

data = load_breast_cancer()
benign, malignant = data.data[data.target == 1], data.data[data.target == 0]
train, test = benign[::2], np.concatenate([benign[1::2], malignant])
unusual = np.r_[np.zeros(len(benign) // 2), np.ones(len(malignant))]

detector = manifold.OffManifoldDetector(random_state=0).fit(train)
forest = IsolationForest(random_state=0).fit(train)
print("area under the ROC curve, 1 is perfect and a half is chance:")

for name, scores in {
    "along and across the manifold": detector.score_samples(test),
    "along the manifold alone": detector.decompose(test).on_manifold,
    "across the manifold alone": detector.decompose(test).off_manifold,
    "isolation forest": forest.score_samples(test),
}.items():
    print(f"  {name:<29}  {roc_auc_score(unusual, -scores):.3f}")

called = detector.predict(test) == -1
print(f"called anomalies: {called[unusual == 1].mean():.0%} of the malignant,", end=" ")
print(f"{called[unusual == 0].mean():.0%} of the benign")

worst = malignant[detector.score_samples(malignant).argmin()]
residual = detector.explain(worst[None])[0]
print("the most unusual one is off the manifold, in units of what is usual, by")

for i in np.argsort(-np.abs(residual))[:3]:
    print(f"  {residual[i]:+6.1f} in {data.feature_names[i]}")
