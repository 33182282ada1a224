r"""The command that writes a model as a file which runs without this library."""

from pathlib import Path
from typing import Literal

from ...next_step import suggest_next
from ...options import LoadOptions, WriteOptions


def export(
    model: Path,
    /,
    out: Path,
    part: Literal["encoder", "decoder", "both"] = "encoder",
    tolerance: float = 1e-4,
    loading: LoadOptions = LoadOptions(),
    writing: WriteOptions = WriteOptions(),
) -> None:
    r"""Write a model as a file that runs without this library.

    Arguments:
        model: The model file.
        out: A .onnx file, for onnxruntime and other programs, or a .pt2 file, an archive of
            torch.export. For rows of mixed columns and for texts, a file .json beside it says how
            to prepare the input.
        part: The part to write: examples to codes, codes to examples, or both.
        tolerance: The largest difference of an output from that of the model to accept, as a
            share of the largest number of its column.
    """
    from ....export import preparation_file
    from ... import inputs, outputs
    from ...ownership import check_replaceable

    outputs.check_output(out, (".onnx", ".pt2"), "export", writing.force)
    check_replaceable("export", [preparation_file(out)], [model], writing.force)
    exported = inputs.load_model(model, loading).export(out, part, tolerance)

    for name, value in {**exported.inputs, **exported.outputs}.items():
        print(f"{name:16} {value}")

    print(f"{'difference':16} {exported.difference:.1e} of the largest number, at most")
    print(f"Wrote {out}: the {part if part != 'both' else 'encoder and the decoder'} of {model}.")

    if exported.preparation is not None:
        print(f"Wrote {exported.preparation}: how to prepare the input.")

    if part == "encoder":
        suggest_next("export", model, out=out.with_stem(f"{out.stem}-decoder"), part="decoder")
    else:
        suggest_next("info", model, options=loading)
