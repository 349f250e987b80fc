"""JSON manifests, read as Kubernetes' JSON decoder reads them: integers kept, duplicate keys refused."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from kfm_checks.errors import ManifestError
from kfm_checks.manifest_scalars import INT64
from kfm_checks.model import Path

_WHITESPACE = " \t\r\n"
_DEEP = "nested too deeply"
#: Digits and sign of any 64-bit integer, with room to spare.
_LONGEST_INTEGER = 25


class _DuplicateKeyError(ValueError):
    """A key that stands twice in one JSON object."""


def looks_like_json(text: str) -> bool:
    """Whether the text begins as a JSON object does; Kubernetes' own test."""
    return text.lstrip(_WHITESPACE)[:1] == "{"


def json_documents(text: str, *, file: str, lines: bool) -> list[tuple[Any, int, Mapping[Path, int]]] | None:
    """Each object of a JSON text, several in a row allowed; None where it is no JSON (flow-style YAML, then).

    Raises ManifestError for JSON that Kubernetes refuses.
    """
    decoder = json.JSONDecoder(object_pairs_hook=_unique, parse_int=_integer, parse_constant=_constant)
    found: list[tuple[Any, int]] = []
    at = _skip(text, 0)
    while at < len(text):
        line = text.count("\n", 0, at) + 1
        try:
            value, end = decoder.raw_decode(text, at)
        except _DuplicateKeyError as error:
            raise ManifestError(str(error), file=file, line=line, remedy="keep one of the two") from error
        except RecursionError as error:
            raise ManifestError(_DEEP, file=file, line=line, remedy="check the file") from error
        except ValueError:
            return None
        found.append((_text_only(value, file, line), line))
        at = _skip(text, end)
    places = _field_lines(text) if lines else []
    known = len(places) == len(found)
    return [(value, line, places[n] if known else {}) for n, (value, line) in enumerate(found)]


def _field_lines(text: str) -> list[Mapping[Path, int]]:
    """The lines of fields, by reading JSON as the YAML it nearly always is; none where it is not."""
    from kfm_checks.manifest_yaml import documents

    try:
        return [document.lines for document in documents(text)]
    except ManifestError:  # JSON that YAML reads otherwise (a tab, two objects in a row): its objects keep their line
        return []


def _skip(text: str, at: int) -> int:
    while at < len(text) and text[at] in _WHITESPACE:
        at += 1
    return at


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        seen: set[str] = set()
        twice = next(key for key, _ in pairs if key in seen or seen.add(key))  # type: ignore[func-returns-value]
        raise _DuplicateKeyError(f"duplicate key {twice!r}")
    return found


def _integer(text: str) -> int | float:
    """64-bit integers stay; larger ones become floats, as in Kubernetes."""
    value = int(text) if len(text) < _LONGEST_INTEGER else None
    return float(text) if value is None or value not in INT64 else value


def _constant(text: str) -> Any:
    raise ValueError(f"{text} is no JSON")


def _text_only(value: Any, file: str, line: int, depth: int = 0) -> Any:
    """Lone surrogates, which no UTF-8 can carry, replaced as Go replaces them; depth and infinite numbers refused."""
    from kfm_checks.manifest_yaml import MAX_DEPTH

    if depth > MAX_DEPTH:
        raise ManifestError(_DEEP, file=file, line=line, remedy="check the file")
    if isinstance(value, dict):
        return {_text(key): _text_only(item, file, line, depth + 1) for key, item in value.items()}
    if isinstance(value, list):
        return [_text_only(item, file, line, depth + 1) for item in value]
    if isinstance(value, float) and value in (float("inf"), float("-inf")):
        raise ManifestError("a number beyond the range of a float", file=file, line=line, remedy="write it smaller")
    return _text(value) if isinstance(value, str) else value


def _text(value: str) -> str:
    return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace") if not value.isascii() else value
