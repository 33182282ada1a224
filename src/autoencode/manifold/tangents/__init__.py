r"""Tangent planes of the manifold.

- `local_bases`: bases from Jacobians, or from directions to neighbors
- `angles`: principal angles between planes
- `tangents`: `Tangents`, planes at every example
- `augmentation`: tangent planes in the training of a classifier
"""
