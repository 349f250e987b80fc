"""The pages on which somebody decides: the review of the overlay, and the change that was given."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from docutils import nodes
from markupsafe import Markup

from kfm_checks.engine import Crashed, Facts
from kfm_checks.errors import ConfigError, KfmChecksError, NotVerified
from kfm_checks.model import ObjectKey
from kfm_checks.sphinx_ext.directives import Part

if TYPE_CHECKING:
    from kfm_checks.judged import Judged


class Review(Part):
    """What a steward reads before a decision, as ``kfm-checks review`` writes it; it prints on A4."""

    def run(self) -> list[nodes.Node]:
        from kfm_checks.review import review
        from kfm_checks.review_writers import fragment

        try:
            shown, problem = fragment(review(self.view.judged)), ""
        except ConfigError as error:
            shown, problem = "", str(error)
        return [self.fill("review.html", shown=Markup(shown), problem=problem)]  # noqa: S704 - the writer escapes


class Change(Part):
    """What a change makes of the rendered objects, what it does to the rules, and whether it can be taken back."""

    def run(self) -> list[nodes.Node]:
        facts, judged = self.view.judged.facts, self.view.judged
        if "change" not in facts.inputs:
            return [self.fill("change.html", given=False)]
        from kfm_checks.change.governance import sentence
        from kfm_checks.change.inputs import governance_of
        from kfm_checks.change.words import opening

        request, _ = _fact(facts, "pull_request")
        shown, unseen = _shown(judged, self.object_uri)
        values = {
            "opening": opening(request) if request is not None else "",
            "rules": [sentence(each) for each in governance_of(judged)],
            "shown": shown,
            "unseen": unseen,
            "rows": [row for row in self.view.rows if row.section in ("CHG", "DOD") or row.id == "GATE-05"],
            "intent": self._said("CHG-03"),
            "approvals": self._said("CHG-02"),
            "back": self._said("CHG-06"),
        }
        return [self.fill("change.html", given=True, **values)]

    def _said(self, id: str) -> dict[str, object]:
        """The evidence of a row, what fails first; where there is none, the row's own words say why."""
        row = self.view.by_id.get(id)
        return {"findings": row.findings if row else (), "words": row.words if row else "the row was not judged"}


def _fact(facts: Facts, name: str) -> tuple[Any, str]:
    """A fact, or why nobody could compute it."""
    try:
        return facts.get(name), ""
    except NotVerified as reason:
        return None, reason.reason
    except (Crashed, KfmChecksError) as broke:
        return None, str(broke)


def _shown(judged: Judged, link: Callable[[ObjectKey], str]) -> tuple[Markup, str]:
    """The comparison with the base as a piece of a page, or why there is none."""
    from kfm_checks.change.sides import Comparison
    from kfm_checks.change.write_html import fragment

    diff, why = _fact(judged.facts, "diff")
    if diff is None:
        return Markup(), why
    # Both sides name this run: what the change does to the rules is shown apart, from the base itself.
    text = fragment(Comparison(judged, judged, diff, "base", "head"), link)
    # The page has its own title; a tag in any text of a manifest was escaped by the writer.
    return Markup(text.replace("<h1>", "<h2>").replace("</h1>", "</h2>")), ""  # noqa: S704


DIRECTIVES: dict[str, type[Part]] = {"kfm-review": Review, "kfm-change": Change}
