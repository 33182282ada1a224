r"""Densities that follow the tangent planes.

- `local_gaussians`: a mixture of Gaussians, each flat along its own plane
- `bandwidth`: the width across the planes, by leaving examples out
- `manifold_parzen`: `ManifoldParzen`, the estimator
"""
