"""The pages on which somebody decides: the review of the overlay, and the change that was given."""

from __future__ import annotations

from docutils import nodes
from markupsafe import Markup

from kfm_checks.errors import ConfigError
from kfm_checks.sphinx_ext.directives import Part


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


DIRECTIVES: dict[str, type[Part]] = {"kfm-review": Review}
