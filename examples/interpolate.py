r"""Interpolation between digits along the manifold, and where it is safe."""

import numpy as np

import autoencode as ae
from autoencode import manifold

digits = ae.datasets.digits()
X, X_test, y_test = digits.X[:1300], digits.X[1300:], digits.y[1300:]
training = ae.Training(epochs=60)
model = ae.denoising(latent_dim=8, layers=(128,), training=training, random_state=0).fit(X)

Z = model.transform(X_test)
neighbors = manifold.NeighborGraph(n_neighbors=10).fit(Z).indices_
angles = manifold.Tangents(model).fit(X).principal_angles(X_test, neighbors)
same = y_test[:, None] == y_test[neighbors]
print("angle between the planes of neighbors, share of them, and how many are the same digit")

for low, high in [(0, 15), (15, 30), (30, 90)]:
    edges = (angles >= low) & (angles < high)
    print(f"  {low:>2} to {high:>2} degrees  {edges.mean():4.0%}  {same[edges].mean():4.0%}")

geodesics = manifold.Geodesics(model, n_points=32)
lines = np.linspace(Z[:100], Z[100:200], 32, axis=1)
lengths = geodesics.distance(X_test[:100], X_test[100:200])
shorter = 1 - lengths / geodesics.length(lines)
print(
    f"100 geodesics are shorter than straight lines of codes by {shorter.mean():.1%} on average,"
)
print(f"and by {shorter.max():.1%} at most")

farthest = shorter.argmax()
figure = ae.plots.geodesics(geodesics, X_test[farthest], X_test[100 + farthest])
figure.savefig("interpolated.png")
print("wrote interpolated.png")
