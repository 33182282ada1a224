r"""Texts.

- `tokenizers`: texts as token numbers, and back
- `edit_distance`: edits between sequences
- `texts`: `Texts`, the modality
"""
