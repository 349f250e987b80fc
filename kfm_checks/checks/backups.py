"""RAIL-12: every datastore is backed up."""

from __future__ import annotations

from collections.abc import Iterator

from kfm_checks.errors import NotVerified
from kfm_checks.evidence import fails, holds, unknown
from kfm_checks.facts.backups import SCHEDULES, Backup, backups_of, target
from kfm_checks.facts.datastores import Datastore
from kfm_checks.facts.objects import Inventory
from kfm_checks.facts.workloads import Workload
from kfm_checks.model import Evidence, Manifest, ObjectKey

EXPECTED = "a backup schedule with a retention"


def datastores_are_backed_up(
    inventory: Inventory, workloads: tuple[Workload, ...], datastores: tuple[Datastore, ...]
) -> Iterator[Evidence]:
    """Every datastore is covered by a backup schedule with a retention.

    What was lost can only be brought back from a copy, and a copy that is kept for no stated time is not one to count
    on. Schedules of Velero, K8up, VolSync, snapscheduler and Kasten are matched by namespace, labels and claims; those
    of an operator (CloudNativePG, Crunchy, Percona) by name; a CronJob by the claim that it mounts or the address that
    it copies from. A suspended one, or one that leaves the volumes out, is none. Where nothing says how long a copy is
    kept, nobody can tell. That a copy can be restored is for people to try.

    Remedy: add a schedule that covers the datastore's namespace and volumes, and give it a retention.
    """
    if not datastores:
        raise NotVerified("no datastore is declared, labelled or recognised here")
    by_id = {workload.id: workload for workload in workloads}
    covering = {d.id: _covering(inventory, workloads, d, by_id.get(d.id)) for d in datastores}
    any_schedule = any(covering.values()) or any(inventory.of(kind, group) for group, kind in SCHEDULES)
    for datastore in datastores:
        if datastore.obj is None:
            namespace, kind, name = [*datastore.id.split("/", 2), "", ""][:3]
            text = f"{datastore.id} is declared a datastore, and nothing rendered here makes it"
            yield unknown(ObjectKey("", kind, namespace, name), message=text, expected=EXPECTED, observed="absent")
            continue
        yield _judged(datastore.obj, covering[datastore.id], any_schedule=any_schedule)


def _covering(
    inventory: Inventory, workloads: tuple[Workload, ...], datastore: Datastore, workload: Workload | None
) -> tuple[Backup, ...]:
    if datastore.obj is None:
        return ()
    return backups_of(inventory, workloads, target(inventory, datastore.obj, workload))


def _judged(obj: Manifest, found: tuple[Backup, ...], *, any_schedule: bool) -> Evidence:
    who = f"{obj.key.kind} {obj.key.name}"
    working = [backup for backup in found if not backup.problem]
    kept = next((backup for backup in working if backup.retention), None)
    if kept is not None:
        text = f"{who} is copied by {kept.words}; kept: {kept.retention}"
        return holds(obj, message=text, expected=EXPECTED, observed=kept.words)
    if working:
        text = f"{who} is copied by {working[0].words}; nothing says how long copies are kept"
        return unknown(obj, message=text, expected=EXPECTED, observed=working[0].words)
    text = f"no backup schedule covers {who}"
    if found:
        text += f": {found[0].words} {found[0].problem}"
    elif not any_schedule:
        # Copies may be made outside the overlay, by the storage itself: that is for an attestation to say.
        return unknown(obj, message=f"{text}: the render has none at all", expected=EXPECTED, observed="absent")
    return fails(obj, message=text, expected=EXPECTED, observed=found[0].words if found else "absent")
