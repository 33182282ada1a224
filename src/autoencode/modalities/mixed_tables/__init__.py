r"""Tables of mixed columns with missing cells.

- `gaps`: cells that are missing together
- `hidden_cells`, `filling`: cells that are hidden, and cells that are filled in
- `layout`, `decoding`: the vector that stands for a row, and the way back to a data frame
- `flags`: truth values, and columns of zeros and ones
- `scores`: means of numbers and dates in their own units
- `new_cells`: levels and numbers that the fit did not see
- `conditions`, `descriptions`: given cells of new rows; columns in words
- `frame`: `MixedTables`, the modality; its columns are in `columns/`
"""
