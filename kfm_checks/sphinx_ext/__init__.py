"""The Sphinx extension that makes an overlay's README live.

``setup`` registers the directives; at the start of a build the overlay is judged (unless a run was provided by
``kfm_checks.site``), and the pages whose number depends on it are written.
"""

from __future__ import annotations

from html import escape
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.config import Config
from sphinx.environment import BuildEnvironment

from kfm_checks import __version__
from kfm_checks.sphinx_ext import decisions, live, state
from kfm_checks.sphinx_ext.directives import DIRECTIVES
from kfm_checks.sphinx_ext.needs import NEEDS_SETTINGS
from kfm_checks.sphinx_ext.pages import write_pages
from kfm_checks.sphinx_ext.view import View

STATIC = Path(__file__).parent / "static"


def setup(app: Sphinx) -> dict[str, Any]:
    """Register everything with Sphinx."""
    app.add_config_value("kfm_overlay", "infra/clusters/prod", "env", types=(str,))
    app.add_config_value("kfm_as_of", "", "env", types=(str,))
    for name, directive in {**DIRECTIVES, **decisions.DIRECTIVES, **live.DIRECTIVES}.items():
        app.add_directive(name, directive)
    app.connect("config-inited", _settings, priority=100)
    app.connect("builder-inited", _prepare, priority=100)
    app.connect("env-get-outdated", _all_outdated)
    app.connect("html-page-context", _page_context)
    app.add_html_math_renderer("source", (_math_inline, None), (_math_block, None))
    app.add_css_file("kfm.css")
    app.add_js_file("kfm.js", loading_method="defer", priority=100)  # before the scripts of tables
    return {"version": __version__, "parallel_read_safe": True, "parallel_write_safe": True}


def _settings(app: Sphinx, config: Config) -> None:
    """What no conf.py needs to repeat."""
    config.html_static_path.append(str(STATIC))


def _prepare(app: Sphinx) -> None:
    """Judge the overlay unless a run was provided, and write its pages."""
    from kfm_checks.run import Options, judge

    if not state.provided():
        overlay = Path(app.confdir) / app.config.kfm_overlay
        state.provide(View(judge(overlay, Options(as_of=app.config.kfm_as_of))))
    state.set_app(app)
    write_pages(state.view(), Path(app.srcdir))


def _all_outdated(
    app: Sphinx, env: BuildEnvironment, added: set[str], changed: set[str], removed: set[str]
) -> list[str]:
    """Every page may show something of the run: none is ever taken from an earlier build."""
    return sorted(env.found_docs)


#: A page asks nobody for anything; even a mistake of ours, or a trick of a README's, can't load from elsewhere.
_POLICY = (
    "default-src 'none'; script-src 'self' file: 'unsafe-inline'; style-src 'self' file: 'unsafe-inline'; "
    "img-src 'self' file: data:; font-src 'self' file: data:; connect-src 'self' file:; form-action 'self' file:; "
    "base-uri 'none'; object-src 'none'; frame-src 'none'; media-src 'none'"
)


def _page_context(app: Sphinx, pagename: str, templatename: str, context: dict[str, Any], doctree: object) -> None:
    meta = f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">'
    context["metatags"] = meta + context.get("metatags", "")


def _math_inline(writer: Any, node: nodes.Element) -> None:
    """A formula as its source: the usual renderer fetches a script from elsewhere."""
    writer.body.append(f"<code>{escape(node.astext())}</code>")
    raise nodes.SkipNode


def _math_block(writer: Any, node: nodes.Element) -> None:
    writer.body.append(f"<pre>{escape(node.astext())}</pre>")
    raise nodes.SkipNode


__all__ = ["NEEDS_SETTINGS", "setup"]
