r"""Settings of the documentation, built by `make docs`."""

import autoencode

project = "autoencode"
author = copyright = "The autoencode developers"
version = release = autoencode.__version__

extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.mathjax",
    "sphinx.ext.napoleon",
    "sphinx.ext.viewcode",
]
myst_enable_extensions = ["dollarmath"]
myst_heading_anchors = 3
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
