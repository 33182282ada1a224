r"""Checks of arguments and attributes.

- `types`: values compared with the annotations of arguments and attributes
- `ranges`: values compared with the ranges of arguments
"""
