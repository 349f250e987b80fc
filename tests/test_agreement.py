"""The page of agreement says what a comparison gives now."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

from tests.conftest import ROOT

PAGE = ROOT / "docs" / "agreement" / "index.md"


def tool() -> ModuleType:
    """tools/agreement.py, which is no package."""
    spec = importlib.util.spec_from_file_location("agreement", ROOT / "tools" / "agreement.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    import sys

    sys.modules["agreement"] = module
    spec.loader.exec_module(module)
    return module


def test_the_page_is_what_comes_out(corpora: Path) -> None:
    """No difference is ours, and the committed page has the figures of this run."""
    agreement = tool()
    found = agreement.compare()
    assert [one.id for one in found if one.what == agreement.OURS] == []
    assert agreement.page(found) == PAGE.read_text(encoding="utf-8")
    assert len({one.id for one in found}) == len(found)


def test_each_difference_is_explained(corpora: Path) -> None:
    """What counts as theirs stands on its topic's page, by name."""
    agreement = tool()
    for one in agreement.compare():
        if one.what == agreement.THEIRS:
            text = (PAGE.parent / f"{agreement.TOPICS[one.topic][0]}.md").read_text(encoding="utf-8")
            assert one.id in text or one.id.partition("/")[2].rpartition("/")[2] in text, one.id
