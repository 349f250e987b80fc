"""Reachability against the cases of np-guard/netpol-analyzer, whole matrices included."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from kfm_checks.facts.network import reachability

CORPORA = Path(__file__).parents[3] / "shared" / "corpora"
pytestmark = pytest.mark.skipif(not CORPORA.is_dir(), reason="../shared/corpora is absent")
V4 = "external:"
ALL = {(protocol, 1, 65535) for protocol in ("TCP", "UDP", "SCTP")}


def cases() -> list[dict[str, Any]]:
    """The cases, in order."""
    path = CORPORA / "netpol-analyzer.jsonl"
    return [json.loads(line) for line in path.read_text().splitlines()] if path.is_file() else []


def objects(folder: Path) -> list[dict[str, Any]]:
    """Every manifest of a folder, Lists flattened; a plain reader, so that this test stands alone."""
    found: list[dict[str, Any]] = []
    for path in sorted(folder.rglob("*")):
        if path.suffix not in {".yaml", ".yml", ".json"}:
            continue
        for document in yaml.load_all(path.read_text(), yaml.CSafeLoader):
            if isinstance(document, dict) and str(document.get("kind", "")).endswith("List"):
                kind = document["kind"].removesuffix("List")
                found += [{"apiVersion": "v1", "kind": kind, **item} for item in document["items"]]
            elif isinstance(document, dict) and document.get("kind"):
                found.append(document)
    return found


def ours(path: str) -> dict[tuple[str, str], set[tuple[str, int, int]]]:
    """Our table for a folder, IPv6 apart."""
    table: dict[tuple[str, str], set[tuple[str, int, int]]] = {}
    for source, destination, *ports in reachability(objects(CORPORA / path)).itertuples(index=False, name=None):
        table.setdefault((source, destination), set()).add(tuple(ports))  # type: ignore[arg-type]
    return {pair: ports for pair, ports in table.items() if ":::" not in "".join(pair)}


def name(theirs: str) -> str:
    """``ns/name[Kind]`` or ``FIRST-LAST[External]`` as we write it."""
    end, _, kind = theirs.removesuffix("]").rpartition("[")
    if kind == "External":
        return f"{V4}{end}"
    namespace, _, workload = end.partition("/")
    return f"{namespace}/{kind}/{workload}"


def ports(theirs: str) -> set[tuple[str, int, int]]:
    """``TCP 80,90-95,UDP 8080`` or ``All Connections``."""
    if theirs == "All Connections":
        return set(ALL)
    found, protocol = set(), ""
    for part in theirs.split(","):
        protocol, _, spec = part.rpartition(" ") if " " in part else (protocol, "", part)
        first, _, last = spec.partition("-")
        found.add((protocol, int(first), int(last or first)))
    return found


def _holds(wide: str, narrow: str) -> bool:
    import ipaddress

    a, b = ([int(ipaddress.ip_address(x)) for x in end.removeprefix(V4).split("-")] for end in (wide, narrow))
    return a[0] <= b[0] and b[1] <= a[1]


def _covers(theirs: str, mine: str) -> bool:
    """They join neighbouring ranges that are alike, we cut at every boundary: one of theirs covers several of ours."""
    if not mine.startswith(V4) or not theirs.startswith(V4):
        return theirs == mine
    return _holds(theirs, mine)


@pytest.mark.parametrize("path", sorted({case["path"] for case in cases()}))
def test_the_whole_matrix_agrees(path: str) -> None:
    """Each expected line is in our table, and our table holds nothing else (IPv6 apart, which they leave out)."""
    expected = next(case["expected_matrix"] for case in cases() if case["path"] == path)
    theirs = {}
    for line in (CORPORA / expected).read_text().splitlines():
        if line.startswith("{ingress-controller}") or not line.strip():
            continue
        source, destination, conn = re.fullmatch(r"(\S+) => (\S+) : (.+)", line).groups()  # type: ignore[union-attr]
        theirs[name(source), name(destination)] = ports(conn)
    mine = ours(path)
    for pair, allowed in mine.items():
        said = [c for (s, d), c in theirs.items() if _covers(s, pair[0]) and _covers(d, pair[1])]
        assert said == [allowed], pair
    for source, destination in theirs:
        assert any(_covers(source, s) and _covers(destination, d) for s, d in mine), (source, destination)


def disagreeing() -> list[str]:
    """The cases on single pairs in which our verdict or our ports differ from theirs."""
    tables = {path: ours(path) for path in {case["path"] for case in cases()}}
    wrong = []
    for case in cases():
        table = tables[case["path"]]
        if "External" in (case["src"], case["dst"]):
            ends = [None if end == "External" else name(end) for end in (case["src"], case["dst"])]
            reached = any(
                all(e == x if e else x.startswith(V4) for e, x in zip(ends, pair, strict=True)) for pair in table
            )
            agrees = reached == (case["expect"] == "pass")
        else:
            mine = table.get((name(case["src"]), name(case["dst"])), set())
            agrees = mine == (ports(case["conn"]) if case["expect"] == "pass" else set())
        if not agrees:
            wrong.append(case["id"])
    return wrong


def test_every_case_agrees() -> None:
    """All 194 verdicts on single pairs, the expected ports included."""
    assert len(cases()) >= 194
    assert disagreeing() == []
