"""What kustomize writes when it refuses, as one line: place, cause, remedy."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable
from pathlib import Path

from kfm_checks.errors import RenderError, one_line

ENTRYPOINTS = ("kustomization.yaml", "kustomization.yml", "Kustomization")
#: Files larger than this are not looked into for the line of an error.
_LOOKED_AT = 5_000_000
#: A pattern of kustomize's words, the cause, the remedy. The first that matches decides; ``what`` is the place or name.
EXPLANATIONS: tuple[tuple[str, str, str], ...] = (
    # First those whose words quote the overlay's own, and with it whatever stands there: nothing of it is shown.
    (r"invalid literal source", "a literal of a generator is not key=value", "write key=value"),
    (r"has invalid utf8 bytes", "a file of key=value lines is not text", "save it as UTF-8"),
    (r"is not a valid key name", "a generator's line or literal has a key that is none", "write key=value"),
    (
        r"wrong node kind: (?P<what>expected \w+ but got \w+)",
        "a value has the wrong form",
        "mend the object or the patch",
    ),
    (
        r"unable to parse SM or JSON patch",
        "a patch is neither a strategic merge patch nor a JSON patch",
        "mend its YAML",
    ),
    (
        r"cycle detected",
        "the overlay refers to itself in a cycle",
        "take one of the folders out of the resources lists",
    ),
    (
        r"proxyconnect|no 'git' program|hit \S+ timeout|failed to clone|dial tcp",
        "a base or file from elsewhere can't be fetched, as the network is off",
        "vendor it, or give --allow-network",
    ),
    (
        r"must specify --enable-helm",
        "the overlay inflates a Helm chart",
        "give --enable-helm, or a render with --rendered",
    ),
    (r"is 'helm' installed|helm.*executable file not found", "helm is not installed", "install it, or give --rendered"),
    (
        r"external plugins disabled|plugins? .*not enabled|exec plugin|--enable-alpha-plugins",
        "the overlay needs a kustomize plugin, and plugins are never run",
        "give a render with --rendered",
    ),
    (
        r"already registered id: (?P<what>[^'\n]+)",
        "the same object is declared twice",
        "remove one, or patch it",
    ),
    (
        r"security; file '(?P<what>[^']+)' is not in or below",
        "a file outside its kustomization's folder is used",
        "move it inside, or give --no-load-restrictor",
    ),
    (
        r"(?:evalsymlink failure on|lstat|stat|open) '?(?P<what>[^:'\n]+?)'? ?: "
        r"(?:lstat [^:]+: )?(?:no such file or directory|not a directory)",
        "a file or folder is missing",
        "add it, or mend the path",
    ),
    (r"(?:lstat|stat|open) (?P<what>[^:\n]+): permission denied", "a file can't be read", "give read permission"),
    (
        r"unable to find one of [^\n]* in directory '(?P<what>[^']+)'",
        "a folder has no kustomization file",
        "add one, or name files instead",
    ),
    (r"kustomization\.ya?ml is empty|is empty", "the kustomization file is empty", "name its resources"),
    (
        r"unknown field \"?(?P<what>[\w.]+)\"?",
        "the kustomization has a field that kustomize doesn't know",
        "mend its name",
    ),
    (
        r"no matches for Id (?P<what>[^;\n]+)",
        "a patch names an object that the overlay doesn't have",
        "mend the patch's target",
    ),
    (
        r"unable to find (?:patch |replacement )?target[^\n]*|(?:nothing selected|not found) by ",
        "a patch or replacement names an object that isn't there",
        "mend its target",
    ),
    (
        r"missing (?P<what>kind|apiVersion|metadata\.name) in object|Object '(?P<field>Kind|apiVersion)' is missing",
        "a file holds no whole Kubernetes object, for want of",
        "give it apiVersion, kind and metadata.name",
    ),
    (r"missing Resource metadata", "a file holds no Kubernetes object", "give it apiVersion, kind and metadata.name"),
    (r"invalid (?:leading|trailing) UTF-8|control characters are not allowed", "a file is not text", "remove it"),
    (r"yaml: line (?P<line>\d+): (?P<what>[^\n']+?)(?: in File|$|\n)", "not valid YAML", "mend the syntax"),
    (
        r"json: cannot unmarshal (?P<what>\w+ into Go struct field \S+ of type \S+)",
        "a value has the wrong type",
        "quote it (y, n, yes, no, on, off and numbers are no text), or mend it",
    ),
    (r"[Yy][Aa][Mm][Ll]|json: cannot unmarshal", "not valid YAML", "mend the file"),
)

#: How kustomize quotes contents, each as far as it may reach.
_QUOTED = (
    re.compile(r"`.*`", re.DOTALL),
    re.compile(r"\[.*\]", re.DOTALL),
    re.compile(r"(?<=value: )\{.*\}", re.DOTALL),
    re.compile(r'"(?:[^"\\]|\\.)*"', re.DOTALL),
)


#: A Component on its own: what it patches is in the overlays that use it.
COMPONENT = ("a Component lacks the objects of an overlay around it", "check an overlay that uses it")


def explain(stderr: str, folder: Path, target: Path) -> RenderError:
    """Map what kustomize wrote to one line. ``target`` is what it was given: the folder, or a wrapper around it."""
    text = stderr.replace(str(target), str(folder)).removeprefix("Error: ").removeprefix("error: ")
    if not text.strip():
        return RenderError("the renderer failed without a word", file=_shown(folder), remedy="check --kustomize")
    file = _file(text, folder)
    broken = _broken(file or _entrypoint(folder))
    if broken is not None:
        return broken
    for pattern, cause, remedy in EXPLANATIONS:
        found = re.search(pattern, text)
        if found:
            groups = found.groupdict()
            what = groups.get("what") or groups.get("field") or ""
            if cause.startswith("a patch") and is_component(folder):
                cause, remedy = COMPONENT
            place, line = _place(text, folder, what)
            if file is not None:
                place, line = file, int(groups["line"]) if groups.get("line") else _line(text)
            said = f": {_without_contents(_shown_path(what), _QUOTED[:1])}" if what else ""
            return RenderError(cause + said, file=_shown(place), line=line, remedy=remedy)
    return RenderError(f"kustomize refuses it: {_short(text)}", file=_shown(file or folder), remedy="mend the overlay")


def is_component(folder: Path) -> bool:
    """Whether a folder's kustomization is a Component, which isn't rendered on its own."""
    entry = _entrypoint(folder)
    text = entry.read_text(encoding="utf-8", errors="replace") if entry is not None else ""
    return re.search(r"^kind: *['\"]?Component\b", text, re.MULTILINE) is not None


def _entrypoint(folder: Path) -> Path | None:
    return next((folder / name for name in ENTRYPOINTS if (folder / name).is_file()), None)


def _broken(file: Path | None) -> RenderError | None:
    """What is wrong with a file's YAML or JSON, with its line: kustomize often tells only half of it."""
    import yaml

    if file is None or file.stat().st_size > _LOOKED_AT:
        return None
    try:
        if file.suffix == ".json":
            json.loads(file.read_bytes())
            return None
        for _ in yaml.parse(file.read_bytes(), Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader)):
            pass
    except yaml.YAMLError as error:
        mark, problem = getattr(error, "problem_mark", None), getattr(error, "problem", None)
        if mark is None:
            return None
        message = f"not valid YAML: {problem or 'it ends too early'}"
        return RenderError(message, file=_shown(file), line=mark.line + 1, remedy="mend the syntax")
    except json.JSONDecodeError as error:
        return RenderError(
            f"not valid JSON: {error.msg}", file=_shown(file), line=error.lineno, remedy="mend the syntax"
        )
    except (OSError, UnicodeDecodeError, RecursionError):
        return None  # kustomize's own words say it
    return None


def _place(text: str, folder: Path, what: str) -> tuple[Path, int | None]:
    """The kustomization, and the line in it, that name what is wrong: from the entrypoint down as kustomize went."""
    current, place, line = folder, folder, None
    steps = re.findall(r"accumulating (?:resources|components)[^']* from '([^'\n]+)'", text)
    for written in (*steps, what, what.rpartition("/")[2]):
        entry = _entrypoint(current)
        number = _line_naming(entry, written) if entry is not None and written else None
        if entry is not None and number is not None:
            place, line = entry, number
        if written and (current / written).is_dir():
            current = current / written
    return place, line


def _line_naming(entry: Path, written: str) -> int | None:
    """The first line of a kustomization that has ``written`` as a word of its own (or as the end of a path)."""
    if entry.stat().st_size > _LOOKED_AT or not os.access(entry, os.R_OK):
        return None
    pattern = re.compile(rf"(?<![\w.-]){re.escape(written)}(?![\w./-])")
    lines = entry.read_text(encoding="utf-8", errors="replace").splitlines()
    return next((number for number, line in enumerate(lines, 1) if pattern.search(line)), None)


def _file(text: str, folder: Path) -> Path | None:
    """The file that kustomize names last: the innermost; None where it names none that is there."""
    named: list[str] = re.findall(
        r"(?:File: |accumulating resources from '|in file |path \")([^\s'\"]+\.(?:ya?ml|json))", text
    )
    for name in reversed(named):
        for base in (folder, *sorted(path for path in folder.parent.glob("*") if path.is_dir())[:200]):
            if (base / name).is_file():
                return base / name
    return None


def _line(text: str) -> int | None:
    found = re.search(r"line (\d+)", text)
    return int(found[1]) if found else None


def _shown_path(what: str) -> str:
    cleaned = one_line(what).strip("'\" ")
    return _shown(Path(cleaned)) if cleaned.startswith("/") else cleaned


def _shown(path: Path) -> str:
    """A path relative to the working directory where it lies below it, else its last two parts: never absolute."""
    absolute = Path(os.path.normpath(path if path.is_absolute() else Path.cwd() / path))
    if absolute.is_relative_to(Path.cwd()):
        return absolute.relative_to(Path.cwd()).as_posix()
    return "/".join(absolute.parts[-2:]) if len(absolute.parts) > 2 else absolute.as_posix()


def _short(text: str) -> str:
    """The innermost of kustomize's nested causes, without what it quotes of the overlay: a secret may stand there."""
    folded = one_line(re.sub(r"/[^\s':]*/", "", _without_contents(text, _QUOTED)))
    return folded if len(folded) <= 240 else "… " + folded[-240:]


def _without_contents(text: str, quoting: Iterable[re.Pattern[str]]) -> str:
    from kfm_checks.redaction import WITHHELD, redact  # only once something is wrong: a run begins with the renderer

    for pattern in quoting:
        text = pattern.sub(WITHHELD, text)
    return redact(text)
