r"""Runs every benchmark, one after the other."""

import fashion
import mnist
import speed

if __name__ == "__main__":
    mnist.main()
    fashion.main()
    speed.main()
