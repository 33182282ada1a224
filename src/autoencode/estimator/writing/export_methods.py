r"""Method of the estimator that writes files which run without this library."""

__all__ = ["ExportMethods"]

from pathlib import Path
from typing import Literal

from sklearn.utils.validation import check_is_fitted

from ...export import Exported, export_model
from ..reading import ExampleReader


class ExportMethods(ExampleReader):
    r"""Export of a model to ONNX and to archives of torch.

    Example:
        >>> import autoencode as ae
        >>> hasattr(ae.linear(2), "export")
        True
    """

    def export(
        self,
        path: str | Path,
        part: Literal["encoder", "decoder", "both"] = "encoder",
        tolerance: float = 1e-4,
    ) -> Exported:
        r"""Writes the encoder, the decoder or both to a file that runs without this library.

        The scaling is part of the file: it takes and returns numbers in the units and types of
        the examples of `fit`. Codes are the means of their posteriors, and reconstructions those
        of :math:`p(x \mid z)`, as of `transform` and `inverse_transform`. Batches have any size.
        Before the file takes its place, it runs on random examples, and its outputs are compared
        with those of the model.

        Arguments:
            path: A `.onnx` file, for onnxruntime and other programs (it needs the packages of
                `autoencode[onnx]`), or a `.pt2` file, an archive of `torch.export`.
            part: `"encoder"`, with the input `examples` and the output `codes`, and `indices` for
                quantized codes; `"decoder"`, from `codes` to `reconstructions`; or `"both"`, from
                `examples` to all of them. Conditional models have the input `condition`, too.
            tolerance: The largest difference of an output to accept, as a share of the largest
                number of its column.

        Returns:
            The file, its inputs and outputs, and the largest difference. For rows of mixed columns
            and for texts, a file `.json` beside it says how to prepare the input.

        Raises:
            ValueError: If the part cannot be exported, or its outputs differ. No file is left.
            ImportError: If a package is missing.
        """
        check_is_fitted(self, "model_")
        return export_model(self.blueprint_, self.model_, Path(path), part, tolerance)
