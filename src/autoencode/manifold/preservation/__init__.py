r"""Preservation of neighborhoods and distances by codes.

- `neighborhoods`: trustworthiness, continuity, recall and stress
- `texts`: the same with edit distances
"""
