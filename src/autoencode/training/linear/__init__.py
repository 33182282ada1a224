r"""The best linear models, in closed form.

- `factor_analysis`: principal components, factor analysis, and the choice of their number
- `linear_start`: the start of a training at the best linear model
- `least_squares`: `LeastSquares`, which fits linear autoencoders without a loop
"""
