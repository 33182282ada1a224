r"""
Intrinsic dimension
===================

:func:`autoencode.plots.dimension` draws estimates of the intrinsic dimension over the scale at
which the data are looked at. A plateau is the estimate to trust. No model is needed.
"""

import autoencode as ae
from autoencode import manifold

X = ae.datasets.digits().X
methods = {
    name: manifold.intrinsic_dimension(X, method=name) for name in ("twonn", "mle", "gride")
}
ae.plots.dimension(methods)
