r"""The geometry that an autoencoder has learned."""
