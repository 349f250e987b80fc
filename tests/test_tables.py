"""The tables of a report: fixed columns and types, no null, no row twice."""

from __future__ import annotations

import pandas as pd
import pytest

from kfm_checks import check_objects
from kfm_checks.requirements import CATALOGUE
from kfm_checks.tables import EVIDENCE_COLUMNS, REQUIREMENT_COLUMNS

POD = {
    "apiVersion": "v1",
    "kind": "Pod",
    "metadata": {"name": "a"},
    "spec": {"containers": [{"name": "c", "image": "x:latest"}]},
}


@pytest.mark.parametrize("times", [0, 1, 2])
def test_frames_have_fixed_columns_and_no_row_twice(times: int) -> None:
    """Also of no object, and of one that is given twice."""
    report = check_objects([POD] * times)
    rows, evidence = report.requirements_frame(), report.evidence_frame()
    assert (tuple(rows.columns), tuple(evidence.columns)) == (REQUIREMENT_COLUMNS, EVIDENCE_COLUMNS)
    assert list(rows["id"]) == [row.id for row in CATALOGUE]
    for frame in (rows, evidence):
        assert isinstance(frame.index, pd.RangeIndex)
        assert not frame.duplicated().any()
        assert not frame.isna().any().any()
        assert {str(kind) for name, kind in frame.dtypes.items() if name != "line"} == {"string"}
    assert str(evidence["line"].dtype) == "int64"
    assert len(evidence) == len(check_objects([POD]).evidence_frame()) or not times
