r"""Shortest paths on the surface of a decoder.

- `riemannian_metrics`, `sequence_metric`: metrics that a decoder gives to its codes
- `curves`: polygons of codes, made short; points at equal distances
- `graph_init`: initial paths over the graph of the training examples
- `geodesics`: `Geodesics`, distances and paths between examples
"""
