r"""Series of measurements.

- `grids`: regular grids of time for series with times of their own
- `lists`: series from lists, arrays and data frames
- `files`: series from files and folders
- `collection`: series from any input in memory
- `cuts`: windows of series, with gaps where there is nothing
- `later`: steps after the last one, in the form of the user's data
- `parts`, `filling`: series in two parts; missing numbers taken from other series
- `numbers`: moments of channels, and which numbers are valid
- `series`: the modality
"""
