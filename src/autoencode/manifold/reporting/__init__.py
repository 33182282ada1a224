r"""A page about what a model has learned of the manifold.

- `analysis`, `planes`: the measurements, on a bounded number of examples
- `comparison`: anomaly scores of known and new examples
- `records`, `rows`: what is measured; rows and codes of a sample
- `result`: `Report` and `Drift`, the figures and their sentences
- `html`: the page and its pictures
- `report`: the function that makes it
"""
