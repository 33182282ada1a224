r"""Tables in files, and data frames of all libraries.

- `formats`, `spellings`: settings that the user may fix; how cells spell numbers and dates
- `text_rows`, `separators`, `headers`: lines and rows of text; names in the first lines
- `layouts`: encoding, separator, header and index of a table in text
- `conversions`, `delimited`: columns of text as numbers and dates; the reader of delimited text
- `parquet`, `libraries`: Parquet files; frames of polars and Arrow as those of pandas, and back
- `numeric`: numeric tables as arrays
- `frames/`: tables of all columns as data frames
- `doubts`, `summaries`: warnings about what was guessed; one line about how columns were read
"""
