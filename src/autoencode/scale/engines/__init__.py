r"""Engines that run the parts of a run: this process, several processes, or a cluster.

An engine gets a task and its parts, and yields an outcome for each.

- `local`: this process, or several processes of this machine
- `child`: the process that `local` starts
- `ray_data`: Ray Data, on one machine or a cluster
"""
