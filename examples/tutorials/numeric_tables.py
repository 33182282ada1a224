r"""
Numeric tables
==============

This tutorial makes a map of a table, finds unlikely rows and draws new rows. The table holds 13
chemical measurements of each of 178 wines from three cultivars, and comes with scikit-learn.
"""

# %%
# The data
# --------
#
# A table of numbers is an array with one row per example. Its columns may have any units: the
# model scales them, and results have the units of the table.

import numpy as np
from sklearn.datasets import load_wine
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import autoencode as ae

wine = load_wine()
train, test, y_train, y_test = train_test_split(
    wine.data, wine.target, test_size=0.3, random_state=0, stratify=wine.target
)
print(train.shape, test.shape)

# %%
# A map
# -----
#
# A code of two numbers is a map. The cultivars are used for the colors only: the model has never
# seen them.

model = ae.vae(latent_dim=2, random_state=0).fit(train)
ae.plots.codes(model, wine.data, np.array(wine.target_names)[wine.target])

# %%
# Few rows call for a comparison with a linear model. `score` is the mean log-density of held-out
# wines in nats; higher is better. `linear` has no density, so the comparison is with a VAE without
# hidden layers.

flat = ae.vae(latent_dim=2, layers=(), random_state=0).fit(train)
print(f"vae:                       {model.score(test):.2f} nats per held-out wine")
print(f"vae without hidden layers: {flat.score(test):.2f} nats per held-out wine")

# %%
# Unlikely rows
# -------------
#
# `score_samples` gives the log-density of each row, in the units of the table. A wine with 18 %
# alcohol is less likely than any held-out wine; the strongest wine of the table has 14.8 %.

strong = test[:1].copy()
strong[0, wine.feature_names.index("alcohol")] = 18
print(f"a held-out wine:                {model.score_samples(test[:1])[0]:.1f} nats")
print(f"the same with 18 % alcohol:     {model.score_samples(strong)[0]:.1f} nats")
print(f"the least likely held-out wine: {model.score_samples(test).min():.1f} nats")

# %%
# New rows
# --------
#
# New wines have the means and the correlations of real ones.

new = model.sample(1000, random_state=0)
shift = np.abs(new.mean(axis=0) - wine.data.mean(axis=0)) / wine.data.std(axis=0)
gap = np.abs(np.corrcoef(new.T) - np.corrcoef(wine.data.T)).mean()
print(f"largest difference of means: {shift.max():.2f} standard deviations")
print(f"mean difference of correlations: {gap:.2f}")

# %%
# In a pipeline
# -------------
#
# The model is a scikit-learn estimator. This pipeline classifies the codes of a linear
# autoencoder, which is quick to fit, and a grid search chooses their size. `linear` finds the
# principal components of the given numbers, so the pipeline scales the columns first.

pipeline = make_pipeline(StandardScaler(), ae.linear(), LogisticRegression())
search = GridSearchCV(pipeline, {"autoencoder__latent_dim": [1, 2, 4, 8]}, cv=3)
search.fit(train, y_train)
print("chosen size of the code:", search.best_params_["autoencoder__latent_dim"])
print(f"accuracy on held-out wines: {search.score(test, y_test):.2f}")

# %%
# What can go wrong
# -----------------
#
# - **A deep model is no better than a linear one.** Small tables are often nearly linear. Keep the
#   simpler model.
# - **One column dominates.** An extreme value makes the rest of its column look constant. Remove
#   or clip it, or use `modality=MixedTables()`, which replaces numbers by their normal scores.
# - **Log-densities are positive, or change with the units.** This is correct: a log-density in
#   liters differs from one in milliliters. Only compare densities of the same table in the same
#   units.
# - **The held-out score is far below the training score.** Use a smaller network, or
#   `Training(patience=10)`.
# - **Missing values** are refused in arrays of numbers. The tutorial on mixed tables shows how to
#   fill them.
