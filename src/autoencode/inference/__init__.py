r"""Evaluation of a trained model.

- `batched`: functions of many examples, within a memory budget
- `imputation`: missing cells given the observed ones, by importance sampling of codes
- `forecasts`: later steps of series, with intervals
- `scores`: errors, densities and surprisals in the user's units
- `quality`: measures of a model on held-out examples, and sentences about them
- `codes`, `generation`: codes, reconstructions, new examples and filled rows in the user's units
- `continuation`: new texts that continue a given beginning
- `own_size`, `inpainting`: images of any size, and their missing pixels
- `blocks`: long examples, reconstructed in parts
- `positions/`: codes that are maps or over time, of examples of any size
- `training_set`: codes and residuals of the examples that a model was trained on
- `units`: the top examples of units, and codes in files
"""
