r"""A page about what a model has learned of the manifold.

- `analysis`: the measurements, on a bounded number of examples
- `result`: `Report` and `Drift`, the figures and their sentences
- `html`: the page and its pictures
- `report`: the function that makes it
"""
