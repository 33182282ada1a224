r"""The resolved choices of an estimator, and the model that they describe.

- `arguments`: type checks and defaults for the estimator's arguments
- `assembly`: from choices to networks, families, objectives and a model
- `code_size`: the size of the code where the user chooses none
"""
