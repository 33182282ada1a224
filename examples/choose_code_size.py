r"""Choice of the code size: intrinsic dimension, and quality of codes of several sizes."""

import autoencode as ae
from autoencode import manifold

X = ae.datasets.digits().X
train, test = X[:1300], X[1300:]

print("the dimension of the data, by the neighbors of each example")

for method in ("twonn", "mle", "gride"):
    d = manifold.intrinsic_dimension(train, method=method)
    print(f"  {method:<5}  {d.value:.1f} ± {d.standard_error:.1f}")

print("codes of new digits")
print("  size  squared error  trustworthiness  continuity")

for size in (2, 4, 6, 8, 12, 16):
    training = ae.Training(epochs=60)
    model = ae.autoencoder(size, layers=(128,), training=training, random_state=0).fit(train)
    Z = model.transform(test)
    row = [
        model.reconstruction_error(test).mean(),
        manifold.trustworthiness(test, Z).value,
        manifold.continuity(test, Z).value,
    ]
    print("  {:>4}  {:>13.2f}  {:>15.3f}  {:>10.3f}".format(size, *row))
