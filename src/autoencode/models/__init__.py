r"""Models: distributions over examples and codes, built from networks, families and priors.

- `latent`: `LatentModel`, an encoder, a decoder, a posterior, a likelihood and a prior;
  `Conditional`, a network that also sees a context
"""
