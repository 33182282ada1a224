r"""Models from files."""

__all__ = ["load"]

from collections.abc import Callable, Sequence
from pathlib import Path

from ..persistence.hub import is_address, local_file
from .autoencoder import Autoencoder
from .model_files import read_state


def load(
    path: str | Path,
    encoder_only: bool = False,
    trusted: str | type | Callable | Sequence[str | type | Callable] = (),
) -> Autoencoder:
    r"""Load a model from a file. No code in the file is executed.

    Arguments:
        path: The file; or the address of a model on the Hugging Face Hub, `"hf://user/name"` for
            the newest version or `"hf://user/name@version"`, of which the same file is read. This
            needs the package `huggingface_hub`.
        encoder_only: Whether to load the encoder alone; such a model can only `transform`.
        trusted: Networks, objectives or functions from outside this library that the model may
            use, or their import paths, or modules whose whole content is trusted.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If the file is damaged, of a newer version, or not a model of this library, or
            if it uses code that is not trusted.

    See Also:
        :class:`~autoencode.Autoencoder`, :func:`~autoencode.push`

    Example:
        >>> import tempfile
        >>> from sklearn.datasets import load_iris
        >>> from autoencode import linear
        >>> X = load_iris().data
        >>> model = linear(latent_dim=2).fit(X)
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     model.save(f"{folder}/iris.ae")
        ...     load(f"{folder}/iris.ae").transform(X).shape
        (150, 2)
    """
    trusted = trusted if isinstance(trusted, Sequence) else [trusted]
    trusted = [trusted] if isinstance(trusted, str) else trusted

    path = local_file(str(path)) if is_address(path) else path
    state = read_state(Autoencoder, path, encoder_only, trusted)

    try:
        return Autoencoder(**state.arguments)._set_state(state)
    except Exception as error:  # an untrusted document may cause any error
        reason = " ".join(str(error).split())[:600].rstrip(".") or type(error).__name__
        raise ValueError(f"'{path}' is damaged: {reason}.") from None
