r"""Tables of numbers.

- `marginals`: the columns that need normal scores
- `tables`: `Tables`, the modality
"""
