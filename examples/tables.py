r"""Tables: codes of wines, their densities, and new wines."""

import numpy as np
from sklearn.datasets import load_wine

import autoencode as ae

wine = load_wine()
model = ae.vae(latent_dim=2, random_state=0).fit(wine.data)

print("codes:", model.transform(wine.data)[:3].round(2).tolist())
print("least likely wines:", np.argsort(model.score_samples(wine.data))[:5].tolist())
print("a new wine:")

for name, value in zip(wine.feature_names, model.sample(random_state=0)[0], strict=True):
    print(f"  {name:<30} {value:.2f}")

ae.plots.codes(model, wine.data, wine.target).savefig("wines.png")
print("wrote wines.png")
