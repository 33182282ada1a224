r"""
Anomalies
=========

This tutorial detects unusual examples with a model that has seen normal ones only. The data are 30
measurements of each of 569 breast tumors, and come with scikit-learn. The detector is fitted to
benign tumors and must recognize malignant ones, which it has never seen.
"""

# %%
# The data
# --------

import warnings

import numpy as np
from matplotlib.figure import Figure
from sklearn.datasets import load_breast_cancer
from sklearn.ensemble import IsolationForest
from sklearn.metrics import roc_auc_score

import autoencode as ae

data = load_breast_cancer()
benign, malignant = data.data[data.target == 1], data.data[data.target == 0]
train = benign[::2]
test = np.concatenate([benign[1::2], malignant])
is_malignant = np.r_[np.zeros(len(benign[1::2])), np.ones(len(malignant))]
print(f"{len(train)} benign tumors to fit, {len(test)} tumors to judge")

# %%
# Detect
# ------
#
# `OffManifoldDetector` is an outlier detector with scikit-learn's interface. It learns the surface
# near which normal examples lie, the manifold. An example is unusual if it lies off this surface,
# or in a region of it without data.
#
# `fit` warns that single rows make up half of the variance of a column: the numbers have a heavy
# tail. The warning is turned off here, and examined below.

warnings.simplefilter("ignore", ae.FitWarning)
detector = ae.manifold.OffManifoldDetector(random_state=0).fit(train)
forest = IsolationForest(random_state=0).fit(train)

# %%
# The area under the ROC curve is the probability that a malignant tumor is ranked as more unusual
# than a benign one: 1 is perfect, and one half is chance.

on, off = detector.decompose(test)
scores = {
    "both parts": detector.score_samples(test),
    "on the manifold": on,
    "off the manifold": off,
    "isolation forest": forest.score_samples(test),
}

for name, score in scores.items():
    print(f"{name:<17} {roc_auc_score(is_malignant, -score):.3f}")

# %%
# Each tumor by its two parts, in nats. Malignant tumors differ in both.

labels = np.where(is_malignant == 1, "malignant", "benign")
figure = Figure(figsize=(6, 4), layout="constrained")
ax = figure.add_subplot(xlabel="on the manifold", ylabel="off the manifold")

for label in ("malignant", "benign"):
    ax.scatter(on[labels == label], off[labels == label], s=8, label=label)

ax.set_xscale("symlog", linthresh=100)
ax.set_yscale("symlog", linthresh=100)
ax.legend()
figure

# %%
# The usual remedy for a heavy tail is the logarithm. Here it does harm, because malignant tumors
# differ from benign ones by their extreme values. Such a comparison needs some labeled anomalies.

logarithms = ae.manifold.OffManifoldDetector(random_state=0).fit(np.log(train + 0.001))
score = logarithms.score_samples(np.log(test + 0.001))
print(f"both parts, of logarithms: {roc_auc_score(is_malignant, -score):.3f}")

# %%
# Decide
# ------
#
# `predict` returns -1 for an anomaly and 1 for a normal example. By default, about one
# in a hundred normal examples is called an anomaly. `p_values` returns the fraction of normal
# examples that are at least as unusual, so that you can choose the threshold.

called = detector.predict(test) == -1
print(f"{called[is_malignant == 1].mean():.0%} of the malignant tumors are called anomalies")
print(f"{called[is_malignant == 0].mean():.0%} of the benign tumors are called anomalies")

p = detector.p_values(test)
print(f"p below 0.1: {(p[is_malignant == 1] < 0.1).mean():.0%} of the malignant", end=", ")
print(f"{(p[is_malignant == 0] < 0.1).mean():.0%} of the benign")

# %%
# Explain
# -------
#
# `explain` returns the deviation of each feature from the manifold, with its sign. The unit is the
# typical distance of normal examples from the manifold.

worst = malignant[detector.score_samples(malignant).argmin()]
residual = detector.explain(worst[None])[0]

for i in np.argsort(-np.abs(residual))[:4]:
    print(f"{residual[i]:+6.1f}  {data.feature_names[i]}")

# %%
# What can go wrong
# -----------------
#
# - **The training data contain anomalies.** Set their fraction: `contamination=0.05`. The
#   threshold then marks this fraction of the training data.
# - **Almost everything new is called an anomaly.** The new data differ from the training data as
#   a whole, for example in a unit. `manifold.report(model, X, X_new)` compares both. If the
#   model was trained before, fit the detector to examples that the model has not seen.
# - **Almost nothing is called an anomaly.** A larger `contamination` moves the threshold. Look
#   at the ranking first, with `score_samples`: it does not depend on the threshold.
# - **Numbers with a heavy tail** make a few rows dominate. Compare the detector of the
#   logarithms with that of the numbers, as above.
# - **There are fewer than about 50 normal examples.** Then the isolation forest and the distance
#   to the nearest neighbor are strong competitors. Compare before you choose.
