r"""Tables of numbers.

- `frames`: conversion of data frames of numbers to arrays, and back
- `scaling`: means and scales of the columns
- `tables`: `Tables`, the modality of numbers
- `counts`: `Counts`, the modality of counts
"""
