"""The settings in force, and where each comes from."""

from __future__ import annotations

from pathlib import Path

from kfm_checks.config import load_settings
from tests.cli.helper import write


def test_each_setting_names_the_file_that_gives_it(tmp_path: Path) -> None:
    """Files merge key by key, the nearest wins; what no file says is a default, though its section is written."""
    write(
        tmp_path,
        {
            "kfm-checks.yaml": "layout:\n  patches: delta\n  apps: wiring\nlevels: {RAIL-07: must}\n",
            "o/kfm-checks.yaml": "layout:\n  apps: null\n",
        },
    )
    rows = {key: (value, origin) for key, value, origin in load_settings(tmp_path / "o", tmp_path).rows()}
    assert rows["layout.patches"] == ("delta", "kfm-checks.yaml:2")
    assert rows["layout.apps"] == (None, "o/kfm-checks.yaml:2")
    assert rows["layout.policies"] == ("policies", "default")
    assert rows["levels.RAIL-07"] == ("must", "kfm-checks.yaml:4")
    assert rows["personas.auditor"] == (None, "default")
