"""Times as pages show them: UTC, to the minute."""

from __future__ import annotations

from datetime import UTC, datetime


def seconds(text: str) -> int | None:
    """Seconds since 1970 of an ISO 8601 time; None where it is none."""
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        return None
    return int((at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp())


def when(text: str) -> str:
    """A time for readers, in UTC; what is no time stays as it is."""
    at = seconds(text)
    return text if at is None else shown(at)


def shown(at: int) -> str:
    """``2026-11-21 14:05``, in UTC."""
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M")
