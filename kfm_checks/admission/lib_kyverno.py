"""Functions that Kyverno adds to CEL and that need no cluster: hashes, JSON, YAML, lists made into a mapping.

https://kyverno.io/docs/policy-types/cel-libraries/
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from typing import Any


def _hash(name: str) -> Callable[[str], str]:
    return lambda text: hashlib.new(name, text.encode("utf-8", "surrogatepass"), usedforsecurity=False).hexdigest()


HASHES: tuple[tuple[str, Callable[[str], str]], ...] = tuple((name, _hash(name)) for name in ("md5", "sha1", "sha256"))


def unmarshal(text: str) -> Any:
    """``json.unmarshal(TEXT)``."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ValueError("invalid JSON") from error


def parse(text: str) -> Any:
    """``yaml.parse(TEXT)``."""
    import yaml

    try:
        return json.loads(json.dumps(yaml.safe_load(text)))
    except (yaml.YAMLError, TypeError, ValueError, RecursionError) as error:
        raise ValueError("invalid YAML") from error


def to_map(keys: list[Any], values: list[Any], key: str, value: str) -> dict[str, Any]:
    """``listObjToMap(KEYS, VALUES, KEY, VALUE)``: a field of the first list's objects to one of the second's."""
    if len(keys) != len(values):
        raise ValueError(f"listObjToMap must take lists of equal length. list1: {len(keys)}, list2: {len(values)}")
    made = {}
    for one, other in zip(keys, values, strict=True):
        if not isinstance(one, dict) or not isinstance(one.get(key), str) or not isinstance(other, dict):
            raise ValueError("the passed key name cannot be handled as a string in the key object list")
        made[one[key]] = other.get(value)
    return made
