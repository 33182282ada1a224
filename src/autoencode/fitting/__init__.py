r"""Steps of a fit, without an estimator.

- `reading`: the examples of a fit, read and joined
- `starting`, `freezing`: trainings that build on a trained model
- `streams`: one pass over each part of a stream
- `preparation`: from the user's input and arguments to examples and a blueprint
- `calibration`: scales adapted to the examples that the trained model draws
- `run`: the training of a blueprint's model, its prior, and warnings about failures
"""
