r"""Tables with columns of all kinds in files, as pandas frames.

- `kinds`: data frames of all libraries, and frames that are all numbers
- `arrow_types`: conversion of Arrow tables to frames, with the types of their cells
- `json_lines`: JSON lines in any encoding; `typed`: settings for files whose columns have types
- `formats`, `detection`: files by their names; files with other cells than numbers
- `reading`, `several_files`, `tables`: one file; several files; the public `read_table`
- `locations`, `writing`: the location of a row in a file; frames written to files
"""
