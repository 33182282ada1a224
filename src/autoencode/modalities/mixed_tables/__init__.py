r"""Tables of mixed columns with missing cells.

- `gaps`: patterns of missing cells
- `hidden_cells`, `filling`: hidden cells in training; missing cells filled in
- `layout`, `decoding`: the vector that represents a row, and its conversion to a data frame
- `flags`: booleans, and columns of zeros and ones
- `scores`: means of numbers and dates in their own units
- `cells`, `lattice_cells`: the methods of the modality for single cells, and for their grids
- `new_cells`: levels and numbers that the fit did not see
- `conditions`, `descriptions`: given cells of new rows; kinds of columns in words
- `exported`: rows as the input and output of exported models
- `frame`: `MixedTables`, the modality; its columns are in `columns/`
"""
