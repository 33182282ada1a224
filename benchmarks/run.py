r"""Runs the short benchmarks, one after the other."""

import dimension
import fashion
import geodesics
import manifold
import mnist
import neighbors
import speed

if __name__ == "__main__":
    mnist.main()
    fashion.main()
    speed.main()
    neighbors.main()
    dimension.main()
    geodesics.main()
    manifold.main()
