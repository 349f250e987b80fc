"""A comparison as Markdown for a pull request's comment: within GitHub's limit, hostile text made harmless."""

from __future__ import annotations

from kfm_checks.change.governance import sentence
from kfm_checks.change.shown import Shown, pointer, text_pair
from kfm_checks.change.sides import Comparison
from kfm_checks.change.words import MARKS, counted, headline, ranked, risk_line
from kfm_checks.change.write_json import governance_of
from kfm_checks.exports.markdown import LIMIT, cell
from kfm_checks.facts.change_model import ObjectChange
from kfm_checks.facts.network.ports import text as ports
from kfm_checks.redaction import redact

#: So many fields of one object, and pairs of one list, are written out.
_FIELDS, _PAIRS = 40, 60


def write(comparison: Comparison, limit: int = LIMIT) -> str:
    """The comparison as Markdown of at most ``limit`` characters; what is left out is counted."""
    head = _head(comparison)
    shown = Shown(comparison.diff)
    changes = ranked(comparison.diff)
    table = (
        ["", "| | object | risks | why | made by |", "|---|---|---|---|---|", *map(_row, changes)] if changes else []
    )
    blocks = [_details(change, shown) for change in changes] + _reach(comparison)
    return _fitted(head, table, blocks, limit)


def _head(comparison: Comparison) -> list[str]:
    diff = comparison.diff
    lines = [f"## {headline(diff)}", ""]
    governance = governance_of(comparison)
    if governance:
        lines += ["**This change alters the rules that it is judged by** (the base's hold until it is merged):", ""]
        lines += [f"- {cell(sentence(item))}" for item in governance[:20]]
        lines += [f"- … and {len(governance) - 20} more"] if len(governance) > 20 else []
        lines.append("")
    if risk_line(diff):
        lines += [risk_line(diff), ""]
    lines += [f"> not compared: {cell(reason)}" for reason in diff.unseen[:10]]
    lines.append(f"Base `{_code(comparison.base_name)}`, head `{_code(comparison.head_name)}`.")
    return lines


def _code(name: str) -> str:
    return "".join(c for c in redact(name)[:80] if c.isprintable() and c not in "`<>|")


def _row(change: ObjectChange) -> str:
    names = ", ".join(dict.fromkeys(risk.name for risk in change.risks))
    why = "; ".join(risk.message for risk in change.risks[:2])
    more = f" (and {len(change.risks) - 2} more)" if len(change.risks) > 2 else ""
    was = f" (was {change.renamed_from})" if change.renamed_from else ""
    source = change.source()
    made = source.file if source is not None else ""
    name = cell(redact(f"{change.key}{was}"))
    return f"| {MARKS[change.change]} | {name} | {names} | {cell(redact(why + more))} | {cell(made)} |"


def _details(change: ObjectChange, shown: Shown) -> str:
    lines = ["", f"<details><summary>{MARKS[change.change]} {_summary(change)}</summary>", ""]
    lines += [f"- **{risk.name}**: {cell(redact(risk.message))}" for risk in change.risks[:_FIELDS]]
    if change.fields:
        lines += ["", "| field | before | after | made by |", "|---|---|---|---|"]
    for item in change.fields[:_FIELDS]:
        before, after = text_pair(*shown.field(change, item))
        source = change.source(item)
        made = cell(str(source)) if source is not None else ""
        lines.append(f"| {cell(pointer(item))} | {cell(before)} | {cell(after)} | {made} |")
    if len(change.fields) > _FIELDS:
        lines.append(f"| … {len(change.fields) - _FIELDS} more fields | | | |")
    return "\n".join([*lines, "", "</details>"])


def _summary(change: ObjectChange) -> str:
    return cell(redact(str(change.key)))


def _reach(comparison: Comparison) -> list[str]:
    diff, blocks = comparison.diff, []
    for title, pairs in (("Can connect now", diff.opened), ("Can no longer connect", diff.closed)):
        if not pairs:
            continue
        lines = [
            "",
            f"<details><summary>{title}: {counted(len(pairs), 'pair')}</summary>",
            "",
            "| from | to | before | after |",
            "|---|---|---|---|",
        ]
        for pair in pairs[:_PAIRS]:
            before, after = (ports(side) if side else "no" for side in (pair.before, pair.after))
            lines.append(f"| {cell(pair.source)} | {cell(pair.destination)} | {cell(before)} | {cell(after)} |")
        if len(pairs) > _PAIRS:
            lines.append(f"| … {len(pairs) - _PAIRS} more | | | |")
        blocks.append("\n".join([*lines, "", "</details>"]))
    return blocks


def _fitted(head: list[str], table: list[str], blocks: list[str], limit: int) -> str:
    """Whole blocks as long as there is room, then whole rows; a line says what was left out."""
    budget = limit - 200
    kept: list[str] = []
    for part in (*head, *table):
        budget -= len(part) + 1
        if budget < 0:
            left = len(head) + len(table) - len(kept)
            return "\n".join([*kept, "", f"… {left} lines are left out here; the JSON has them."]) + "\n"
        kept.append(part)
    whole = []
    for block in blocks:
        if len(block) + 1 <= budget:
            budget -= len(block) + 1
            whole.append(block)
    left = len(blocks) - len(whole)
    cut = ["", f"… the details of {left} objects are left out here; the JSON has them."] if left else []
    return "\n".join([*kept, *whole, *cut]) + "\n"
