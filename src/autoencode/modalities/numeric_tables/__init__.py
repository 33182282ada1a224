r"""Tables of numbers.

- `frames`: data frames of numbers as arrays, and back
- `scaling`: means and scales of the columns
- `tables`: `Tables`, the modality
"""
