r"""Models in files, which can be read without trust in their source.

- `hub`: models on a model hub
- `encoding`: objects as JSON, and the names that a file may use
- `model_file`: fitted models as documents and weights, and back
- `compression/`: examples in files, without loss
- `rebuild`: networks, compared by name and shape before they take memory
"""
