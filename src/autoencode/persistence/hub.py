r"""Models on the Hugging Face Hub, by plain functions of `huggingface_hub`."""

__all__ = ["is_address", "local_file", "push"]

import re
import tempfile
from pathlib import Path
from typing import Any

FILE = "model.ae"
_ADDRESS = re.compile(r"hf://([\w.-]+/[\w.-]+?)(?:@([\w./-]+))?")
_NAME = re.compile(r"[\w.-]+/[\w.-]+")
_CARD = """---
library_name: autoencode
tags:
- autoencoder
---

# {title}

{model}

```python
import autoencode as ae

model = ae.load("hf://{name}@{revision}")
codes = model.transform(X)
```
"""


def push(model: Any, name: str, private: bool = False, message: str = "Upload a model") -> str:
    r"""Upload a model to a repository of the Hugging Face Hub.

    The repository is made if there is none. It gets two files: the model, as `save` writes it, and
    a page with the lines that load it, unless it has a page. Who uploads is who is logged in, by
    `hf auth login` or the variable `HF_TOKEN`. Needs the package `huggingface_hub`.

    Arguments:
        model: The trained model.
        name: The repository, as `"user/name"`.
        private: Whether only its owner can see a new repository.
        message: A line for the history of the repository.

    Returns:
        The address of this version for `ae.load`, which stays the same model.

    Raises:
        ValueError: If the name is not of this form, or the hub refuses the upload.
        ImportError: If the package is missing.

    See Also:
        :func:`~autoencode.load`

    Example:
        >>> import autoencode as ae
        >>> ae.push(ae.linear(2), "a name with spaces")
        Traceback (most recent call last):
        ValueError: expected a repository as 'user/name', got 'a name with spaces'.
    """
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise ValueError(f"expected a repository as 'user/name', got {name!r}.")

    hub = _package()

    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / FILE
        model.save(file)
        content = file.read_bytes()
        api = hub.HfApi()

        try:
            api.create_repo(name, private=private, exist_ok=True)
            revision = _commit(hub, api, name, {FILE: content}, message)

            if not api.file_exists(name, "README.md"):
                title = name.partition("/")[2]
                text = _CARD.format(
                    title=title, model=f"`{model!r}`", name=name, revision=revision
                )
                _commit(hub, api, name, {"README.md": text.encode()}, "Say how to load the model")
        except Exception as error:
            raise ValueError(_refused(name, error)) from error

    return f"hf://{name}@{revision}"


def is_address(path: Any) -> bool:
    r"""Tell whether a path is the address of a model on the hub.

    Example:
        >>> is_address("hf://user/name"), is_address("model.ae")
        (True, False)
    """
    return isinstance(path, str) and path.startswith("hf://")


def local_file(address: str) -> Path:
    r"""Download the file of a model, or find it in the cache. Nothing else is downloaded.

    Arguments:
        address: The address, as `"hf://user/name"` for the newest version, or with `@` and the
            name of a version.

    Raises:
        ValueError: If the address is of another form, or the hub has no such model.
        ImportError: If the package `huggingface_hub` is missing.

    Example:
        >>> local_file("hf://name")
        Traceback (most recent call last):
        ValueError: expected an address as 'hf://user/name' or 'hf://user/name@version', got ...
    """
    if (found := _ADDRESS.fullmatch(address)) is None:
        raise ValueError(
            "expected an address as 'hf://user/name' or 'hf://user/name@version', got"
            f" {address!r}."
        )

    hub = _package()

    try:
        return Path(hub.hf_hub_download(found[1], FILE, revision=found[2]))
    except Exception as error:
        raise ValueError(_refused(found[1], error)) from error


def _commit(hub: Any, api: Any, name: str, files: dict[str, bytes], message: str) -> str:
    r"""Writes files to a repository, and returns the name of the new version."""
    changes = [hub.CommitOperationAdd(path, content) for path, content in files.items()]
    return str(api.create_commit(name, changes, commit_message=message).oid)


def _refused(name: str, error: Exception) -> str:
    reason = " ".join(str(error).split())[:200].rstrip(".") or type(error).__name__
    return (
        f"the hub did not give or take a model at '{name}' ({reason}). Check the name, the"
        " network, and who is logged in (hf auth whoami)."
    )


def _package() -> Any:
    try:
        import huggingface_hub
    except ImportError:
        raise ImportError(
            "models on the hub need huggingface_hub: pip install 'autoencode[hub]'"
        ) from None

    return huggingface_hub
