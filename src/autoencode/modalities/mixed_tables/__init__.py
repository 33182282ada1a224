r"""Tables of mixed columns with missing cells.

- `gaps`: cells that are missing together
- `frame`: `MixedTables`, the modality; its columns are in `columns/`
"""
