r"""Series of measurements.

- `grids`: regular grids of time for series with times of their own
- `lists`: series from lists, arrays and data frames
- `files`: series from files and folders
- `cuts`: windows of series, with gaps where there is nothing
- `later`: steps after the last one, in the form of the user's data
- `series`: the modality
"""
