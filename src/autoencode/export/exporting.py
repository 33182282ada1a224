r"""Export of trained models to files that run without this library."""

__all__ = ["Exported", "check_part", "export_model", "preparation_file"]

import copy
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .. import __version__
from ..blueprint import Blueprint
from ..common.atomic_files import check_writable, replacing, write_json
from ..common.checks.ranges import check_above
from ..modalities.capabilities import Exportable
from ..models.latent import LatentModel
from . import archive, onnx_file
from .conditions import describe_condition
from .parts import PARTS, Both, Decoding, Encoding
from .trials import draw_trial, largest_difference

SUFFIXES = (".onnx", ".pt2")
_MODULES = {"encoder": Encoding, "decoder": Decoding, "both": Both}


@dataclass(frozen=True)
class Exported:
    r"""Files of an exported model, and how it agrees with the model.

    Arguments:
        path: The file.
        inputs: The inputs: name, type and shape, where `N` is the number of examples.
        outputs: The outputs.
        difference: The largest difference of an output from that of the model, as a share of the
            largest number of its column.
        preparation: A file that says how to prepare the input, or `None` if its numbers are those
            of the examples.

    Example:
        >>> Exported(Path("m.onnx"), {"examples": "float32 (N, 4)"}, {}, 1e-7, None).path
        PosixPath('m.onnx')
    """

    path: Path
    inputs: dict[str, str]
    outputs: dict[str, str]
    difference: float
    preparation: Path | None


def export_model(
    blueprint: Blueprint,
    model: LatentModel,
    path: Path,
    part: str,
    tolerance: float,
    seed: int = 0,
) -> Exported:
    r"""Write a part of a trained model to a file, and compare it with the model.

    Arguments:
        blueprint: The resolved choices of the fit.
        model: The trained model.
        path: A `.onnx` or `.pt2` file.
        part: `"encoder"`, `"decoder"` or `"both"`.
        tolerance: The largest difference of outputs to accept.
        seed: The seed of the examples on which both are compared.

    Raises:
        ValueError: If the part cannot be exported, or differs from the model. No file is left.
        ImportError: If a package is missing.
    """
    check_part(blueprint, model, path, part, tolerance)
    modality, context = blueprint.modality, blueprint.context
    model = copy.deepcopy(model).cpu().eval().requires_grad_(False)
    trial = draw_trial(model, modality, context, part, seed)
    module = _MODULES[part](model, modality, context).eval()
    inputs = ("codes" if part == "decoder" else "examples", "condition")[: len(trial.inputs)]
    indices = ("indices",) * model.posterior.finite
    outputs = ("reconstructions",) if part == "decoder" else ("codes", *indices)
    outputs = (*outputs, "reconstructions") if part == "both" else outputs
    facts = {
        "written_by": f"autoencode {__version__}",
        "part": part,
        "inputs": dict(zip(inputs, map(_described, trial.inputs))),
        "outputs": dict(zip(outputs, map(_described, trial.outputs))),
        **describe_condition(context),
    }
    program = archive.trace(module, trial)

    with replacing(path) as temporary:
        if path.suffix.lower() == ".pt2":
            archive.write_archive(program, temporary)
            run = archive.run_archive(temporary)
        else:
            onnx_file.write_onnx(program, temporary, inputs, outputs, facts)
            run = onnx_file.run_onnx(temporary, inputs)

        difference = largest_difference(trial, run)

        if not difference <= tolerance:
            raise ValueError(
                f"the exported model differs from the model by {difference:.2g} of the largest"
                f" number of an output, more than tolerance={tolerance:g}. No file was written."
            )

        preparation = _write_preparation(path, modality, facts)

    return Exported(path, facts["inputs"], facts["outputs"], difference, preparation)


def check_part(
    blueprint: Blueprint, model: LatentModel, path: Path, part: str, tolerance: float
) -> None:
    r"""Check that a part of a model can be exported, before work begins.

    Arguments:
        blueprint: The resolved choices of the fit.
        model: The trained model.
        path: The file.
        part: The part.
        tolerance: The largest difference of outputs to accept.

    Raises:
        ValueError: If it cannot. The message says why.
        ImportError: If a package is missing.
    """
    if part not in PARTS:
        raise ValueError(f"expected part as one of {[*PARTS]}, got {part!r}.")

    if path.suffix.lower() not in SUFFIXES:
        raise ValueError(
            f"expected a file of ONNX (.onnx) or an archive of torch.export (.pt2), got '{path}'."
        )

    check_above(0, tolerance=tolerance)
    modality = blueprint.modality

    if not isinstance(modality, Exportable):
        raise ValueError(
            f"{modality} does not say how its examples are scaled by operations on tensors, so"
            " that its models cannot be exported. A kind of data of your own inherits from"
            " autoencode.modalities.capabilities.Exportable."
        )

    if part != "encoder" and model.decoder is None:
        raise ValueError(
            "this model was saved with encoder_only=True and cannot decode. Use part='encoder'"
            " (command line: --part encoder)."
        )

    if part != "encoder" and (why := modality.has_no_output()):
        raise ValueError(why)

    if path.suffix.lower() == ".onnx":
        onnx_file.check_packages()

    check_writable(path)


def preparation_file(path: Path) -> Path:
    r"""The file beside an exported model that says how to prepare its input.

    Arguments:
        path: The file of the model.

    Example:
        >>> preparation_file(Path("m.onnx")).name
        'm.onnx.json'
    """
    return path.with_name(path.name + ".json")


def _write_preparation(path: Path, modality: Any, facts: dict[str, Any]) -> Path | None:
    r"""Writes how to prepare the input, where its numbers are not those of the examples."""
    document = modality.preparation()
    file = preparation_file(path)

    if document is None:
        return None

    write_json(file, {**facts, **document})
    return file


def _described(t: Any) -> str:
    r"""Returns the type and shape of an input or output, such as `float32 (N, 2)`."""
    dtype = str(t.dtype).removeprefix("torch.")
    return f"{dtype} ({', '.join(['N', *map(str, t.shape[1:])])}{',' * (t.ndim == 1)})"
