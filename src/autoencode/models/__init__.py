r"""Models: distributions over examples and codes, built from networks, families and priors.

- `latent`: `LatentModel`, an encoder, a decoder and a prior; `BoundModel`, the same given a
  context; `Conditional`, a network that also sees a context
"""
