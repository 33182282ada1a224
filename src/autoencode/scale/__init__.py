r"""Verbs over files of any number of rows: in parts, on one machine or many.

A run lists the parts of its input in a manifest, works on them one by one, and skips those that
are finished. That is all that job arrays, killed processes and clusters need.

- `runs`: `transform`, `reconstruct`, `score` and `anomalies`, from files to a folder
- `encoder`: `Encoder`, a model as a function of batches, for engines of others
- `report`: `Report`, what a run has done
- `settings`, `manifest`: what outputs depend on, and the list of all parts
- `driver`, `engines`: the course of a run, and where its parts are worked on
- `reading`: files, their parts, and examples in blocks
- `verbs`, `writing`, `work`: results of blocks, outputs, and the work on one part
"""

__all__ = ["Encoder", "Report", "anomalies", "reconstruct", "score", "transform"]

from .encoder import Encoder
from .report import Report
from .runs import anomalies, reconstruct, score, transform
