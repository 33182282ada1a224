r"""Texts.

- `byte_rows`: texts as rows of bytes, and back
- `tokenizers`: texts as token numbers, and back
- `edit_distance`: edits between sequences
- `texts`: `Texts`, the modality
"""
