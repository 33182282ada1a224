r"""
Images
======

This tutorial compresses small images, generates new ones and removes noise. The images are the
1,797 handwritten digits of scikit-learn, with 8 by 8 pixels. The same calls take larger images in
gray or color, and the path of a folder instead of an array.
"""

# %%
# The data
# --------
#
# Images are one array with shape `(N, H, W)`, or `(N, H, W, 3)` for color. The last 297 digits are
# held out: no model below sees them during its training.

import numpy as np

import autoencode as ae

digits = ae.datasets.digits()
train, test = digits.X[:1500], digits.X[1500:]
print(train.shape, train.dtype)

# %%
ae.plots.samples(train[:40])

# %%
# Compress
# --------
#
# An autoencoder replaces the 64 pixels of a digit by a code of 8 numbers, and decodes the code to
# an image. `linear` is principal component analysis. It shows what a model without hidden layers
# can do with 8 numbers.

deep = ae.autoencoder(latent_dim=8, layers=(256,), random_state=0).fit(train)
linear = ae.linear(latent_dim=8).fit(train)

for name, model in {"autoencoder": deep, "linear": linear}.items():
    error = model.reconstruction_error(test).mean()
    print(f"{name}: squared error {error:.2f} per held-out digit")

# %%
# The error is the sum of the squared differences of all pixels, with intensities from 0 to 1.
# The pictures show each held-out digit above its reconstruction.

ae.plots.reconstructions(deep, test[:10])

# %%
# `transform` returns the codes. They can be used wherever numbers are used: in a classifier, a
# clustering or a database.

codes = deep.transform(test)
print(codes.shape)
print(codes[0].round(2))

# %%
# Generate
# --------
#
# A variational autoencoder (VAE) also learns where codes lie, and draws new codes from there. With
# `conditional=True` it takes labels, and draws new digits of a given label.

vae = ae.vae(latent_dim=8, layers=(256,), conditional=True, random_state=0)
vae.fit(train, digits.y[:1500])
new = vae.sample(40, y=np.repeat([0, 3, 5, 8], 10), random_state=0)
ae.plots.samples(new)

# %%
# `score_samples` estimates the log-density of an image under the model, in nats. Digits that were
# held out have a much higher density than the same pixels in a random order.

shuffled = np.random.default_rng(0).permuted(test.reshape(-1, 64), axis=1).reshape(test.shape)
print(f"held-out digits: {vae.score_samples(test, digits.y[1500:]).mean():.1f} nats")
print(f"shuffled pixels: {vae.score_samples(shuffled, digits.y[1500:]).mean():.1f} nats")

# %%
# Denoise
# -------
#
# A denoising autoencoder damages its training images and learns to undo the damage. Here the
# damage is Gaussian noise with a standard deviation of 0.3, about a third of the range of
# intensities. `corruption` must resemble the damage that the model is to remove later.

noise = ae.corruptions.GaussianNoise(0.3)
cleaner = ae.denoising(latent_dim=16, layers=(256,), corruption=noise, random_state=0).fit(train)

rng = np.random.default_rng(0)
noisy = np.clip(test + rng.normal(scale=0.3 * 255, size=test.shape), 0, 255).astype(np.uint8)
clean = cleaner.denoise(noisy)


def error(images: np.ndarray) -> float:
    r"""Return the root mean squared error, in gray levels from 0 to 255."""
    return np.sqrt(np.mean((images.astype(float) - test) ** 2))


print(f"error before: {error(noisy):.0f} gray levels")
print(f"error after:  {error(clean):.0f} gray levels")

# %%
ae.plots.reconstructions(noisy[:10], clean[:10])

# %%
# What can go wrong
# -----------------
#
# - **Reconstructions are blurred.** The code is too small or the training too short. Try a larger
#   `latent_dim`, then `Training(epochs=...)`.
# - **Generated images look like no example.** Train longer, or use more examples of each label.
#   With a smaller `latent_dim`, fewer regions are without codes.
# - **Photographs lose detail when they are cleaned.** Leave `latent_dim` open. `denoising()` then
#   uses a network that keeps the resolution, and returns photographs in their own size.
# - **An array is refused as ambiguous.** Set its layout: `modality=Images(layout="NCHW")`.
# - **Training is slow.** `layers=(256,)` replaces convolutions by a small network, as above. For
#   large photographs, reduce the size with `Images(size=(64, 64))`.
