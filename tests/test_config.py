"""The settings in force, and where each comes from."""

from __future__ import annotations

from pathlib import Path

import pytest

from kfm_checks.config import load_settings
from kfm_checks.errors import ConfigError
from kfm_checks.run import Options, judge
from tests.cli.helper import OVERLAY, write


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


@pytest.mark.parametrize("name", ["kfm-checks.yaml", "o/kfm-checks.yaml", "o/governance/waivers.yaml"])
def test_a_link_that_leads_nowhere_is_no_absence(name: str, tmp_path: Path) -> None:
    """What it was to raise or waive would be left out in silence."""
    write(tmp_path, {f"o/{each}": text for each, text in OVERLAY.items()})
    (tmp_path / name).parent.mkdir(exist_ok=True)
    (tmp_path / name).symlink_to("nowhere")
    with pytest.raises(ConfigError, match=f"^{name}: can't be read"):
        judge(tmp_path / "o", Options(only=("overlay-renders",)))
