"""Values with named fields, for facts: equal where their fields are, hashable, never changed.

What a frozen dataclass is, by msgspec: Python writes and compiles six functions for each dataclass when it is imported
(0.4 ms), and a run imports a hundred and more. Those of the report stay dataclasses: callers rely on it.
"""

from __future__ import annotations

from msgspec import Struct
from msgspec.structs import replace

__all__ = ["Value", "replace"]


class Value(Struct, frozen=True, dict=True):
    """The base of such values; ``dict`` makes room for cached properties."""
