"""A rendered object as highlighted YAML, Secret values withheld."""

from __future__ import annotations

import yaml
from markupsafe import Markup

from kfm_checks.inventory import shown
from kfm_checks.model import Manifest
from kfm_checks.sphinx_ext.html import highlighted

#: An object's text is cut here (characters): a dashboard of a megabyte is no page.
LIMIT = 60_000


class _Dumper(yaml.SafeDumper):
    """Block style for texts of several lines, no aliases."""

    def ignore_aliases(self, data: object) -> bool:
        return True


def _text(dumper: yaml.SafeDumper, value: str) -> yaml.ScalarNode:
    style = "|" if "\n" in value else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", value, style=style)


_Dumper.add_representer(str, _text)


def yaml_of(obj: Manifest) -> Markup:
    """HTML of an object's content."""
    text = yaml.dump(shown(obj), Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=110)
    if len(text) > LIMIT:
        text = f"{text[:LIMIT]}\n# … cut here: {len(text) - LIMIT} more characters\n"
    return Markup(highlighted(text, "yaml"))  # noqa: S704 - Pygments escapes
