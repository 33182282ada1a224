r"""Input of a run: its files, their division into parts, and the examples of a part in blocks.

- `sources`: files that a pattern names, and what tells whether they changed
- `lines`, `unpacking`: ranges of rows in files of text; files that gzip has packed
- `columns`: columns of the model, of ids and of labels
- `parts`: the units of work
- `blocks`: examples of a part
"""
