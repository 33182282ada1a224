r"""Tables of mixed columns: imputation, new rows, and rows under a condition."""

import numpy as np
import pandas as pd
from sklearn.datasets import load_wine
from sklearn.ensemble import RandomForestClassifier

import autoencode as ae
from autoencode.corruptions import Masking

wine = load_wine(as_frame=True)
table = wine.data.assign(
    cultivar=wine.target.map({0: "Barolo", 1: "Grignolino", 2: "Barbera"}),
    strong=wine.data["alcohol"] > 13,
    proline=wine.data["proline"].astype(int),
)

rng = np.random.default_rng(0)
test = rng.random(len(table)) < 0.3
hidden = rng.random(table.shape) < 0.2
holes = table.astype(object).mask(hidden).convert_dtypes()

training = ae.Training(epochs=400)
model = ae.vae(4, corruption=Masking(0.2), layers=(64,), training=training, random_state=0)
model.fit(holes[~test])

# Missing cells: errors in standard deviations of their columns, and shares of wrong levels
filled = model.impute(holes[test])
numbers = wine.data.columns
gaps = hidden[test][:, : len(numbers)]
spread = table[numbers].std()
means = holes.loc[~test, numbers].astype(float).mean()
truth = table.loc[test, numbers]


def error(guess: pd.DataFrame) -> float:
    r"""Returns the root mean square error of the cells that were hidden."""
    return float(np.sqrt(np.mean(((guess - truth) / spread).to_numpy(float)[gaps] ** 2)))


print(f"error of imputed numbers: {error(filled[numbers].astype(float)):.2f}")
print(f"error of column means:    {error(truth * 0 + means):.2f}")

# Train on new rows, test on real ones
new = model.sample(500, random_state=0)
forest = RandomForestClassifier(random_state=0)

for name, rows in {"real": table[~test], "new": new}.items():
    forest.fit(rows[numbers].astype(float), rows["cultivar"].astype(str))
    accuracy = forest.score(truth, table.loc[test, "cultivar"])
    print(f"accuracy of a forest trained on {len(rows)} {name} rows: {accuracy:.2f}")

print("new rows of one kind:")
print(
    model.sample(3, conditions={"cultivar": "Barolo"}, random_state=0).iloc[:, [0, 6, 12, 13, 14]]
)

planted = table[test].copy()
planted.iloc[3, planted.columns.get_loc("hue")] = 9.9
cells = model.cell_surprisal(planted)
row, column = np.unravel_index(np.nanargmax(cells), cells.shape)
print(f"strangest cell: row {row}, column {table.columns[column]}; planted in row 3, column hue")
