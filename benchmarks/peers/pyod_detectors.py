r"""Scores of PyOD's detectors with their defaults, run in an environment that has PyOD.

Usage: `pyod_detectors.py tables FOLDER` reads R's files in a folder into `.npz` beside them;
`pyod_detectors.py scores SPLITS.npz SEED OUT.json` trains on each split and scores its test.
"""

import json
import sys
import time
import warnings
from pathlib import Path

import numpy as np

warnings.filterwarnings("ignore")


def tables(folder: Path) -> None:
    import pandas
    import rdata

    for path in folder.glob("*.rda"):
        (frame,) = rdata.read_rda(path).values()
        numbers = {c: pandas.to_numeric(frame[c].astype(str), errors="coerce") for c in frame}
        arrays = {str(c): v.to_numpy(float) for c, v in numbers.items() if v.notna().any()}
        words = {str(c): frame[c].astype(str).to_numpy("U32") for c in frame}
        np.savez(path.with_suffix(".npz"), **{**words, **arrays})


def scores(splits: Path, seed: int, out: Path) -> None:
    from pyod.models.auto_encoder import AutoEncoder
    from pyod.models.vae import VAE

    arrays, results = np.load(splits), {}

    for name in sorted({key.rpartition("/")[0] for key in arrays}):
        X, X_test = (arrays[f"{name}/{part}"].astype(np.float32) for part in ("train", "test"))

        for detector in (AutoEncoder, VAE):
            start = time.perf_counter()
            fitted = detector(random_state=seed, verbose=0, device="cpu").fit(X)
            values = fitted.decision_function(X_test).tolist()
            results.setdefault(detector.__name__, {})[name] = values
            results.setdefault("seconds", {}).setdefault(detector.__name__, []).append(
                time.perf_counter() - start
            )

    out.write_text(json.dumps(results))


if __name__ == "__main__":
    if sys.argv[1] == "tables":
        tables(Path(sys.argv[2]))
    else:
        scores(Path(sys.argv[2]), int(sys.argv[3]), Path(sys.argv[4]))
