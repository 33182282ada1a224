r"""The interface in the style of scikit-learn.

Data are checked once, here. Everything below the estimator works on tensors and knows nothing of
scikit-learn.

- `autoencoder`: `Autoencoder`: its arguments, and `save`
- `fit_methods`: `fit` and `partial_fit`
- `transform_methods`, `score_methods`, `sample_methods`, `forecast_methods`,
  `recommend_methods`: its other public methods
- `writing/`: methods that write examples or the model to files
- `reading`: examples from any input, in the columns of the fit, as tensors
- `attributes`: the parts of a fit that a file stores, and views of them
- `linear_attributes`: components and variances of linear models
- `availability`: methods that exist only where kind of data and model can perform them
- `model_files`, `storage`: fitted models from files; `load`
"""

__all__ = ["Autoencoder", "load"]

from .autoencoder import Autoencoder
from .storage import load
