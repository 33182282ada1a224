r"""Models in repositories of a model hub.

- `hub`: upload of a model, and the file of an uploaded one
"""

__all__ = ["is_address", "local_file", "push"]

from .hub import is_address, local_file, push
