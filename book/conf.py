"""The course as a website: Sphinx on the stored notebooks and the pages of docs/. `make book` builds it.

No notebook is executed and nothing fetched: the pages carry what they need. The reference comes from the docstrings.
"""

project = "IDIC Lab"
author = "the authors of IDIC Lab"
html_title = "IDIC Lab"
extensions = ["myst_nb", "sphinx_copybutton", "sphinx.ext.autodoc", "sphinx.ext.autosummary", "sphinx.ext.napoleon"]
autosummary_generate = False  # its tables lead to the entries below them
autodoc_typehints = "signature"
autodoc_preserve_defaults = True  # as written, not as an address in memory
napoleon_use_ivar = True
napoleon_use_rtype = False
napoleon_custom_sections = [("Returns", "params_style")]  # some functions return two tables, each with a name
exclude_patterns = ["download"]  # the notebooks as they are, to be downloaded
nb_execution_mode = "off"
nb_ipywidgets_js = {}  # else it asks a content network for the controls, which need a kernel anyway
nb_code_prompt_show = "Preparation"  # what is folded: parameters, imports, the start
nb_code_prompt_hide = "Hide it"
myst_heading_anchors = 3
suppress_warnings = [
    "misc.highlighting_failure",  # the examples of a file of one's own are CSV, which has no highlighting
    "ref.python",  # a word in backquotes may be the name of several attributes
    "mystnb.unknown_mime_type",  # headline numbers also carry a part for the report of a run
]
html_theme = "sphinx_book_theme"
html_theme_options = {
    "show_navbar_depth": 1,
    "show_toc_level": 2,
    "use_download_button": False,
    "use_fullscreen_button": False,
    "navbar_persistent": [],  # one search field, in the sidebar
    "article_header_end": ["theme-switcher", "toggle-secondary-sidebar"],
}
html_context = {
    "default_mode": "auto"
}  # light or dark as the reader's system; unset, the theme complains in the console
html_static_path = ["static"]
html_css_files = ["course.css"]
html_copy_source = False
html_show_sphinx = False
