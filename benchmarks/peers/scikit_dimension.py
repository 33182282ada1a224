r"""An intrinsic dimension by scikit-dimension; run in the peer's own environment.

Arguments: a .npy file of rows, the method, and the file to write the value and the seconds to,
as JSON.
"""

import json
import sys
import time
import warnings
from pathlib import Path

import numpy as np
import skdim

warnings.filterwarnings("ignore")

METHODS = {
    "twonn": lambda X: skdim.id.TwoNN(discard_fraction=0, method="mle").fit(X).dimension_,
    "gride": lambda X: skdim.id.GRIDE(n1=8, multiscale=True, range_max=16).fit(X).dimension_,
    "mle": lambda X: skdim.id.MLE().fit(X, n_neighbors=20).dimension_,
    "local_pca": lambda X: skdim.id.lPCA(ver="FO").fit_transform_pw(X, n_neighbors=32).mean(),
}


def main(rows: Path, method: str, out: Path) -> None:
    X = np.load(rows)
    METHODS[method](X[:100])  # what is compiled is compiled
    start = time.process_time()
    value = float(METHODS[method](X))
    out.write_text(json.dumps([value, time.process_time() - start]))


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], Path(sys.argv[3]))
