r"""The best linear models, in closed form.

- `factor_analysis`: principal components and factor analysis, and the number of them
- `linear_start`: the start of a training at the best linear model
- `least_squares`: `LeastSquares`, which fits linear autoencoders without a loop
"""
