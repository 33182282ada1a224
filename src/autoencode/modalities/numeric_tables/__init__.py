r"""Tables of numbers.

- `frames`: conversion of data frames of numbers to arrays, and back
- `scaling`: means and scales of the columns
- `tables`: `Tables`, the modality
"""
