r"""Series of measurements.

- `grids`: regular grids of time for series with a column of times
- `lists`: series from lists, arrays and data frames
- `files`: series from files and folders
- `collection`: series from any input in memory
- `cuts`: windows of series
- `covariates`: known inputs of all steps and of later steps
- `later`: steps after the end, in the form of the user's data
- `parts`, `filling`: series in two parts; missing numbers filled in from other series
- `numbers`: moments of channels, and which numbers are valid
- `exported`: windows as the input and output of exported models
- `series`: the modality
"""
