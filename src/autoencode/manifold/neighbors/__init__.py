r"""Nearest neighbors and their graph.

- `distance_blocks`: squared distances block by block, with bounds of their rounding errors
- `exact`, `inverted_file`: exact search; approximate search with a measured recall
- `edges`: adjacency, reciprocity and affinity of edges
- `graph`: `NeighborGraph`, the graph and its shortest paths
- `label_spreading`, `landmarks`, `duplicates`: functions of a graph
"""
