r"""Tables of numbers.

- `frames`: conversion of data frames of numbers to arrays, and back
- `scaling`, `normalization`: means and scales of the columns; scaled rows
- `constants`: constant columns, and columns that only seem constant
- `exported`: rows as the input and output of exported models
- `tables`: `Tables`, the modality of numbers
- `counts`: `Counts`, the modality of counts
"""
