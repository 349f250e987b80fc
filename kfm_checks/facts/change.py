"""Facts about a change: what its request says, who approved, what differs, and whether it can be taken back."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from kfm_checks.errors import NotVerified
from kfm_checks.facts.access.grants import Access
from kfm_checks.facts.change_approvals import Standing, standings
from kfm_checks.facts.change_base import Base, Rehearsal
from kfm_checks.facts.change_intent import Part, Said, intent
from kfm_checks.facts.change_model import Diff
from kfm_checks.facts.change_owners import OwnerRules, find_rules
from kfm_checks.facts.change_request import ChangeRequest, read_request
from kfm_checks.facts.change_risks import View, compare_views
from kfm_checks.facts.datastores import Datastore
from kfm_checks.facts.network.entries import Exposure
from kfm_checks.facts.network.reach import Network
from kfm_checks.facts.objects import Inventory
from kfm_checks.facts.references import References
from kfm_checks.facts.tree import Tree
from kfm_checks.values import Value

#: Where GitHub and GitLab look for the text that a new request starts with.
TEMPLATES = (
    ".github/pull_request_template.md", ".github/PULL_REQUEST_TEMPLATE.md", "pull_request_template.md",
    "PULL_REQUEST_TEMPLATE.md", "docs/pull_request_template.md", "docs/PULL_REQUEST_TEMPLATE.md",
    ".gitlab/merge_request_templates/Default.md", ".gitlab/merge_request_templates/default.md",
)  # fmt: skip


def pull_request(change: Any) -> ChangeRequest:
    """The request, from any of the forms that are read. Raises ConfigError, or NotVerified for a bare push."""
    return change if isinstance(change, ChangeRequest) else read_request(change)


def description(pull_request: ChangeRequest, base: Base | None, tree: Tree | None) -> Mapping[Part, Said]:
    """What the description says of what, why, verification and rollback."""
    if pull_request.description is None:
        raise NotVerified("the change does not tell its description" if pull_request.requested else "a push has none")
    read = _reader(base, tree)
    template = next((text for path in TEMPLATES if (text := read(path))), "")
    return intent(pull_request.description, template)


def _reader(base: Base | None, tree: Tree | None) -> Callable[[str], str | None]:
    """Reads a file of the base; of the working tree where no base is at hand."""
    if base is not None:
        return base.read

    def read(path: str) -> str | None:
        file = tree.read(path) if tree is not None else None
        return file.text if file is not None else None

    return read


class ChangedPath(Value, frozen=True):
    """A changed file. ``governed``: it is part of the overlay or of what the overlay is made from."""

    path: str
    governed: bool
    owners: tuple[str, ...]
    line: int | None


class Ownership(Value, frozen=True):
    """The changed files with their owners, and the file that names them; None where there is no such file."""

    rules: OwnerRules | None
    paths: tuple[ChangedPath, ...]


def ownership(
    pull_request: ChangeRequest, base: Base | None, tree: Tree | None, references: References | None
) -> Ownership:
    """Who owns each changed file, by the CODEOWNERS of the base. Raises NotVerified where the files are not known."""
    paths = _changed(pull_request, base)
    rules = _rules(pull_request, base, tree)
    reached = frozenset(references.reached) if references is not None else frozenset()
    prefix = tree.source_path if tree is not None else None
    return Ownership(
        rules,
        tuple(
            ChangedPath(path, _governed(path, prefix, reached), rules.owners(path), rules.line(path))
            if rules is not None
            else ChangedPath(path, _governed(path, prefix, reached), (), None)
            for path in paths
        ),
    )


def _changed(request: ChangeRequest, base: Base | None) -> tuple[str, ...]:
    if base is not None:
        return tuple(sorted({path for _, path in base.changed}))
    if request.files is None:
        raise NotVerified("nobody told which files change: the base is not here, and the change names no files")
    return tuple(sorted({name for file in request.files for name in (file.path, file.previous) if name}))


def _rules(request: ChangeRequest, base: Base | None, tree: Tree | None) -> OwnerRules | None:
    if base is not None:
        return find_rules(base.read, "the base")
    if request.codeowners is not None:
        return OwnerRules(request.codeowners.path, request.codeowners.text, "the change's facts")
    if tree is None:
        raise NotVerified("the CODEOWNERS file of the base was not looked at")
    return find_rules(_reader(None, tree), "the working tree")


def _governed(path: str, prefix: str | None, reached: frozenset[str]) -> bool:
    if prefix is None or prefix in {"", "."}:
        return True
    return path in reached or path == prefix or path.startswith(f"{prefix}/")


def reviewers(pull_request: ChangeRequest, base: Base | None) -> tuple[Standing, ...]:
    """The last word of each reviewer. Raises NotVerified where no reviews were told."""
    if pull_request.reviews is None:
        raise NotVerified("the change tells of no reviews (an event file has none): collect them with change-facts")

    def kept(commit: str) -> bool | None:
        return base.kept(commit) if base is not None else _by_parents(pull_request, commit)

    return standings(pull_request, kept)


def _by_parents(request: ChangeRequest, commit: str) -> bool | None:
    """Without git: False where a commit that is no merge came after; else nobody can tell what a merge holds."""
    parents = {one.sha: one.parents for one in request.commits or ()}
    at = request.head.sha
    for _ in range(len(parents)):
        if at == commit:
            return None
        if len(parents.get(at, ())) == 1:
            return False
        if not parents.get(at):
            return None
        at = parents[at][0]
    return None


def diff(
    inventory: Inventory,
    network: Network,
    exposures: tuple[Exposure, ...],
    access: Access,
    datastores: tuple[Datastore, ...],
    followed: tuple[Any, ...],
    base: Base,
) -> Diff:
    """What the change makes of the rendered objects, each with its risks. Raises NotVerified without a base."""
    unseen = tuple(
        f"{source.subject}: its source was not rendered: {source.reason}"
        for source in followed
        if source.state == "unavailable"
    )
    return compare_views(base.view, View(inventory, network, exposures, access, datastores, unseen))


def rollback(base: Base) -> Rehearsal:
    """The change taken back in a scratch place. Raises NotVerified where git can't."""
    return base.rehearsal
