r"""Settings of the documentation, built by `make docs`."""

import importlib
import logging
import re
import warnings

from sphinx.application import Sphinx
from sphinx_gallery.scrapers import figure_rst

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
    "sphinx_gallery.gen_gallery",
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


def save_figure(block: tuple, variables: dict, settings: dict) -> str:
    r"""Saves the figure that the last line of a block returned.

    The pictures of the library are made without pyplot, where sphinx-gallery looks for figures.
    """
    figure = variables["example_globals"].get("___")

    if not hasattr(figure, "savefig"):
        return ""

    path = next(variables["image_path_iterator"])
    figure.savefig(path, dpi=120)
    variables["example_globals"]["___"] = None  # the next block may end without a value

    return figure_rst([path], settings["src_dir"])


def before_script(settings: dict, name: str) -> None:
    r"""Turns off log lines, and makes a failed training an error."""
    logging.getLogger("autoencode").setLevel(logging.WARNING)
    warnings.simplefilter("error", autoencode.FitWarning)


sphinx_gallery_conf = {
    "examples_dirs": ["../examples/tutorials", "../examples/gallery"],
    "gallery_dirs": ["tutorials", "gallery"],
    "filename_pattern": r"\.py$",
    "ignore_pattern": r"__init__",
    "within_subsection_order": "FileNameSortKey",
    "abort_on_example_error": True,
    "capture_repr": ("_repr_html_",),
    "image_scrapers": (save_figure,),
    "reset_modules": (before_script,),
    "write_computation_times": False,
    "min_reported_time": 1e9,
    "download_all_examples": False,
    "copyfile_regex": "",
    "show_signature": False,
    "backreferences_dir": "gallery/uses",
    "doc_module": ("autoencode",),
}
suppress_warnings = ["config.cache"]  # functions above are not part of what Sphinx compares


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
