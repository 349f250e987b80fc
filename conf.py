"""Settings of the site, and nothing else. ``make site`` and ``kfm-checks site`` use the same."""

import os

from kfm_checks import __version__
from kfm_checks.sphinx_ext.needs import NEEDS_SETTINGS

project = "Kansas Frontier Matrix: production, live"
author = "Kansas Frontier Matrix"
copyright = author
version = release = __version__
language = "en"

extensions = ["myst_nb", "sphinx.ext.autodoc", "sphinx_needs", "kfm_checks.sphinx_ext"]
# The repository is the source folder, so pages are allowed by name.
include_patterns = ["index.md", "docs/**", "live/**", "notebooks/*.ipynb"]
exclude_patterns = ["**/README.md", "**/.ipynb_checkpoints", "docs/fragments/**"]

# The overlay that is shown; `kfm-checks site PATH` sets both.
kfm_overlay = os.environ.get("KFM_CHECKS_OVERLAY", "infra/clusters/prod")
kfm_as_of = os.environ.get("KFM_CHECKS_AS_OF", "")

# A cached notebook would be a stale verdict: each build executes all of them, and a failing one fails the build.
nb_execution_mode = "force"
nb_execution_raise_on_error = True
nb_execution_timeout = 300
nb_execution_show_tb = True
nb_merge_streams = True
nb_ipywidgets_js = {}
myst_enable_extensions = ["colon_fence", "deflist", "fieldlist"]
myst_heading_anchors = 4
myst_links_external_new_tab = False
suppress_warnings = ["mystnb.unknown_mime_type"]

nitpicky = True
nitpick_ignore_regex = [
    # Types of other projects and of the standard library: their documentation would have to be fetched.
    (
        r"py:.*",
        r"(collections|typing|datetime|os|pathlib|pandas|pd|docutils|sphinx|nodes|np|numpy|msgspec|inspect)\..*",
    ),
    # What autodoc makes of `tuple[X, ...]` in a dataclass's signature.
    (r"py:.*", r"tuple\[.*"),
    # The keys of kfm-checks.yaml have a page of their own.
    (r"py:.*", r"Config|kfm_checks\.config\..*"),
    (
        r"py:.*",
        r"(Path|FilePath|Any|Iterable|Iterator|Mapping|Sequence|Callable|Literal|NamedTuple|Struct|date|DataFrame)",
    ),
]
autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autodoc_preserve_defaults = True
python_maximum_signature_line_length = 88

html_theme = "furo"
html_title = project
html_copy_source = False
html_show_sourcelink = False
html_show_sphinx = False
html_show_copyright = False
html_last_updated_fmt = None
html_permalinks_icon = "¶"
html_theme_options = {
    "light_css_variables": {
        "color-brand-primary": "#1f5f99",
        "color-brand-content": "#1f5f99",
        "font-stack": "system-ui, -apple-system, 'Segoe UI', Roboto, 'Noto Sans', 'Liberation Sans', Arial, sans-serif",
        "font-stack--monospace": "ui-monospace, SFMono-Regular, Menlo, Consolas, 'Liberation Mono', monospace",
    },
    "dark_css_variables": {"color-brand-primary": "#7fb8ea", "color-brand-content": "#7fb8ea"},
}
# The usual renderer of formulas fetches a script from elsewhere.
html_math_renderer = "source"

globals().update(NEEDS_SETTINGS)
