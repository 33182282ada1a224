r"""Texts: codes of numbers in words, new texts, interpolation, and correction of errors."""

import numpy as np

import autoencode as ae

ONES = "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen"
ONES = [*ONES.split(), "fifteen", "sixteen", "seventeen", "eighteen", "nineteen"]
TENS = ["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"]


def words(n: int) -> str:
    r"""Returns a number below a thousand in words."""
    if n < 20:
        return ONES[n]

    if n < 100:
        return TENS[n // 10 - 2] + (f" {ONES[n % 10]}" if n % 10 else "")

    return f"{ONES[n // 100]} hundred" + (f" {words(n % 100)}" if n % 100 else "")


texts = np.random.default_rng(0).permutation([words(n) for n in range(1000)])
train, test = texts[:900], texts[900:]
options = {"training": ae.Training(epochs=40, batch_size=32), "random_state": 0}
options["network"] = ae.networks.Recurrent(width=64)

model = ae.vae(latent_dim=8, **options).fit(train)

print("reconstructed:")
for text, again in zip(test[:5], model.reconstruct(test[:5]), strict=True):
    print(f"  {text:<32} {again}")

print("new:", *model.sample(5, random_state=0), sep="\n  ")

ends = model.transform(["twelve", "nine hundred ninety nine"])
print("in between:", *model.inverse_transform(np.linspace(*ends, 5)), sep="\n  ")

denoiser = ae.denoising(latent_dim=16, **options).fit(train)
mistyped = ["thre hundred forrty two", "sveen hundred elevne"]
print("put right:", *denoiser.denoise(mistyped), sep="\n  ")
