r"""Images: compress, denoise and generate handwritten digits."""

import numpy as np

import autoencode as ae

digits = ae.datasets.digits()
train, test = digits.X[:1500], digits.X[1500:]

deep = ae.autoencoder(latent_dim=8, layers=(512, 256), random_state=0).fit(train)
linear = ae.linear(latent_dim=8).fit(train)
print("squared error of 8 numbers a digit, deep:", deep.reconstruction_error(test).mean())
print("squared error of 8 principal components: ", linear.reconstruction_error(test).mean())

noisy = np.clip(test + np.random.default_rng(0).normal(scale=80, size=test.shape), 0, 255)
denoiser = ae.denoising(latent_dim=16, layers=(512, 256), random_state=0).fit(train)
ae.plots.reconstructions(noisy.astype(np.uint8), denoiser.denoise(noisy)).savefig("denoised.png")

vae = ae.vae(latent_dim=8, layers=(512, 256), conditional=True, random_state=0)
vae.fit(train, digits.y[:1500])
ae.plots.samples(vae.sample(64, y=np.arange(64) % 10, random_state=0)).savefig("generated.png")
print("wrote denoised.png and generated.png")
