r"""Several files as one source: a folder or a list of files.

- `sources`: the files of a folder or of a list, and errors about paths
- `names`: names of files in messages, beside examples, and for new files
- `lists`: files that are named by a list, an array or a series
- `packed`: files that may expand to far more than their size
"""
