r"""Anomalies: how likely an example is along the manifold and across it.

- `densities`: density models of codes and of residuals
- `decomposition`, `sequences`: the two parts of rows, and of sequences of tokens
- `cell_surprisal`: the surprisal of each cell of a table
- `models`: the default model, and residuals of held-out examples
- `detector`: `OffManifoldDetector`, the estimator
- `series`, `intervals`: `SeriesDetector`, and intervals beyond its threshold
"""
