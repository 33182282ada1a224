r"""Tables of all kinds of columns in files, as data frames of pandas.

- `kinds`: data frames of all libraries, and frames that are all numbers
- `arrow_types`: tables of Arrow as data frames, whose cells keep their types
- `formats`, `detection`: files by their names; files that are more than numbers
- `reading`, `several_files`, `tables`: one file; several as one; the public `read_table`
- `locations`, `writing`: where a row stands in a file; frames written to files
"""
