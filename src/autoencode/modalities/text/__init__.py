r"""Texts.

- `byte_rows`: texts as rows of bytes, and back
- `tokenizers`: texts as token numbers, and back
- `selfies_tokenizer`: molecules as SELFIES
- `edit_distance`: edits between sequences
- `texts`: `Texts`, the modality
"""
