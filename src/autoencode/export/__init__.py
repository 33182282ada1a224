r"""Trained models as files that run without this library.

- `conditions`: labels and numbers of conditional models as an input
- `parts`: encoder and decoder from the user's units to them
- `trials`: random examples, and the largest difference of an exported model
- `operations`: operations that ONNX lacks
- `archive`: archives of `torch.export`
- `onnx_file`: files of ONNX
- `exporting`: the export of a model, with its check
"""

__all__ = ["Exported", "export_model", "preparation_file"]

from .exporting import Exported, export_model, preparation_file
