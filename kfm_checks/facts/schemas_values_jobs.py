"""What the API server refuses of Jobs and CronJobs beyond the schema (API reference of each)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from kfm_checks.facts.schemas_rules import Problems
from kfm_checks.facts.schemas_values import Clauses, label, needs, no_less_than_0, refuse, value, words
from kfm_checks.facts.schemas_values_workloads import own_pods, part
from kfm_checks.model import Path

_SHORTCUT = re.compile(
    r"@(yearly|annually|monthly|weekly|daily|midnight|hourly|every (\d+(\.\d+)?(ns|us|µs|ms|s|m|h))+)"
)
#: The five fields of a schedule: bounds, names.
_FIELDS = (
    (0, 59, ()),
    (0, 23, ()),
    (1, 31, ()),
    (1, 12, ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")),
    (0, 6, ("sun", "mon", "tue", "wed", "thu", "fri", "sat")),
)
#: The longest name of a CronJob: its Jobs add 11 characters.
_LONGEST_CRON_JOB = 52


def _ends(spec: Mapping[str, Any], path: Path, problems: Problems) -> None:
    """Pods of a Job end."""
    policy = part(spec, "template", "spec").get("restartPolicy")
    if policy not in ("OnFailure", "Never"):
        place = (*path, "template", "spec", "restartPolicy")
        refuse(problems, place, "the pods of a Job end", "OnFailure or Never", policy or "absent")
    indexed = spec.get("completionMode") == "Indexed"
    if indexed and spec.get("completions") is None:
        refuse(problems, (*path, "completions"), "an Indexed Job says how many", "a number", "absent")
    for name in ("backoffLimitPerIndex", "maxFailedIndexes"):
        if spec.get(name) is not None and not indexed:
            refuse(problems, (*path, name), "it belongs to Indexed Jobs", "completionMode: Indexed", spec[name])


def schedule(found: str) -> bool:
    """Whether a CronJob runs at such times (Kubernetes documentation, CronJob, schedule syntax)."""
    if found.startswith("@"):
        return _SHORTCUT.fullmatch(found) is not None
    fields = found.split()
    return len(fields) == len(_FIELDS) and all(map(_times, fields, _FIELDS))


def _times(text: str, field: tuple[int, int, tuple[str, ...]]) -> bool:
    least, most, names = field

    def number(word: str) -> int:
        if word.lower() in names:
            return names.index(word.lower()) + least
        return int(word) if re.fullmatch(r"\d{1,4}", word, re.ASCII) else -1

    for one in text.split(","):
        times, slash, step = one.partition("/")
        first, dash, last = times.partition("-")
        bounds = (least, most) if times in ("*", "?") else (number(first), number(last) if dash else number(first))
        if not least <= bounds[0] <= bounds[1] <= most or (slash and number(step) < 1):
            return False
    return True


def _cron_job(obj: Mapping[str, Any], path: Path, problems: Problems) -> None:
    name = part(obj, "metadata").get("name")
    if isinstance(name, str) and len(name) > _LONGEST_CRON_JOB:
        place = (*path, "metadata", "name")
        refuse(problems, place, "the name leaves no room for those of its Jobs", "at most 52 characters", name)


def _job(obj: Mapping[str, Any], path: Path, problems: Problems) -> None:
    """The name of a Job becomes a label of its pods; of an Indexed one, their host names."""
    name, spec = str(part(obj, "metadata").get("name") or ""), part(obj, "spec")
    last = f"{name}-{(spec.get('completions') or 1) - 1}" if spec.get("completionMode") == "Indexed" else "a"
    if len(name) > 63 or (name and not label(last)):
        place = (*path, "metadata", "name")
        refuse(problems, place, "no pod could be called so", "a name of at most 63 characters, a label", name)


def _zone(found: Any) -> bool:
    """Whether a text can be a time zone: not the server's own, no way out of its files, which know the rest."""
    if str(found).lower() == "local" or ".." in str(found):
        return False
    return re.fullmatch(r"[A-Za-z0-9._+][-A-Za-z0-9._+]*(/[A-Za-z0-9._+][-A-Za-z0-9._+]*)*", str(found)) is not None


def _when(spec: Mapping[str, Any], path: Path, problems: Problems) -> None:
    found = spec.get("schedule")
    if isinstance(found, str) and found and not schedule(found):
        expected = "five fields as cron has them; the zone in timeZone"
        refuse(problems, (*path, "schedule"), "it is no schedule", expected, found)


JOBS: Clauses = {
    "batch.v1.Job": (needs("spec"), _job),
    "batch.v1.JobTemplateSpec": (needs("spec"),),
    "batch.v1.JobSpec": (
        _ends, own_pods,
        *no_less_than_0("parallelism", "completions", "activeDeadlineSeconds"),
        *no_less_than_0("backoffLimit", "ttlSecondsAfterFinished"),
    ),
    "batch.v1.CronJob": (needs("spec"), _cron_job),
    "batch.v1.CronJobSpec": (
        needs("schedule"), _when, words("concurrencyPolicy", "Allow", "Forbid", "Replace"),
        value("timeZone", _zone, "a time zone such as Europe/Berlin", strict=True),
        *no_less_than_0("startingDeadlineSeconds", "successfulJobsHistoryLimit", "failedJobsHistoryLimit"),
    ),
}  # fmt: skip
