r"""
Texts
=====

This tutorial compresses short texts, writes new ones and corrects typing errors. The texts are the
numbers from 0 to 999 in words, because their spelling can be checked. The same calls take any list
of texts, or the path of a file with one text per line.
"""

# %%
# The data
# --------
#
# Texts are a list of strings. The model reads and writes them byte by byte, so every language and
# every character is possible. A tenth of the numbers is held out.

import numpy as np

import autoencode as ae

words = ae.datasets.number_words(random_state=0)
numbers = words.X
train, test = numbers[:900], numbers[900:]
print(train[:3])

# %%
# Compress
# --------
#
# A text becomes a code of 16 numbers. The network reads and writes with recurrent units (GRU). A
# `denoising` model drops and swaps letters of its training texts and learns to restore them, so
# that the same model also corrects errors below.

options = {
    "network": ae.networks.Recurrent(width=64),
    "training": ae.Training(epochs=30, batch_size=32),
    "random_state": 0,
}
model = ae.denoising(latent_dim=16, **options).fit(train)

# %%
# How many held-out texts come back letter by letter?

again = model.reconstruct(test)
print(f"{np.mean([a == b for a, b in zip(again, test)]):.0%} come back exactly, for example:")

for text, reconstruction in zip(test[:4], again[:4], strict=True):
    print(f"  {text} -> {reconstruction}")

# %%
# Correct
# -------

mistyped = ["thre hundred and forty-two", "sveen hundred and elevn", "nine hundrd and tow"]

for text, corrected in zip(mistyped, model.denoise(mistyped), strict=True):
    print(f"{text} -> {corrected}")

# %%
# Corrections are guesses: where several numbers are as near, the model takes one of them.
#
# Generate and interpolate
# ------------------------
#
# A VAE writes new texts with `sample`. Nothing but the model enforces that they are numbers.

writer = ae.vae(latent_dim=8, **options).fit(train)
new = writer.sample(200, random_state=0)
valid = np.mean([text in set(numbers) for text in new])
print(f"{valid:.0%} of 200 new texts are correct numbers, for example:")
print(*new[:4], sep="\n")

# %%
# The codes of all numbers, colored by the number of hundreds. The model has only seen the letters.

ae.plots.codes(writer, numbers, [f"{n // 100}" for n in words.y])

# %%
# Codes between two codes decode to texts between two texts.

first, last = writer.transform(["seven", "nine hundred and ninety-nine"])
print(*writer.inverse_transform(np.linspace(first, last, 5)), sep="\n")

# %%
# What can go wrong
# -----------------
#
# - **Texts come back as other texts.** The code is too small or the training too short. Try a
#   larger `latent_dim`, more epochs, or `autoencoder` instead of `vae`.
# - **The code is ignored.** All texts then come back alike, and `fit` warns of no active unit.
#   More `free_nats` make the code cheaper.
# - **Long texts take long.** A model reads texts byte by byte. `Texts(vocab_size=4096)` reads
#   frequent pieces of words instead; it needs the extra `text`.
# - **New texts are correct letters but no sentences.** A thousand short texts teach spelling, not
#   meaning. Use more texts, a wider network and more epochs.
# - **A corrector changes correct texts.** It was trained on too few texts, or with stronger damage
#   than real texts have. Try `corruption=Typos(0.05)`.
