r"""Augmentation: 100 labeled digits, moved along tangent planes learned without labels."""

import numpy as np
from sklearn.base import ClassifierMixin
from sklearn.linear_model import LogisticRegression
from sklearn.svm import SVC

import autoencode as ae
from autoencode import manifold

digits = ae.datasets.digits()
X, y, X_test, y_test = digits.X[:1200], digits.y[:1200], digits.X[1200:], digits.y[1200:]
training = ae.Training(epochs=60)
model = ae.denoising(8, layers=(128,), training=training, random_state=0).fit(X)

planes = {
    "of the model": manifold.Tangents(model).fit(X),
    "of neighbors": manifold.Tangents(model, source="neighbors").fit(X),
}
draws = [np.random.default_rng(seed).permutation(len(X))[:100] for seed in range(5)]


def error(classifier: ClassifierMixin, images: np.ndarray, labels: np.ndarray) -> float:
    r"""Returns the fraction of misclassified test digits."""
    classifier.fit(images.reshape(len(images), -1) / 255, labels)
    return 1 - classifier.score(X_test.reshape(len(X_test), -1) / 255, y_test)


for classifier in (SVC(), LogisticRegression(max_iter=2000)):
    plain = [error(classifier, X[rows], y[rows]) for rows in draws]
    print(f"{type(classifier).__name__}, wrong without augmentation: {np.mean(plain):.1%}")

    for name, tangents in planes.items():
        augment = manifold.TangentAugment(tangents, scale=0.5)
        helped = []

        for rows in draws:
            moved = [augment(X[rows], random_state=n) for n in range(5)]
            helped.append(
                error(classifier, np.concatenate([X[rows], *moved]), np.tile(y[rows], 6))
            )

        change = np.subtract(helped, plain)
        print(f"  along the planes {name:<13}: {np.mean(helped):.1%},", end=" ")
        print(f"a change of {change.mean():+.1%} ± {change.std(ddof=1) / 5**0.5:.1%}")
