"""A value that isn't what its tag says is a line of its own, as every other mistake in a file of ours."""

from __future__ import annotations

import pytest

from kfm_checks.errors import ConfigError
from kfm_checks.yamlfile import parse_yaml


@pytest.mark.parametrize("value", ["!!timestamp x", "!!bool x", '!!int ""', "!!float x", "!!binary ü", "!!set x"])
def test_a_tag_that_does_not_fit_is_a_mistake_and_no_crash(value: str) -> None:
    """PyYAML's constructors raise a KeyError, an IndexError or an AttributeError for some of them."""
    with pytest.raises(ConfigError, match=r"^a.yaml(:1)?: not valid YAML: "):
        parse_yaml(f"a: {value}", shown="a.yaml")
