r"""Runs every benchmark, one after the other."""

import fashion
import manifold
import mnist

if __name__ == "__main__":
    mnist.main()
    fashion.main()
    manifold.main()
