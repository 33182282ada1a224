r"""The manifest: the model, the settings and all parts of a run, written before work begins.

All shards of a run share one manifest. The first writes it beside its place and links it there,
which succeeds for one process alone; all others compare theirs with it. A part whose output exists
is finished, so that nothing else has to be kept.
"""

__all__ = ["MANIFEST", "Manifest", "prepare_manifest"]

import json
import logging
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from ..common.atomic_files import replacing
from ..common.locks import locked
from ..data.listing.names import first_few
from .reading.parts import Input, Job, Part, list_inputs
from .reading.sources import Found, is_hashed_whole
from .settings import Settings
from .work import is_finished, left_out_of

log = logging.getLogger(__name__)

MANIFEST = "_manifest.json"  # readers of folders of Parquet files leave out such names

_VERSION = 1
_LOCK = "_manifest.lock"


class Manifest(NamedTuple):
    r"""The model, the settings and the inputs of a run.

    Example:
        >>> Manifest("0" * 64, Settings("transform"), []).version
        1
    """

    model: str
    r"""The digest of the model."""

    settings: Settings
    inputs: list[Input]
    version: int = _VERSION

    def document(self) -> dict[str, Any]:
        r"""Returns the manifest, ready for JSON."""
        settings, inputs = self.settings._asdict(), [one._asdict() for one in self.inputs]
        return {**self._asdict(), "settings": settings, "inputs": inputs}

    @classmethod
    def of(cls, document: Any) -> "Manifest":
        r"""Returns the manifest of a document.

        Raises:
            ValueError: If it is not a manifest.
        """
        try:
            version = document["version"]

            if version == _VERSION:
                inputs = [
                    Input(**{**one, "parts": [Part(*part) for part in one["parts"]]})
                    for one in document["inputs"]
                ]
                return cls(document["model"], Settings(**document["settings"]), inputs)
        except (TypeError, KeyError) as error:
            raise ValueError(f"it is no manifest of this library ({error}).") from None

        raise ValueError(f"it is of version {version!r}, and this library reads {_VERSION}.")

    def place(self, folder: Path, i: int, j: int) -> Path:
        r"""Returns the file of the output of a part."""
        return folder / f"part-{i:05}-{j:05}.{self.settings.file_format}"

    def jobs(self, folder: Path, files: Sequence[Sequence[Path]], found: Found) -> Iterator[Job]:
        r"""Yields all parts in order; an input that cannot be read is one part.

        Arguments:
            folder: The folder of the outputs.
            files: The files of each input.
            found: All files.
        """
        for i, (one, paths) in enumerate(zip(self.inputs, files)):
            own, names = [os.path.abspath(path) for path in paths], [*map(found.name, paths)]
            parts = [Part(0, None)] if one.trouble else one.parts

            for j, part in enumerate(parts):
                place = str(self.place(folder, i, j).absolute())
                yield Job(place, own, names, one._replace(parts=[]), part)


def prepare_manifest(
    folder: Path, digest: str, settings: Settings, found: Found, model: Any
) -> tuple[Manifest, list[list[Path]]]:
    r"""Write the manifest of a run, or compare it with the one that is there.

    Inputs that have changed are listed anew as long as none of their parts is finished.

    Arguments:
        folder: The folder of the outputs.
        digest: The digest of the model.
        settings: The settings.
        found: The input.
        model: The model.

    Returns:
        The manifest, and the files of each input.

    Raises:
        ValueError: If the manifest in the folder is that of another run, or is damaged.
    """
    folder.mkdir(parents=True, exist_ok=True)

    def wait() -> None:
        log.info("waits for another process, which writes the manifest of '%s'.", folder)

    with locked(folder / _LOCK, wait):
        known = _read(folder / MANIFEST)

        if known is not None:
            _compare(folder, known, digest, settings)
            settings = known.settings

        listed = [*list_inputs(found, model, settings, known.inputs if known else ())]
        manifest = Manifest(digest, settings, [one for _, one in listed])

        if known is not None:
            _check_inputs(folder, known, manifest)

        if known is None:
            _write_once(folder, manifest)
        elif known != manifest:
            _replace(folder, manifest)

    return manifest, [files for files, _ in listed]


def _read(path: Path) -> Manifest | None:
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return None

    try:
        return Manifest.of(json.loads(text))
    except ValueError as error:
        raise ValueError(
            f"'{path}' is damaged ({error}): use another folder, or delete it with all parts"
            " beside it."
        ) from None


def _compare(folder: Path, known: Manifest, digest: str, settings: Settings) -> None:
    r"""Raises if a manifest is that of another model or other settings."""
    advice = f"'{folder}' keeps its parts: use another folder, or delete this one to begin anew."

    if known.settings.verb != settings.verb:
        raise ValueError(f"'{folder}' was begun with `{known.settings.verb}`. {advice}")

    if known.model != digest:
        raise ValueError(
            f"'{folder}' was begun with another model, of digest {known.model[:12]}, and this one"
            f" has {digest[:12]}. {advice}"
        )

    if settings.part_rows is None:
        settings = settings._replace(part_rows=known.settings.part_rows)

    pairs = zip(Settings._fields, known.settings, settings)
    other = [f"{name} {a!r} and now {b!r}" for name, a, b in pairs if a != b]

    if other:
        raise ValueError(f"'{folder}' was begun with {', '.join(other)}. {advice}")


def _check_inputs(folder: Path, known: Manifest, now: Manifest) -> None:
    r"""Raises if inputs are others, or have changed after a part of them was finished."""
    before, after = ([one.name for one in m.inputs] for m in (known, now))
    missing, new = ([n for n in a if n not in {*b}] for a, b in ((before, after), (after, before)))

    if missing or new:
        what = [f"it lacks {first_few(missing)}"] * bool(missing)
        what += [f"it has also {first_few(new)}"] * bool(new)
        raise ValueError(
            f"'{folder}' was begun with another input: {'; '.join(what)}. Use another folder for"
            " other files, or the same files."
        )

    for i, (old, new_one) in enumerate(zip(known.inputs, now.inputs)):
        if _content(old) != _content(new_one):
            done = [j for j in _jobs_of(folder, known, i) if is_finished(j) and not left_out_of(j)]

            if done:
                raise ValueError(
                    f"'{old.name}' was changed after {len(done):,} of its parts had been finished:"
                    f" restore it, or delete '{folder / f'part-{i:05}-*'}' to begin it anew."
                )

            log.info("'%s' was changed, and none of its parts is finished: begins anew.", old.name)


def _jobs_of(folder: Path, known: Manifest, i: int) -> list[Job]:
    one = known.inputs[i]
    places = [str(known.place(folder, i, j)) for j in range(len(one.parts))]
    return [Job(place, [], [], one, part) for place, part in zip(places, one.parts)]


def _content(one: Input) -> tuple[Any, ...]:
    r"""Returns what tells whether an input has changed."""
    seen_whole = one.kind != "media" and is_hashed_whole(one.size)
    return one.size, one.digest, None if seen_whole else one.changed


def _write_once(folder: Path, manifest: Manifest) -> None:
    r"""Writes a manifest, unless another process without locks was faster."""
    text = json.dumps(manifest.document(), ensure_ascii=True)

    with replacing(folder / "_manifest.own", durable=True) as temporary:
        temporary.write_text(text)

        try:
            os.link(temporary, folder / MANIFEST)
        except FileExistsError:
            known = _read(folder / MANIFEST)

            if known != manifest:
                raise ValueError(
                    f"another process has begun '{folder}' with another model, input or settings"
                    " at the same time: use another folder."
                ) from None
        except OSError:  # a file system without links
            with replacing(folder / MANIFEST, durable=True) as other:
                other.write_text(text)

    (folder / "_manifest.own").unlink(missing_ok=True)


def _replace(folder: Path, manifest: Manifest) -> None:
    with replacing(folder / MANIFEST, durable=True) as temporary:
        temporary.write_text(json.dumps(manifest.document(), ensure_ascii=True))
