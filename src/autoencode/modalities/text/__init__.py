r"""Texts.

- `byte_rows`: texts as rows of bytes, and back
- `tokenizers`: texts as token numbers, and back
- `selfies_tokenizer`: molecules as SELFIES
- `spelling`: the tokenizer of a vocabulary; tokens as bytes
- `damage`: corruptions of letters and words
- `edit_distance`: edits between sequences
- `exported`: tokens as the input of exported models
- `texts`: `Texts`, the modality
"""
