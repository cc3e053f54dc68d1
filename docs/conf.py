"""How ``make docs`` makes the site: the pages of this folder, and the reference from the docstrings of the rooms."""

from service_map import __version__

project = "规划设施地图 Service map"
release = __version__
language = "zh_CN"
extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]

# A name between single backticks is code, as the docstrings write it.
default_role = "literal"
autodoc_default_options = {"members": True, "imported-members": True, "undoc-members": False}
python_maximum_signature_line_length = 100
# What the docstrings say of a type (a shape, a unit) is words, not the name of something.
napoleon_use_param = napoleon_use_rtype = False
napoleon_use_ivar = True
napoleon_attr_annotations = False
myst_heading_anchors = 3
# A CSV and a TOML with an ellipsis are shown as they are.
suppress_warnings = ["misc.highlighting_failure"]

html_theme = "alabaster"
html_show_sourcelink = False
html_theme_options = {"show_powered_by": False, "font_family": "sans-serif", "head_font_family": "sans-serif"}
