"""Values of a comparison as people may see them: Secret values and recognised credentials withheld, always here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kfm_checks.evidence import json_pointer
from kfm_checks.facts.change_model import Diff, FieldChange, ObjectChange
from kfm_checks.facts.ciphertext import unsealed
from kfm_checks.facts.secrets_walk import exposures_of
from kfm_checks.model import Manifest, Path
from kfm_checks.redaction import WITHHELD, redact, withheld

#: So many differing lines of a text are shown; longer texts than the second are counted.
_LINES, _MANY_LINES = 6, 4_000
#: An annotation that repeats the whole object, a Secret's values with it.
_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"


class Shown:
    """Knows, for each object of a comparison, the places of credentials."""

    def __init__(self, diff: Diff) -> None:
        objects = [obj for change in diff.changes for obj in (change.base, change.head) if obj is not None]
        found = exposures_of(objects)
        self._places: Mapping[int, tuple[Path, ...]] = {
            id(obj): (*(exposure.path for exposure in exposures), *unsealed(obj))
            for obj, exposures in zip(objects, found, strict=True)
        }

    def field(self, change: ObjectChange, item: FieldChange) -> tuple[Any, Any]:
        """Base and head value of a field, either None where absent."""
        # A name that tells a password on one side tells it on the other: a placeholder replaced, for one.
        places = ((change.base, item.base_path, item.base), (change.head, item.path, item.head))
        hidden = any(self._hidden(obj, path) for obj, path, value in places if obj is not None and value is not None)
        base, head = (
            None if value is None or obj is None else WITHHELD if hidden else self._value(obj, path, value)
            for obj, path, value in places
        )
        return base, head

    def whole(self, obj: Manifest) -> dict[str, Any]:
        """An object, values withheld."""
        found = self._value(obj, (), dict(obj))
        assert isinstance(found, dict)
        return found

    def _value(self, obj: Manifest, path: Path, value: Any) -> Any:
        if path and self._hidden(obj, path):
            return WITHHELD
        if isinstance(value, dict):
            return {redact(str(key)): self._value(obj, (*path, key), item) for key, item in value.items()}
        if isinstance(value, list):
            return [self._value(obj, (*path, index), item) for index, item in enumerate(value)]
        return redact(value) if isinstance(value, str) else value

    def _hidden(self, obj: Manifest, path: Path) -> bool:
        if withheld(obj.key, path) and len(path) > 1:
            return True
        if obj.key.kind == "Secret" and path[-1:] == (_APPLIED,):
            return True
        return path in self._places.get(id(obj), ())


def pointer(item: FieldChange) -> str:
    """The place of a field, a credential in a key withheld."""
    return redact(json_pointer(item.path))


def text(value: Any, limit: int = 120) -> str:
    """A value in one line for tables: absent, a number, text, or compact JSON cut short."""
    import json

    if value is None:
        return "absent"
    words = value if isinstance(value, str) else json.dumps(value, sort_keys=True, ensure_ascii=False, default=str)
    folded = " ".join(words.split())
    return folded if len(folded) <= limit else folded[: limit - 1] + "…"


def text_pair(base: Any, head: Any, limit: int = 120) -> tuple[str, str]:
    """Both values for tables; of texts of several lines only the lines that differ."""
    if isinstance(base, str) and isinstance(head, str) and ("\n" in base or "\n" in head):
        return _lines(base, head, limit)
    return text(base, limit), text(head, limit)


def _lines(base: str, head: str, limit: int) -> tuple[str, str]:
    from difflib import SequenceMatcher

    old, new = base.splitlines(), head.splitlines()
    if len(old) + len(new) > _MANY_LINES:
        return f"{len(old)} lines", f"{len(new)} lines"
    gone: list[str] = []
    come: list[str] = []
    for tag, i1, i2, j1, j2 in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if tag != "equal":
            gone += [f"line {i1 + 1}: {text(line, limit)}" for line in old[i1:i2]]
            come += [f"line {j1 + 1}: {text(line, limit)}" for line in new[j1:j2]]
    return _joined(gone), _joined(come)


def _joined(lines: list[str]) -> str:
    more = f" and {len(lines) - _LINES} more lines" if len(lines) > _LINES else ""
    return " | ".join(lines[:_LINES]) + more if lines else "absent"
