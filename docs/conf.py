r"""Settings of the documentation, built by `make docs`."""

import importlib
import inspect
import logging
import warnings
from collections.abc import Iterator
from pathlib import Path

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
autosummary_generate = ["reference/index.rst"]
autosummary_generate_overwrite = True
templates_path = ["_templates"]
exclude_patterns = ["_build", "_templates"]
html_theme = "furo"
html_title = f"autoencode {release}"

# The reference: a page for each public name
REFERENCE = {
    "Estimators and recipes": ["", "recipes"],
    "Data": ["modalities", "datasets", "data"],
    "Parts of a model": ["networks", "distributions", "priors", "objectives", "corruptions"],
    "Training and evaluation": ["training", "evaluation", "comparison"],
    "Data of any size": ["scale"],
    "The manifold": ["manifold"],
    "Pictures": ["plots"],
}
ONLY = {"data": ["read_table", "TableFormat"]}
INTERNAL = {"training": ["LeastSquares", "Training"]}  # listed under `autoencode`


def public_names(folder: str) -> Iterator[str]:
    r"""Yields the classes and functions of a module that the reference documents."""
    module = importlib.import_module(f"autoencode.{folder}".rstrip("."))

    for name in ONLY.get(folder, module.__all__):
        value = getattr(module, name)
        listed = inspect.isclass(value) or (inspect.isfunction(value) and folder != "modalities")
        recipe = listed and folder == "" and value.__module__ == "autoencode.recipes"

        if listed and not recipe and name not in INTERNAL.get(folder, []):
            yield f"{module.__name__}.{name}"


def write_reference(path: Path) -> None:
    r"""Writes the index of the reference, from which autosummary makes the pages."""
    lines = ["Reference", "=========", "", ""]
    lines[2] = "The public interface. :doc:`/stability` says what later releases keep."

    for title, folders in REFERENCE.items():
        lines += ["", title, "-" * len(title), "", ".. autosummary::"]
        lines += ["   :toctree:", "   :nosignatures:", ""]
        lines += [f"   {name}" for folder in folders for name in public_names(folder)]

    path.parent.mkdir(exist_ok=True)
    path.write_text("\n".join(lines) + "\n", "utf-8")


write_reference(Path(__file__).parent / "reference" / "index.rst")

default_role = "code"
autodoc_member_order = "bysource"
autodoc_typehints = "description"
autodoc_default_options = {
    "members": True,
    "show-inheritance": True,
    # What scikit-learn adds to every estimator refers to pages of its own
    "exclude-members": "set_fit_request, set_score_request, set_transform_request,"
    "set_inverse_transform_request, set_partial_fit_request",
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
    r"""Turns off log lines, and prints warnings without the paths of the machine."""
    logging.getLogger("autoencode").setLevel(logging.WARNING)
    warnings.simplefilter("default", autoencode.FitWarning)
    warnings.formatwarning = lambda text, kind, *_: f"{kind.__name__}: {text}\n"


sphinx_gallery_conf = {
    "examples_dirs": ["../examples/tutorials", "../examples/gallery"],
    "gallery_dirs": ["tutorials", "gallery"],
    "filename_pattern": r"\.py$",
    "ignore_pattern": r"__init__",
    "within_subsection_order": "FileNameSortKey",
    "abort_on_example_error": True,
    "parallel": 2,  # scripts at a time
    "capture_repr": ("_repr_html_",),
    "ignore_repr_types": "Autoencoder",
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


def close_other_branches(
    _app: Sphinx, _page: str, _template: str, context: dict, _: object
) -> None:
    r"""Closes the branches of the sidebar that do not hold the page.

    The whole tree, with an entry for each public name, took two thirds of the time of the build.
    """
    if toctree := context.get("toctree"):
        context["toctree"] = lambda **options: toctree(**options | {"collapse": True})


def setup(app: Sphinx) -> None:
    r"""Connects the function above with the build."""
    app.connect("html-page-context", close_other_branches, priority=400)  # before the theme's
