r"""Tables of mixed columns with missing cells.

- `gaps`: cells that are missing together
- `hidden_cells`, `filling`: cells that are hidden, and cells that are filled in
- `frame`: `MixedTables`, the modality; its columns are in `columns/`
"""
