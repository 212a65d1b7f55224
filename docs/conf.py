"""The documentation site: `make site`.

Pages are Markdown below docs/; what follows from code or configuration (parameters, API, texts of
the project's root) is written by the extensions of `_ext` when the site is built.
"""

import os
import sys
from importlib import import_module
from pathlib import Path
from pkgutil import walk_packages

import lexon

sys.path.insert(0, str(Path(__file__).parent / "_ext"))
os.environ.setdefault(
    "KEDRO_LOGGING_CONFIG", str(Path(__file__).parents[1] / "conf" / "logging.yml")
)
# autodoc imports as a type checker would, for which pydantic's classes are not made.
for found in walk_packages(lexon.__path__, "lexon."):
    import_module(found.name)

project = "lexon"
author = "the authors of lexon"
version = release = lexon.__version__

extensions = [
    "myst_nb",  # Markdown too
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "sphinx.ext.apidoc",
    "from_the_project",
    "documented",
    "gallery",
]
exclude_patterns = ["_ext", "figures"]
nb_execution_mode = "off"  # `make notebooks` has run them
myst_enable_extensions = ["colon_fence", "attrs_block"]
myst_heading_anchors = 3

# A name in backticks is code; what is linked says so.
default_role = "code"
autodoc_member_order = "bysource"
# A page shows what its module defines, not what it hands on: else names are there twice.
autodoc_default_options = {"ignore-module-all": True}
autodoc_typehints = "signature"
# As the source writes them: what numpy makes of them fills six lines.
autodoc_type_aliases = {"ArrayLike": "ArrayLike", "NDArray": "NDArray"}
autodoc_preserve_defaults = True
autodoc_inherit_docstrings = False  # of Kedro and torch: they are documented there
napoleon_use_ivar = True
napoleon_attr_annotations = False  # they are in the signature
napoleon_custom_sections = [("Results", "params_style")]
# Types are linked only where a page says so: many are of libraries that no page is about.
nitpicky = False
suppress_warnings = ["ref.python", "autodoc.mocked_object"]
apidoc_modules = [
    {
        "path": "../src/lexon",
        "destination": "reference/api",
        "module_first": True,
        "max_depth": 2,
        "automodule_options": {"members", "show-inheritance"},
    }
]

html_theme = "furo"
html_title = f"lexon {version}"
html_copy_source = False
html_show_copyright = False
html_static_path = ["_static"]
html_css_files = ["lexon.css"]
# The site works offline: nothing is loaded from elsewhere.
html_theme_options = {
    "light_css_variables": {"color-brand-primary": "#0b5c8a", "color-brand-content": "#0b5c8a"},
    "dark_css_variables": {"color-brand-primary": "#6fb9e3", "color-brand-content": "#6fb9e3"},
}
