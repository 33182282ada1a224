r"""Requests and answers between page and server.

- `schemas`: JSON schemas, and values compared with them
- `endpoint`: an address of the server, and the kinds of its answers
- `tasks`: work in the background, with its progress
"""

__all__ = ["Binary", "Endpoint", "Pending", "Tasks"]

from .endpoint import Binary, Endpoint, Pending
from .tasks import Tasks
