r"""
Mixed tables
============

This tutorial fills missing cells, draws new rows under a condition and finds implausible cells.
The table describes 442 patients with diabetes: numbers, counts and a category. It comes with
scikit-learn. Mixed tables need the extra `tables`.
"""

# %%
# The data
# --------
#
# A mixed table is a data frame of pandas, polars or Arrow. Numbers, categories, dates,
# booleans and missing cells may stand side by side.

import numpy as np
import pandas as pd
from sklearn.datasets import load_diabetes
from sklearn.ensemble import HistGradientBoostingClassifier

import autoencode as ae
from autoencode.corruptions import Masking

table = load_diabetes(as_frame=True, scaled=False).frame
table = table.rename(
    columns={"s1": "cholesterol", "s2": "ldl", "s3": "hdl", "s5": "log_triglycerides"}
).drop(columns=["s4", "s6"])
table["sex"] = table["sex"].map({1.0: "a", 2.0: "b"})  # the source does not say which is which
table["age"] = table["age"].astype(int)
table.head(3)

# %%
# A fifth of all cells is hidden. The hidden values are known, so that imputed values can be
# checked.

hidden = np.random.default_rng(0).random(table.shape) < 0.2
holes = table.convert_dtypes().mask(hidden)
print(f"{hidden.sum()} of {hidden.size} cells are missing")

# %%
# Fill missing cells
# ------------------
#
# `fit` takes the table with its missing cells. `Masking(0.2)` hides further cells during the
# training, so that the model learns to predict them from the others.

model = ae.vae(
    latent_dim=4,
    layers=(64,),
    corruption=Masking(0.2),
    training=ae.Training(epochs=150),
    random_state=0,
)
model.fit(holes)
filled = model.impute(holes)
filled.head(3)

# %%
# The error of imputed values is measured in standard deviations of each column. The mean of a
# column is the simplest prediction, and has an error of about 1.

numbers = [name for name in table.columns if name != "sex"]
truth = table[numbers].astype(float)
cells = hidden[:, [table.columns.get_loc(name) for name in numbers]]


def error(guess: pd.DataFrame) -> float:
    r"""Return the root mean squared error of the hidden numbers."""
    relative = ((guess.astype(float) - truth) / truth.std()).to_numpy()
    return np.sqrt(np.mean(relative[cells] ** 2))


means = pd.DataFrame(0.0, truth.index, numbers) + holes[numbers].astype(float).mean()
print(f"error of imputed numbers: {error(filled[numbers]):.2f} standard deviations")
print(f"error of column means:    {error(means):.2f} standard deviations")

# %%
# For hidden categories, the model is hardly better than the most frequent level. It describes all
# columns at once, and spends little of its code on this one. A classifier that is
# trained for this column alone does better, so use one if a single column matters.

gaps = hidden[:, table.columns.get_loc("sex")]
inputs = holes[numbers].astype(float)
classifier = HistGradientBoostingClassifier(max_depth=3, max_iter=50)
classifier.fit(inputs[~gaps], table["sex"][~gaps])
print(f"most frequent level: {(table['sex'] == table['sex'].mode()[0])[gaps].mean():.0%} right")
print(f"impute:              {(filled['sex'] == table['sex'])[gaps].mean():.0%} right")
print(f"a classifier:        {classifier.score(inputs[gaps], table['sex'][gaps]):.0%} right")

# %%
# The codes of all patients, colored by `target`, the progression of the disease after one year.

ae.plots.codes(model, holes, table["target"])

# %%
# New rows
# --------
#
# `sample` draws new patients. `conditions` fixes some of their cells.

model.sample(3, conditions={"sex": "b", "age": 70}, random_state=0)

# %%
# Implausible cells
# -----------------
#
# `cell_surprisal` returns how unlikely each cell is, given the rest of its row, in nats. Here an
# error is planted: the patient with the lowest LDL cholesterol gets a total cholesterol of 250.
# Others have more, so the column alone does not show the error.

patient = table["ldl"].argmin()
planted = table.copy()
planted.loc[patient, "cholesterol"] = 250
surprisal = np.asarray(model.cell_surprisal(planted), dtype=float)
row, column = np.unravel_index(np.nanargmax(surprisal), surprisal.shape)
print(f"planted: row {patient}, column cholesterol")
print(f"most surprising cell: row {row}, column {table.columns[column]}")
print(f"highest cholesterol of other patients: {table['cholesterol'].max():.0f}")

# %%
# What can go wrong
# -----------------
#
# - **Imputed cells are no better than column means.** The columns may be independent: there is
#   nothing to learn from. Otherwise train longer, or hide more cells with `Masking(0.3)`.
# - **Missing cells are written as numbers**, such as -999. They are never guessed. Read the file
#   with `read_table(path, missing_values=["-999"])`; `fit` warns about such numbers.
# - **Names or identifiers stand in a column.** They reappear in new rows, which may violate
#   privacy. `fit` warns about such columns; drop them.
# - **Numbers stand for categories**, such as postal codes. Convert the column to text, or use
#   `--text-columns zip` on the command line.
# - **A rare category never appears in new rows.** Draw rows with `conditions={"column": "level"}`.
