"""REF-01: what the README refers to is there, and what nobody looked at is not called met."""

from __future__ import annotations

from pathlib import Path

import pytest

from kfm_checks.checks.readme import readme_references_resolve
from kfm_checks.config import parse_settings
from kfm_checks.errors import NotVerified
from kfm_checks.facts.readme import readme as readme_fact
from kfm_checks.facts.tree import Tree

OVERLAY = "infra/prod"


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A repository with an overlay two folders down."""
    for path in (
        f"{OVERLAY}/kustomization.yaml",
        f"{OVERLAY}/patches/api.yaml",
        f"{OVERLAY}/README.md",
        "docs/a b.md",
        "LICENSE",
    ):
        file = tmp_path / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("# Heading here\n")
    return tmp_path


def judge(repository: Path, text: str, **config: object) -> dict[str, bool | None]:
    """What the check says of each reference of a README."""
    (repository / OVERLAY / "README.md").write_text(text, encoding="utf-8")
    tree = Tree(repository / OVERLAY, repository)
    settings = parse_settings(config).config
    found = list(readme_references_resolve(readme_fact(tree, settings), tree, settings))
    assert all(each.source is not None and each.source.line for each in found)
    return {each.observed: each.holds for each in found}


@pytest.mark.parametrize(
    ("target", "ok"),
    [
        ("patches/api.yaml", True),
        ("./patches", True),
        ("patches/", True),
        ("patches/gone.yaml", False),
        ("../../docs/a%20b.md#heading-here", True),
        ("../../docs/a%20b.md#gone", False),
        ("/docs/a%20b.md", True),
        ("/docs/a%20b.md?plain=1", True),
        ("/gone.md", False),
        ("kustomization.yaml#L3-L4", True),
        ("kustomization.yaml/", False),
        ("#what-is-this", True),
        ("#What-Is-This", True),
        ("#gone", False),
        ("#", True),
        ("../../../outside", None),
        ("https://kubernetes.io/docs", None),
        ("//cdn/x", None),
        ("mailto:a@b", None),
        ("http://[broken", None),
        ("%00", False),
        ("a" * 300, False),
        ("x/" * 3000, False),
    ],
)
def test_links(repository: Path, target: str, ok: bool | None) -> None:
    """Links are followed as GitHub follows them; what lies on the web or outside is not verified."""
    assert judge(repository, f"# What is this?\n\n[a]({target})\n").get(target.replace("[", "%5B"), "none") is ok


def test_titles_and_badges_are_no_references(repository: Path) -> None:
    """A title without a target, and a badge's picture, are not applicable: nothing is yielded."""
    assert (
        judge(repository, "# T\n\n- **The Path to GitOps** (a book)\n\n![b](https://img.shields.io/badge/a-b)\n") == {}
    )


def test_own_web_links_are_looked_up(repository: Path) -> None:
    """A link to this very repository's main branch is looked up in it."""
    text = "[a](https://github.com/o/r/blob/main/LICENSE) [b](https://github.com/o/r/tree/main/gone)\n"
    own = {"gitops": {"repository": "https://github.com/o/r.git"}}
    assert list(judge(repository, text, **own).values()) == [True, False]
    assert list(judge(repository, text).values()) == [None, None]


@pytest.mark.parametrize(
    ("named", "ok"),
    [
        ("patches/", True),
        ("infra/prod/patches/api.yaml", True),
        ("patches/gone.yaml", False),
        ("infra/prod/gone/", False),
        ("base/", "none"),
        ("apps/v1", "none"),
        ("kfm-app/Deployment/kfm-api", "none"),
        ("patches/NAME.yaml", "none"),
        ("patches/<name>.yaml", "none"),
        ("patches/*.yaml", "none"),
        ("/tmp/prod.rendered.yaml", "none"),
        ("kustomize build infra/prod", "none"),
        ("patches/get", "none"),
    ],
)
def test_paths_in_code(repository: Path, named: str, ok: bool | str) -> None:
    """A code span is a path where it can only be one; API versions, objects, commands and patterns are none."""
    assert judge(repository, f"# T\n\n`{named}`\n").get(named, "none") is ok


def test_folder_map(repository: Path) -> None:
    """Entries of the folder map must exist, seen from the root, from the overlay, or below a mere title."""
    tree = "```text\n{}/\n├─ patches/\n└─ secrets/\n```\n"
    for title in ("infra/prod", "prod", "production-overlay"):
        found = judge(repository, tree.format(title))
        assert found[f"{title}/patches/"] is True
        assert found[f"{title}/secrets/"] is False
    table = "| Path | What |\n|---|---|\n| `patches/` | x |\n| `apps/` | y |\n"
    assert judge(repository, table) == {"patches/": True, "apps/": False}


def test_no_readme(repository: Path) -> None:
    """Without a README, or with one that is no text, the row is not verified."""
    (repository / OVERLAY / "README.md").unlink()
    config = parse_settings({}).config
    with pytest.raises(NotVerified, match=r"no README\.md"):
        readme_fact(Tree(repository / OVERLAY, repository), config)
    (repository / OVERLAY / "README.md").write_bytes(b"\0\1")
    with pytest.raises(NotVerified, match="no text"):
        readme_fact(Tree(repository / OVERLAY, repository), config)


def test_readme_elsewhere(repository: Path) -> None:
    """The configuration may name another file, also one outside the overlay, but none outside the repository."""
    tree = Tree(repository / OVERLAY, repository)
    (repository / OVERLAY / "readme.markdown").write_text("# Other")
    (repository / OVERLAY / "README.md").unlink()
    assert readme_fact(tree, parse_settings({}).config).title == "Other"
    outside = parse_settings({"readme": "../../docs/a b.md"}).config
    assert readme_fact(tree, outside).path == "docs/a b.md"
    with pytest.raises(NotVerified):
        readme_fact(tree, parse_settings({"readme": "../../../x.md"}).config)
