r"""Images.

- `shifts`: shifted variants of few images
- `tiles`: photographs of any size through networks of one size
- `enlarging`: images that are enlarged before a model restores their details
- `levels`: black and white, and the bits of files
- `own_size`: photographs in their own size
- `exported`: images as the input and output of exported models
- `images`: `Images`, the modality
"""
