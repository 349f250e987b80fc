"""Propose ``kfm-checks.yaml`` for an overlay that exists: each value with what it was read from.

What can be read is proposed as a value. What only the team can decide (who may reach a datastore, which workload is
critical, who plays which role) is proposed commented out: nothing is decided by a guess.
"""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path, PurePosixPath

from kfm_checks.config import NAME, Config, parse_settings
from kfm_checks.engine import Facts
from kfm_checks.errors import UsageError
from kfm_checks.facts.layout import PURPOSES
from kfm_checks.run import Judged, Options, judge
from kfm_checks.scaffold import people, services
from kfm_checks.scaffold.environments import environment_words
from kfm_checks.scaffold.folders import guess
from kfm_checks.scaffold.lines import Section, note, scalar
from kfm_checks.scaffold.nearby import Found, Search, search
from kfm_checks.sources import remote
from kfm_checks.target import Target, locate
from kfm_checks.yamlfile import parse_yaml

_HEAD = f"""\
# What this overlay declares about itself, as `kfm-checks init --detect` proposes it.
# A comment behind a value says what it was read from. A line that begins with # and a key is a decision that only you
# can take: take off the first # where it is right, and leave it where it is not. What stays undeclared is reported as
# not verified, never guessed.
schema: {Config().schema}
"""


def propose(path: str | Path, options: Options) -> str:
    """The proposed configuration of an overlay, as YAML text that ``kfm_checks.config`` reads.

    Raises KfmChecksError: no overlay, or one that can't be rendered.
    """
    target = locate(path)
    if not target.is_overlay:
        raise UsageError("it has no kustomization file", file=str(path), remedy="give an overlay folder")
    judged = judge(path, replace(options, only=("overlay-renders",)))
    # What an earlier configuration declares is no evidence: the facts are taken as if there were none.
    facts = Facts({**judged.facts.inputs, "config": Config()}, judged.facts.absent)
    text = "\n".join([_HEAD.rstrip("\n"), *_lines(judged, facts, target)]) + "\n"
    parse_settings(parse_yaml(text, shown=NAME).value, NAME)
    return text


def _lines(judged: Judged, facts: Facts, target: Target) -> list[str]:
    sections = [
        _layout(facts),
        _gitops(judged, target),
        services.entry(facts),
        services.workloads(facts),
        services.datastores(facts),
        people.personas(facts),
        services.images(facts),
    ]
    lines = [*_environment(facts, target), *_readme(facts)]
    for section in sections:
        lines += ["", *section.text()] if section.lines else []
    return lines


def _environment(facts: Facts, target: Target) -> list[str]:
    folder = environment_words(target.path)
    if folder:
        return [f"environment: {scalar(folder[-1])}{note(f'the folder {target.path}')}"]
    labelled = services.labelled_environment(facts)
    if labelled:
        return [f"environment: {scalar(labelled[0])}{note(labelled[1])}"]
    return ["#environment: prod  # neither the folder nor a label names an environment; prod is the default"]


def _readme(facts: Facts) -> list[str]:
    tree = facts.get("tree")
    names = [file.path for file in tree.files if file.suffix == ".md" and "/" not in file.path]
    if "README.md" in names:
        return ["readme: README.md"]
    other = next((name for name in names if name.lower().startswith("readme")), names[0] if len(names) == 1 else "")
    if other:
        return [f"readme: {scalar(other)}{note('the document in the folder')}"]
    return ["#readme: README.md  # there is none yet; `kfm-checks init` shows what one looks like"]


def _layout(facts: Facts) -> Section:
    section = Section("layout")
    for found in guess(facts.get("placed")):
        if found.folder:
            evidence = f"{found.evidence}; {found.doubt}" if found.doubt else found.evidence
            section.value(found.intent, found.folder, evidence, on=not found.doubt)
        else:
            section.raw(f"#  {found.intent}: null  # no folder here holds mostly {PURPOSES[found.intent]}")
    return section


def _gitops(judged: Judged, target: Target) -> Section:
    section = Section("gitops")
    nearby = search(target.root, target.path) if target.in_git else Search((), ())
    url = without_user(remote(target))
    followed = next((found for found in nearby.found if found.source.repository), None)
    if url:
        section.value("repository", url, "git's remote origin")
    elif followed:
        section.value("repository", without_user(followed.source.repository), _where(followed))
    else:
        section.raw('#  repository: ""  # git has no remote origin, and no GitOps object of this repository names one')
    if followed:
        main = followed.source.revision in {"main", "master"}
        section.value("branch", followed.source.revision, _where(followed), on=main)
    if target.in_git:
        section.value("path", target.path, "the folder, from the root of the repository")
    _manifests(section, judged, nearby, target)
    for text in nearby.unread:
        section.say(f"Not looked at: {text}.")
    return section


def _manifests(section: Section, judged: Judged, nearby: Search, target: Target) -> None:
    """The files that hold what reconciles this overlay, unless the overlay renders it itself."""
    rendered = {obj.key for obj in judged.objects}
    outside = [found for found in nearby.found if found.reconciler.obj.key not in rendered]
    files = {name: found for found in outside for name in found.files}
    if files:
        section.items("manifests", [(_relative(name, target.path), _where(files[name])) for name in sorted(files)])
    elif nearby.found:
        section.say(f"{_where(nearby.found[0])} reconciles this overlay, and is part of its render.")
    else:
        section.raw("#  manifests: []  # no Application and no Flux Kustomization of this repository names this path")


def _where(found: Found) -> str:
    return f"{found.reconciler.tool}: {found.reconciler.obj.key} ({found.file}:{found.line})"


def _relative(name: str, overlay: str) -> str:
    up, inside = PurePosixPath(overlay).parts, PurePosixPath(name).parts
    shared = next((i for i, (a, b) in enumerate(zip(up, inside, strict=False)) if a != b), min(len(up), len(inside)))
    return "/".join([*[".."] * (len(up) - shared), *inside[shared:]])


def without_user(url: str) -> str:
    """A URL without a name or password of a person: those don't belong into a file."""
    return re.sub(r"^([a-z+]+://)[^/@]+@", lambda found: found[1], url) if url.startswith(("http", "ftp")) else url
