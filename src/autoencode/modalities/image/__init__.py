r"""Images.

- `shifts`: shifted variants of few images
- `tiles`: photographs of any size through networks of one size
- `enlarging`: images that are enlarged before a model restores their details
- `images`: `Images`, the modality
"""
