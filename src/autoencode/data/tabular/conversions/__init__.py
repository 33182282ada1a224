r"""Conversion of columns of text to numbers, dates, times, durations and booleans.

- `rules`: `Conversion`, the rule for a column
- `words`: the distinct words of columns, and marks of missing cells among them
- `durations`: how cells spell durations
- `periods`: how cells spell quarters and months
- `dates`: columns of dates, and the common form of their words
- `columns`: the kinds of all columns of a table, found and applied
- `identifiers`: columns of numbers that may be names or versions
"""
