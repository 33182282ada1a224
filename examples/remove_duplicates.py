r"""Removal of near-duplicates: darkened and noisy copies of images."""

import numpy as np

import autoencode as ae
from autoencode import manifold

digits = ae.datasets.digits().X
rng = np.random.default_rng(0)
copied = rng.choice(len(digits), size=100, replace=False)
copies = digits[copied] * rng.uniform(0.9, 1, (100, 1, 1)) + rng.normal(scale=8, size=(100, 8, 8))
X = np.concatenate([digits, copies.clip(0, 255).astype(np.uint8)])

training = ae.Training(epochs=60)
model = ae.denoising(latent_dim=16, layers=(128,), training=training, random_state=0).fit(X)
graph = manifold.NeighborGraph(n_neighbors=10).fit(model.transform(X))
nearest = graph.distances_[:, 0]

print("of 1797 digits and 100 copies of them, darkened and with noise,")

for share in (0.02, 0.05, 0.1):
    threshold = np.quantile(nearest, share)
    groups = manifold.find_duplicates(graph, threshold)
    pairs = {(first, other) for first, *others in groups for other in others}
    found = pairs & set(zip(copied, range(len(digits), len(X))))
    print(f"  {len(pairs):>3} are within {threshold:.2f} of another, {len(found)} of them copies")

kept = np.delete(X, [other for _, other in pairs], axis=0)
print(f"{len(kept)} are left without these")
