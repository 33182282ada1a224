r"""Texts: a code for names, new ones, what lies between two, and typing errors put right."""

import unicodedata

import numpy as np

import autoencode as ae

named = (unicodedata.name(chr(c), "") for c in range(0x2000))
names = [name.capitalize() for name in named if 0 < len(name) <= 30]
train, test = names[::2], names[1::2]

model = ae.vae(latent_dim=16, training=ae.Training(epochs=20), random_state=0).fit(train)

print("reconstructed:")
for text, again in zip(test[:500:100], model.reconstruct(test[:500:100]), strict=True):
    print(f"  {text:<32} {again}")

print("new:", *model.sample(5, random_state=0), sep="\n  ")

ends = model.transform([test[0], test[500]])
print("in between:", *model.inverse_transform(np.linspace(*ends, 5)), sep="\n  ")

denoiser = ae.denoising(latent_dim=32, training=ae.Training(epochs=20), random_state=0).fit(train)
print(
    "put right:",
    *denoiser.denoise(["Latin smal lettre a", "Greek capitl letter alpha"]),
    sep="\n  ",
)
