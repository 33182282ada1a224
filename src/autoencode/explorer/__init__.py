r"""A page that decodes, plays and reads what the codes of a model stand for.

- `wire`: schemas of requests and answers; work in the background
- `session/`: a model and its examples, their codes, units and colors
- `examples`: examples of every kind of data as JSON, and small pictures
- `places`: maps, and the codes of their places
- `gestures`: the answers to what a user does
- `serving`: the server
- `explorer`: the server of one model, and the function that opens it

The page itself is in `static`, bundled from the sources in the repository.
"""

__all__ = ["Explorer", "explore"]

from .explorer import Explorer, explore
