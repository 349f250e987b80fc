"""Time functions of Kyverno's JMESPath that need no clock.

https://kyverno.io/docs/policy-types/cluster-policy/jmespath/#time_add and the following. Layouts are Go's.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from typing import Any

from kfm_checks.admission.kyverno_arithmetic import go_duration
from kfm_checks.admission.kyverno_values import duration
from kfm_checks.admission.model import NotEvaluated, PolicyError

_RFC3339 = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(\.\d+)?(Z|[+-]\d\d:\d\d)")
#: Parts of Go's layouts and what Python calls them.
_LAYOUT = {
    "January": "%B", "Jan": "%b", "Monday": "%A", "Mon": "%a", "2006": "%Y", "06": "%y", "01": "%m", "02": "%d",
    "15": "%H", "03": "%I", "04": "%M", "05": "%S", "PM": "%p", "Z07:00": "%z", "-07:00": "%z", "-0700": "%z",
    "MST": "%Z",
}  # fmt: skip
_PARTS = re.compile("|".join(re.escape(part) for part in sorted(_LAYOUT, key=len, reverse=True)))


def _time(text: str) -> datetime:
    found = _RFC3339.fullmatch(text)
    try:
        if found is None:
            raise ValueError
        part = (found[2] or "")[:7]
        return datetime.fromisoformat(found[1] + part + found[3].replace("Z", "+00:00"))
    except ValueError as error:
        raise PolicyError(f"JMESPath function: {text[:60]!r} is no time of RFC 3339") from error


def _shown(time: datetime) -> str:
    text = time.replace(microsecond=0).isoformat()
    return f"{text[:-6]}Z" if text.endswith("+00:00") else text


def _span(text: str) -> timedelta:
    seconds = duration(text)
    if seconds is None:
        raise PolicyError(f"JMESPath function: {text[:60]!r} is no duration")
    return timedelta(microseconds=int(seconds * 10**6))


def _between_times(first: datetime, second: datetime) -> str:
    micros = (second - first) // timedelta(microseconds=1)
    return go_duration(Fraction(micros, 10**6))


def _parsed(layout: str, text: str) -> datetime:
    if not layout or layout == "2006-01-02T15:04:05Z07:00":
        return _time(text)
    if _PARTS.sub("", layout) != re.sub(r"[0-9A-Za-z_]", "", _PARTS.sub("", layout)):
        raise NotEvaluated("a layout of times with other parts is not evaluated")
    try:
        made = datetime.strptime(text, _PARTS.sub(lambda found: _LAYOUT[found[0]], layout.replace("%", "%%")))
    except ValueError as error:
        raise PolicyError(f"JMESPath function: {text[:60]!r} is not of the layout {layout[:60]!r}") from error
    return made if made.tzinfo else made.replace(tzinfo=UTC)


def _parse(layout: str, text: str) -> str:
    if re.fullmatch(r"[+-]?\d+", layout):
        if not re.fullmatch(r"[+-]?\d{1,11}", text):
            raise PolicyError("JMESPath function 'time_parse': invalid epoch")
        return _shown(datetime.fromtimestamp(int(text), UTC))
    return _shown(_parsed(layout, text))


def _since(layout: str, first: str, second: str) -> str:
    if not second:
        raise NotEvaluated("the JMESPath function time_since() needs a clock, and is not evaluated")
    return _between_times(_parsed(layout, first), _parsed(layout, second))


def _truncate(text: str, span: str) -> str:
    time, size = _time(text), _span(span)
    if size <= timedelta(0):
        return _shown(time)
    return _shown(time - (time - datetime(1, 1, 1, tzinfo=UTC)) % size)


def _cron(text: str) -> str:
    time = _time(text)
    return f"{time.minute} {time.hour} {time.day} {time.month} {time.isoweekday() % 7}"


_S = "string"
TIMES: dict[str, tuple[tuple[str, ...], Callable[..., Any]]] = {
    "time_add": ((_S, _S), lambda t, d: _shown(_time(t) + _span(d))),
    "time_after": ((_S, _S), lambda a, b: _time(a) > _time(b)),
    "time_before": ((_S, _S), lambda a, b: _time(a) < _time(b)),
    "time_between": ((_S, _S, _S), lambda t, a, b: _time(a) < _time(t) < _time(b)),
    "time_diff": ((_S, _S), lambda a, b: _between_times(_time(a), _time(b))),
    "time_parse": ((_S, _S), _parse),
    "time_since": ((_S, _S, _S), _since),
    "time_to_cron": ((_S,), _cron),
    "time_truncate": ((_S, _S), _truncate),
    "time_utc": ((_S,), lambda t: _shown(_time(t).astimezone(UTC))),
}
