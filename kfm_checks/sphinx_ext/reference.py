"""The reference page of a check, from its docstring and its file of examples."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from importlib import resources
from typing import Any

from docutils import nodes
from markupsafe import Markup

from kfm_checks.engine import closure
from kfm_checks.sphinx_ext.html import highlighted, prose
from kfm_checks.sphinx_ext.nodes import section
from kfm_checks.sphinx_ext.view import View

#: The sections of a file of examples, and what a page calls them.
CASES = (
    ("holds", "Holds"),
    ("fails", "Fails"),
    ("nothing", "Nothing to examine"),
    ("sly", "What a pattern matcher would get wrong"),
)
OUTCOMES = {"holds": "pass", "fails": "fail"}


def check_page(view: View, name: str, fill: Callable[..., nodes.raw]) -> list[nodes.Node]:
    """Assertion, reason, remedy, rows, facts, examples and mutations of one check."""
    check = view.checks[name]
    examples = examples_of(name)
    result = next((each for each in view.report.results if each.check == name), None)
    rows = [row for row in view.rows if name in row.requirement.checks]
    head = fill(
        "check.html",
        check=check,
        result=result,
        rows=rows,
        facts=sorted(closure(check.function)),
        why=prose(check.why),
        remedy=prose(check.remedy),
    )
    found: list[nodes.Node] = [head]
    for key, title in CASES:
        cases = examples.get(key)
        if isinstance(cases, list) and cases:
            shown = [_case(case, OUTCOMES.get(key, "")) for case in cases if isinstance(case, dict)]
            found.append(section(title, key, fill("cases.html", cases=shown)))
    mutations = examples.get("mutations")
    if isinstance(mutations, list) and mutations:
        found.append(
            section(
                "Changes of the shipped overlay that turn it", "mutations", fill("mutations.html", mutations=mutations)
            )
        )
    return found


def _case(case: Mapping[str, Any], outcome: str) -> dict[str, Any]:
    files = case.get("files")
    texts = files.items() if isinstance(files, dict) else [("", case.get("objects") or "")]
    blocks = [(name, highlighted(f"{str(text).strip()}\n", _language(name))) for name, text in texts if text]
    return {
        "about": str(case.get("about") or ""),
        "outcome": str(case.get("outcome") or outcome),
        "texts": [(name, Markup(block)) for name, block in blocks],  # noqa: S704 - Pygments escapes
        "config": case.get("config"),
        "evidence": case.get("evidence") or [],
    }


def _language(name: str) -> str:
    return "markdown" if name.endswith(".md") else "json" if name.endswith(".json") else "yaml"


@cache
def examples_of(name: str) -> Mapping[str, Any]:
    """The content of a check's file of examples; {} where there is none yet."""
    import yaml

    file = resources.files("kfm_checks.checks") / "examples" / f"{name}.yaml"
    if not file.is_file():
        return {}
    value = yaml.safe_load(file.read_text(encoding="utf-8"))
    return value if isinstance(value, dict) else {}
