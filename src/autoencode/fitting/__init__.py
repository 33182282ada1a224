r"""Steps of a fit, without an estimator.

- `preparation`: from the user's input and arguments to examples and a blueprint
- `calibration`: scales adapted to the examples that the trained model draws
- `run`: the training of a blueprint's model, its prior, and warnings about failures
"""
