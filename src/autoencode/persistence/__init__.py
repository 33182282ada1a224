r"""Models in files that nobody has to trust.

- `encoding`: objects as JSON, and the names that a file may use
- `model_file`: what an estimator writes into a file, and reads from it
- `rebuild`: networks compared by name and shape before memory is taken
"""
