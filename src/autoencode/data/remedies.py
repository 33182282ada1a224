r"""Advice about files that cannot be read."""

__all__ = ["UnreadableFileError", "remedy"]

from pathlib import Path

_FFMPEG = "convert it, for example with `ffmpeg -i {name} {stem}.wav`"
_FRAMES = (
    "take its frames, for example with `ffmpeg -i {name} {stem}-%05d.png`, and fit the folder"
)
_PICTURE = "save it as PNG or JPEG"
_ARRAY = "read it with {package} and give the array, or save the array as .npy with numpy.save"
_UNPACK = "unpack it, and give the folder"
_TABLE = "save it as .csv or .parquet"

_BY_SUFFIX = {
    **dict.fromkeys([".heic", ".heif", ".hif"], ("a photograph in HEIC", _PICTURE)),
    **dict.fromkeys([".svg", ".eps", ".pdf", ".ai"], ("a drawing or document", _PICTURE)),
    **dict.fromkeys(
        [".cr2", ".cr3", ".nef", ".arw", ".dng", ".orf", ".rw2", ".raf"],
        ("the raw data of a camera", "develop it to PNG, or read it with rawpy"),
    ),
    **dict.fromkeys(
        [".m4a", ".aac", ".mp4a", ".wma", ".amr", ".ac3", ".ape", ".alac", ".mka", ".dsf"],
        ("a sound that libsndfile does not read", _FFMPEG),
    ),
    **dict.fromkeys([".mp4", ".mov", ".avi", ".mkv", ".webm", ".mpg"], ("a video", _FRAMES)),
    **dict.fromkeys(
        [".zip", ".tar", ".tgz", ".7z", ".rar", ".bz2", ".xz", ".gz"], ("an archive", _UNPACK)
    ),
    **dict.fromkeys([".xlsx", ".xls", ".ods", ".feather", ".arrow", ".orc"], ("a table", _TABLE)),
    **dict.fromkeys([".sav", ".dta", ".sas7bdat", ".arff"], ("a table", _TABLE)),
    **dict.fromkeys([".docx", ".doc", ".odt", ".rtf", ".html"], ("a document", "save it as .txt")),
    **dict.fromkeys(
        [".pkl", ".pickle", ".joblib", ".pt", ".pth"],
        ("a pickle, which could run code and is not read", "load it yourself and give the array"),
    ),
    ".dcm": ("a DICOM file", _ARRAY.format(package="pydicom")),
    ".nii": ("a NIfTI file", _ARRAY.format(package="nibabel")),
    ".mat": ("a MATLAB file", _ARRAY.format(package="scipy.io.loadmat")),
    **dict.fromkeys([".h5", ".hdf5"], ("an HDF5 file", _ARRAY.format(package="h5py"))),
    **dict.fromkeys(
        [".czi", ".lif", ".nd2", ".exr", ".fits"],
        ("a scientific image", "save it as TIFF, or give the array"),
    ),
    **dict.fromkeys(
        [".tif", ".tiff"],
        ("a TIFF of a kind that Pillow does not read", _ARRAY.format(package="tifffile")),
    ),
    ".sqlite": ("an SQLite database", _TABLE),
    ".parquet of another name": ("a table in Parquet", "name it .parquet"),
    ".npy of another name": ("a numpy array", "name it .npy"),
    ".ae": ("a model, not data", "give the data for the model"),
}
_BY_CONTENT = (
    (30, (b"[Content_Types]", b"_rels/.rels", b"xl/", b"docProps/"), ".xlsx"),
    (30, (b"mimetypeapplication/vnd.oasis",), ".ods"),
    (0, (b"\xd0\xcf\x11\xe0",), ".xls"),
    (0, (b"BZh",), ".bz2"),
    (0, (b"\xfd7zXZ", b"\x28\xb5\x2f\xfd"), ".xz"),
    (0, (b"@relation", b"@RELATION"), ".arff"),
    (0, (b"$FL2", b"<stata_dta>"), ".sav"),
    (0, (b"PAR1",), ".parquet of another name"),
    (0, (b"ARROW1",), ".arrow"),
    (0, (b"SQLite format 3",), ".sqlite"),
    (0, (b"\x93NUMPY",), ".npy of another name"),
    (0, (b"<!DOCTYPE html", b"<!doctype html", b"<html", b"<HTML", b"<?xml"), ".html"),
    (4, (b"ftypheic", b"ftypheix", b"ftypmif1", b"ftyphevc"), ".heic"),
    (4, (b"ftypM4A", b"ftypM4B"), ".m4a"),
    (4, (b"ftypisom", b"ftypmp42", b"ftypqt"), ".mp4"),
    (0, (b"PK\3\4", b"7z\xbc\xaf", b"Rar!"), ".zip"),
    (0, (b"\x89HDF\r\n",), ".h5"),
    (0, (b"%PDF",), ".pdf"),
    (128, (b"DICM",), ".dcm"),
    (0, (b"\x80\4\x95", b"\x80\5\x95"), ".pkl"),
)


class UnreadableFileError(ValueError):
    r"""Error of a file that cannot be read; others of its folder may be readable.

    Example:
        >>> issubclass(UnreadableFileError, ValueError)
        True
    """


def remedy(path: Path, suffix: bool = True) -> str | None:
    r"""Returns the apparent kind of a file, and advice on how to make it readable.

    Arguments:
        path: The file.
        suffix: Whether to use the suffix if the content is not recognized.

    Example:
        >>> remedy(Path("photo.HEIC"))
        'it is a photograph in HEIC: save it as PNG or JPEG'
        >>> remedy(Path("photo.png")) is None
        True
    """
    kind = _by_content(path) or path.suffix.lower() * suffix

    named_so = kind == f"{path.suffix.lower()} of another name"

    if kind not in _BY_SUFFIX or (named_so and suffix):
        return None

    what, how = _BY_SUFFIX[kind]

    if named_so:
        return f"it is {what}"

    return f"it is {what}: {how.format(name=path.name, stem=path.stem)}"


def _by_content(path: Path) -> str | None:
    try:
        with path.open("rb") as file:
            head = file.read(256)
    except OSError:
        return None

    for start, marks, kind in _BY_CONTENT:
        if head[start:].startswith(marks):
            return kind

    return None
