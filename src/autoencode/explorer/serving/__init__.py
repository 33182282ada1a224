r"""The server of the explorer.

- `security`: requests from elsewhere refused, and headers of all answers
- `routes`: the endpoints and the files of the page as an ASGI application
- `running`: the application in a thread, which can be stopped
"""

__all__ = ["Server", "application"]

from .routes import application
from .running import Server
