r"""Recorded series."""

__all__ = ["membrane_potential"]

import numpy as np
from matplotlib import cbook
from sklearn.utils import Bunch

_RATE = 2000  # steps per second
_MILLIVOLTS = 100  # in a unit of the file


def membrane_potential() -> Bunch:
    r"""Membrane potential of a nerve cell that fires under a stimulus, from matplotlib.

    The cell rests for half a second. It then fires regularly, about 14 times a second. After 3.6
    seconds, some spikes fail. After 5.5 seconds it rests again.

    Returns:
        `x`, the potential in millivolts, with shape `(12000,)`; and `rate`, the number of steps
        per second.

    Raises:
        FileNotFoundError: If matplotlib was installed without its sample data.

    See Also:
        :class:`~autoencode.modalities.Series`, :func:`~autoencode.datasets.drums`

    Example:
        >>> cell = membrane_potential()
        >>> cell.x.shape, cell.rate
        ((12000,), 2000)
    """
    file = cbook.get_sample_data("membrane.dat", asfileobj=False)
    x = np.fromfile(file, "<f4").astype(np.float32)

    return Bunch(x=_MILLIVOLTS * x, rate=_RATE)
