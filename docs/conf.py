r"""Settings of the documentation, built by `make docs`."""

import importlib
import re

from sphinx.application import Sphinx

import autoencode

project = "autoencode"
author = copyright = "The autoencode developers"
version = release = autoencode.__version__

extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.mathjax",
    "sphinx.ext.napoleon",
    "sphinx.ext.viewcode",
]
myst_enable_extensions = ["attrs_inline", "dollarmath"]
myst_heading_anchors = 3
autosummary_generate = False  # the pages are written by hand
exclude_patterns = ["_build"]
html_theme = "furo"
html_title = f"autoencode {release}"

default_role = "code"
autodoc_member_order = "bysource"
autodoc_typehints = "description"
autodoc_default_options = {
    "members": True,
    "show-inheritance": True,
    # What scikit-learn adds to every estimator refers to pages of its own
    "exclude-members": "set_fit_request, set_score_request, set_transform_request,"
    "set_inverse_transform_request",
}
napoleon_custom_sections = [("References", "notes_style")]


def list_public_names(app: Sphinx, docname: str, source: list[str]) -> None:
    r"""Replaces `|module|` in the reference by the classes and functions in its `__all__`."""

    def names(match: re.Match) -> str:
        module = importlib.import_module(f"autoencode.{match[2]}")
        public = [name for name in module.__all__ if callable(getattr(module, name))]
        return "\n".join(f"{match[1]}autoencode.{match[2]}.{name}" for name in public)

    if docname == "api":
        source[0] = re.sub(r"(?m)^( +)\|(\w+)\|$", names, source[0])


def setup(app: Sphinx) -> None:
    app.connect("source-read", list_public_names)
