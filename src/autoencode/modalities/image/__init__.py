r"""Images.

- `shifts`: shifted variants of few images
- `tiles`: photographs of any size through networks of one size
- `images`: `Images`, the modality
"""
