r"""Passes over a trained model.

- `batched`: encoding, decoding and scoring of many examples within a memory budget
- `imputation`: missing cells given the observed ones, by importance sampling of codes
"""
