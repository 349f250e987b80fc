"""What the fields of one object put at risk, and what a revert does not take back, case beside case."""

from __future__ import annotations

import pytest

from kfm_checks.facts.change_irreversible import irreversible
from kfm_checks.facts.change_model import ObjectChange
from kfm_checks.facts.change_pairs import compare
from kfm_checks.facts.change_risks_fields import field_risks
from kfm_checks.facts.objects import inventory
from kfm_checks.manifests import parse_manifests

CONTENT = "apiVersion: %s\nkind: %s\nmetadata: {name: %s, namespace: a%s}\n%s\n"


def change(kind: str, base: str | None, head: str | None, *, metadata: str = "", name: str = "x") -> ObjectChange:
    """One object's change; None where it is not there on that side."""
    api, _, word = kind.rpartition(" ")
    sides = [
        [] if side is None else parse_manifests(CONTENT % (api, word, name, metadata, side)) for side in (base, head)
    ]
    [found] = compare(*(inventory(side) for side in sides)).changes
    return found


def steps(kind: str, base: str | None, head: str | None, metadata: str = "") -> list[tuple[str, str]]:
    """What of it a revert does not take back: in which way, and where."""
    found = irreversible(change(kind, base, head, metadata=metadata))
    return [(step.what, "/".join(map(str, step.path))) for step in found]


def risks(kind: str, base: str | None, head: str | None, metadata: str = "") -> list[str]:
    """Risk and words of each, sorted."""
    return sorted(f"{risk.name}: {risk.message}" for risk in field_risks(change(kind, base, head, metadata=metadata)))


KEPT = [
    ", annotations: {argocd.argoproj.io/sync-options: 'Validate=false,Prune=false'}",
    ", annotations: {argocd.argoproj.io/sync-options: Delete=false}",
    ", annotations: {kustomize.toolkit.fluxcd.io/prune: disabled}", ", annotations: {helm.sh/resource-policy: keep}",
]  # fmt: skip
DELETES = "spec: {persistentVolumeClaimRetentionPolicy: {whenDeleted: Delete}}"


@pytest.mark.parametrize(
    ("kind", "spec", "lost"),
    [
        ("v1 Namespace", "", True), ("example.org/v1 Namespace", "", False), ("v1 ConfigMap", "", False),
        ("apiextensions.k8s.io/v1 CustomResourceDefinition", "spec: {names: {kind: Thing}}", True),
        ("v1 PersistentVolumeClaim", "spec: {}", True), ("v1 PersistentVolume", "spec: {}", False),
        ("v1 PersistentVolume", "spec: {persistentVolumeReclaimPolicy: Retain}", False),
        ("v1 PersistentVolume", "spec: {persistentVolumeReclaimPolicy: Delete}", True),
        ("apps/v1 StatefulSet", DELETES, True), ("apps/v1 StatefulSet", "spec: {}", False),
        ("apps/v1 StatefulSet", DELETES.replace("whenDeleted", "whenScaled"), False), ("apps/v1 Deployment", DELETES, False),
        ("postgresql.cnpg.io/v1 Cluster", "spec: {}", True), ("example.org/v1 Cluster", "spec: {}", False),
    ],
)  # fmt: skip
def test_what_goes_with_an_object(kind: str, spec: str, lost: bool) -> None:
    """Data that no revert brings back, unless an annotation keeps the object; adding one loses nothing."""
    assert steps(kind, spec, None) == ([("data", "")] if lost else [])
    assert steps(kind, None, spec) == []
    for kept in KEPT:
        assert steps(kind, spec, None, kept) == []
    assert steps(kind, spec, None, ", annotations: {argocd.argoproj.io/sync-options: Prune=true, team: keep}") == (
        [("data", "")] if lost else []
    )


@pytest.mark.parametrize(
    ("kind", "base", "head", "fixed"),
    [
        ("apps/v1 Deployment", "spec: {selector: {matchLabels: {a: b}}}", "spec: {selector: {matchLabels: {a: c}}}",
         "spec/selector/matchLabels/a"),
        ("apps/v1 DaemonSet", "spec: {selector: {a: b}}", "spec: {selector: {a: c}}", "spec/selector/a"),
        ("apps/v1 Deployment", "spec: {replicas: 1}", "spec: {replicas: 2}", ""),
        ("example.org/v1 Deployment", "spec: {selector: {a: b}}", "spec: {selector: {a: c}}", ""),
        ("batch/v1 Job", "spec: {template: {spec: {hostPID: false}}}", "spec: {template: {spec: {hostPID: true}}}",
         "spec/template/spec/hostPID"),
        ("batch/v1 Job", "spec: {completionMode: Indexed}", "spec: {completionMode: NonIndexed}", "spec/completionMode"),
        ("batch/v1 Job", "spec: {podFailurePolicy: {rules: [{action: Ignore}]}}",
         "spec: {podFailurePolicy: {rules: [{action: FailJob}]}}", "spec/podFailurePolicy/rules/0/action"),
        ("batch/v1 Job", "spec: {parallelism: 1}", "spec: {parallelism: 2}", ""),
        ("batch/v1 CronJob", "spec: {jobTemplate: {spec: {template: {a: b}}}}",
         "spec: {jobTemplate: {spec: {template: {a: c}}}}", ""),
        ("rbac.authorization.k8s.io/v1 RoleBinding", "roleRef: {name: a}", "roleRef: {name: b}", "roleRef/name"),
        ("rbac.authorization.k8s.io/v1 ClusterRoleBinding", "roleRef: {name: a}", "roleRef: {name: b}", "roleRef/name"),
        ("storage.k8s.io/v1 StorageClass", "provisioner: a", "provisioner: b", "provisioner"),
        ("storage.k8s.io/v1 StorageClass", "parameters: {a: b}", "parameters: {a: c}", "parameters/a"),
        ("storage.k8s.io/v1 StorageClass", "allowVolumeExpansion: false", "allowVolumeExpansion: true", ""),
        ("scheduling.k8s.io/v1 PriorityClass", "value: 1", "value: 2", "value"),
        ("networking.k8s.io/v1 IngressClass", "spec: {controller: a}", "spec: {controller: b}", "spec/controller"),
        ("node.k8s.io/v1 RuntimeClass", "handler: a", "handler: b", "handler"),
        ("v1 Secret", "type: a", "type: b", "type"),
        ("apiextensions.k8s.io/v1 CustomResourceDefinition", "spec: {scope: Cluster}", "spec: {scope: Namespaced}",
         "spec/scope"),
        ("apiextensions.k8s.io/v1 CustomResourceDefinition", "spec: {names: {kind: A, singular: a}}",
         "spec: {names: {kind: B, singular: a}}", "spec/names/kind"),
        ("apiextensions.k8s.io/v1 CustomResourceDefinition", "spec: {names: {kind: A, singular: a}}",
         "spec: {names: {kind: A, singular: b}}", ""),
        ("v1 ConfigMap", "data: {a: b}", "data: {a: c}", ""),
        ("v1 ConfigMap", "immutable: true\ndata: {a: b}", "immutable: true\ndata: {a: c}", "data/a"),
        ("v1 ConfigMap", "immutable: true\nbinaryData: {a: YQ==}", "immutable: true\nbinaryData: {a: Yg==}", "binaryData/a"),
        ("v1 Secret", "immutable: true\nstringData: {a: b}", "immutable: true\nstringData: {a: c}", "stringData/a"),
        ("v1 ConfigMap", "immutable: true", "immutable: false", "immutable"),
        ("v1 ConfigMap", "immutable: false", "immutable: true", ""),
        ("v1 ConfigMap", "immutable: true\nx: {a: b}", "immutable: true\nx: {a: c}", ""),
        ("v1 Service", "spec: {clusterIP: None}", "spec: {type: ClusterIP}", "spec/clusterIP"),
        ("v1 Service", "spec: {clusterIP: 10.0.0.1}", "spec: {a: b}", ""),
        ("v1 Service", "spec: {sessionAffinity: None}", "spec: {sessionAffinity: ClientIP}", ""),
        ("v1 Pod", "spec: {containers: [{name: a, image: b}]}", "spec: {containers: [{name: a, image: c}]}", ""),
        ("v1 Pod", "spec: {tolerations: [{key: a}]}", "spec: {tolerations: [{key: a}, {key: b}]}", ""),
        ("v1 Pod", "spec: {hostNetwork: true}", "spec: {hostNetwork: false}", "spec/hostNetwork"),
        ("v1 Pod", "metadata2: {a: b}", "metadata2: {a: c}", ""),
        ("v1 PersistentVolume", "spec: {nfs: {path: /a}}", "spec: {nfs: {path: /b}}", "spec/nfs/path"),
        ("v1 PersistentVolume", "spec: {mountOptions: [a]}", "spec: {mountOptions: [b]}", ""),
        ("apps/v1 StatefulSet", "spec: {serviceName: a}", "spec: {serviceName: b}", "spec/serviceName"),
        ("apps/v1 StatefulSet", "spec: {replicas: 1}", "spec: {replicas: 2}", ""),
        ("apps/v1 StatefulSet", "spec: {template: {spec: {hostPID: false}}}", "spec: {template: {spec: {hostPID: true}}}", ""),
        ("apps/v1 StatefulSet", "spec: {selector: {a: b}}", "spec: {selector: {a: c}}", "spec/selector"),
        ("apps/v1 StatefulSet", "x: {serviceName: a}", "x: {serviceName: b}", ""),
        ("example.org/v1 StatefulSet", "spec: {serviceName: a}", "spec: {serviceName: b}", ""),
        ("v1 PersistentVolumeClaim", "spec: {storageClassName: a}", "spec: {storageClassName: b}", "spec/storageClassName"),
        ("v1 PersistentVolumeClaim", "spec: {volumeAttributesClassName: a}", "spec: {volumeAttributesClassName: b}", ""),
        ("v1 PersistentVolumeClaim", "spec: {resources: {limits: {storage: 1Gi}}}",
         "spec: {resources: {limits: {storage: 2Gi}}}", ""),
        ("v1 PersistentVolumeClaim", "x: {a: b}", "x: {a: c}", ""),
    ],
)  # fmt: skip
def test_what_the_server_refuses_to_update(kind: str, base: str, head: str, fixed: str) -> None:
    """It has to be deleted and made again, there and back; what stands beside it may be changed."""
    assert steps(kind, base, head) == ([("immutable", fixed)] if fixed else [])


@pytest.mark.parametrize(
    ("base", "head", "word"), [("1Gi", "2Gi", "grew"), ("2Gi", "1Gi", "shrinks"), ("x", "1Gi", "shrinks")]
)
def test_a_claim_grows_one_way(base: str, head: str, word: str) -> None:
    """Growing can't be reverted, shrinking can't be done."""
    spec = "spec: {resources: {requests: {storage: %s}}}"
    [step] = irreversible(change("v1 PersistentVolumeClaim", spec % base, spec % head))
    assert step.what == "immutable"
    assert word in step.message


TEMPLATES = "spec: {a: b, volumeClaimTemplates: [%s]}"
DATA = "{metadata: {name: data}, spec: {storageClassName: %s}}"


@pytest.mark.parametrize(
    ("base", "head", "what", "words"),
    [
        ("spec: {a: b}", TEMPLATES % (DATA % "x"), "immutable", "gets the volume data"),
        (TEMPLATES % (DATA % "x"), "spec: {a: b}", "data", "loses its volume data"),
        (
            TEMPLATES % (DATA % "x"),
            TEMPLATES % f"{DATA % 'x'}, {{metadata: {{name: wal}}}}",
            "immutable",
            "gets the volume wal",
        ),
        (
            TEMPLATES % f"{{metadata: {{name: wal}}}}, {DATA % 'x'}",
            TEMPLATES % (DATA % "x"),
            "data",
            "loses its volume wal",
        ),
        (
            TEMPLATES % (DATA % "x"),
            TEMPLATES % (DATA % "y"),
            "immutable",
            "the volume data of StatefulSet x can't be updated",
        ),
        (
            TEMPLATES % (DATA % "x"),
            TEMPLATES % "{metadata: {name: data}}",
            "immutable",
            "the volume data of StatefulSet x can't be updated",
        ),
        (
            TEMPLATES % "{metadata: {name: data}}",
            TEMPLATES % (DATA % "x"),
            "immutable",
            "the volume data of StatefulSet x can't be updated",
        ),
    ],
)
def test_claims_of_a_stateful_set(base: str, head: str, what: str, words: str) -> None:
    """Each by its name: what is left behind, what is refused."""
    found = [(step.what, step.message) for step in irreversible(change("apps/v1 StatefulSet", base, head))]
    assert [one for one, _ in found] == [what]
    assert words in found[0][1]


POD = "spec: {template: {spec: {initContainers: [{name: i, image: 'i:1'}], containers: [{name: a, image: 'a:1'%s}]}}}"
REQUESTS = ", resources: {requests: {cpu: 500m, memory: %s}}"


@pytest.mark.parametrize(
    ("kind", "base", "head", "found"),
    [
        ("apps/v1 Deployment", None, POD % (REQUESTS % "1Gi"),
         ["capacity: Deployment x is new: 1 × cpu 500m, memory 1Gi", "image: a new image runs: a:1", "image: a new image runs: i:1"]),
        ("apps/v1 Deployment", None, POD % (REQUESTS % "lots"),
         ["capacity: Deployment x is new: 1 × cpu 500m, no memory request", "image: a new image runs: a:1",
          "image: a new image runs: i:1"]),
        ("apps/v1 Deployment", None, "spec: {replicas: 3, template: {spec: {}}}", ["capacity: Deployment x is new: 3 × no cpu request, no memory request"]),
        ("apps/v1 Deployment", POD % "", None,
         ["capacity: Deployment x gives back what it requests", "disruption: Deployment x stops"]),
        ("batch/v1 CronJob", "spec: {}", None, ["capacity: CronJob x gives back what it requests"]),
        ("v1 ResourceQuota", None, "spec: {}", ["capacity: a new ResourceQuota x"]),
        ("v1 ResourceQuota", "spec: {}", None, ["capacity: ResourceQuota x goes: nothing holds its limits any more"]),
        ("v1 PersistentVolumeClaim", None, "spec: {resources: {requests: {storage: 1Gi}}}",
         ["capacity: a new PersistentVolumeClaim x of 1Gi"]),
        ("v1 ConfigMap", None, "data: {}", []), ("v1 ConfigMap", "data: {}", None, []),
        ("v1 Service", None, "spec: {}", []), ("example.org/v1 Service", "spec: {}", None, []),
        ("v1 Service", "spec: {}", None, ["disruption: Service x goes: what relies on it loses it"]),
        ("policy/v1 PodDisruptionBudget", "spec: {}", None, ["disruption: PodDisruptionBudget x goes: what relies on it loses it"]),
        ("velero.io/v1 Schedule", "spec: {}", None, ["data-loss: Schedule x goes: what it backed up is backed up no longer"]),
    ],
)  # fmt: skip
def test_a_whole_object_that_comes_or_goes(kind: str, base: str | None, head: str | None, found: list[str]) -> None:
    """What it takes, gives back, or serves no longer."""
    assert risks(kind, base, head) == found


def test_what_a_reconciler_leaves_in_place_goes_not() -> None:
    """Only the workload's own stop is told, whatever the annotation says of the object."""
    for kind in ("v1 Service", "velero.io/v1 Schedule", "v1 ResourceQuota"):
        assert risks(kind, "spec: {}", None, KEPT[0]) == []


CONTAINERS = "spec: {template: {spec: {containers: [{name: a, image: 'a:1'}%s]}}}"
VOLUMES = "spec: {template: {spec: {volumes: [%s], containers: []}}}"
CLAIM = "{name: v, persistentVolumeClaim: {claimName: %s}}"
PROBES = "spec: {template: {spec: {containers: [{name: a, image: 'a:1'%s}]}}}"


@pytest.mark.parametrize(
    ("kind", "base", "head", "found"),
    [
        ("apps/v1 Deployment", CONTAINERS % "", CONTAINERS.replace("a:1", "a:2") % "", ["image: image a:1 becomes a:2"]),
        ("apps/v1 Deployment", CONTAINERS % "", CONTAINERS % ", {name: b, image: 'b:1'}", ["image: a new container runs b:1"]),
        ("apps/v1 Deployment", CONTAINERS % ", {name: b, image: 'b:1'}", CONTAINERS % "", []),
        ("apps/v1 Deployment", "spec: {template: {metadata: {labels: {image: a}}}}",
         "spec: {template: {metadata: {labels: {image: b}}}}", []),
        ("example.org/v1 Thing", "spec: {image: a}", "spec: {image: b}", []),
        ("monitoring.coreos.com/v1 Prometheus", "spec: {image: a}", "spec: {image: b}", ["image: image a becomes b"]),
        ("monitoring.coreos.com/v1 Prometheus", "spec: {a: b}", "spec: {a: b, image: b}", ["image: image absent becomes b"]),
        ("v1 ResourceQuota", "spec: {hard: {pods: 1}}", "spec: {hard: {pods: 2}}",
         ["capacity: ResourceQuota x: spec/hard/pods 1 becomes 2"]),
        ("apps/v1 Deployment", "spec: {replicas: 3}", "spec: {replicas: 4}", ["capacity: replicas 3 becomes 4"]),
        ("apps/v1 Deployment", "spec: {replicas: 3}", "spec: {replicas: 2}",
         ["capacity: replicas 3 becomes 2", "disruption: fewer replicas of Deployment x: 3 becomes 2"]),
        ("apps/v1 Deployment", "spec: {replicas: 3, a: b}", "spec: {a: b}",
         ["capacity: replicas 3 becomes absent", "disruption: fewer replicas of Deployment x: 3 becomes absent"]),
        ("apps/v1 Deployment", "spec: {replicas: many}", "spec: {replicas: 1}", ["capacity: replicas many becomes 1"]),
        ("batch/v1 Job", "spec: {parallelism: 1}", "spec: {parallelism: 2}", ["capacity: parallelism 1 becomes 2"]),
        ("v1 ConfigMap", "data: {replicas: '1'}", "data: {replicas: '2'}", []),
        ("apps/v1 Deployment", PROBES % "", PROBES % ", resources: {limits: {cpu: 1}}", ["capacity: resources"]),
        ("v1 ConfigMap", "data: {resources: '1'}", "data: {resources: '2'}", []),
        ("apps/v1 Deployment", "spec: {strategy: {type: Recreate}}", "spec: {strategy: {type: RollingUpdate}}", ["disruption: "]),
        ("apps/v1 DaemonSet", "spec: {updateStrategy: {type: OnDelete}}", "spec: {updateStrategy: {type: RollingUpdate}}",
         ["disruption: "]),
        *(("apps/v1 Deployment", PROBES % f", {probe}: {{tcpSocket: {{port: 1}}}}", PROBES % "",
           [f"disruption: Deployment x loses a {probe}"]) for probe in ("readinessProbe", "livenessProbe", "startupProbe")),
        ("apps/v1 Deployment", PROBES % "", PROBES % ", readinessProbe: {tcpSocket: {port: 1}}", []),
        ("policy/v1 PodDisruptionBudget", "spec: {minAvailable: 2}", "spec: {minAvailable: 1}",
         ["disruption: the budget x changes: minAvailable 2 becomes 1"]),
        ("policy/v1 PodDisruptionBudget", "x: {minAvailable: 2}", "x: {minAvailable: 1}", []),
        ("v1 Service", "spec: {ports: [{port: 80, targetPort: 1}]}", "spec: {ports: [{port: 80, targetPort: 2}]}", ["disruption: "]),
        ("v1 Service", "spec: {type: NodePort}", "spec: {type: ClusterIP}", []),
        ("networking.k8s.io/v1 Ingress", "spec: {a: b, rules: [{host: h}]}", "spec: {a: b}",
         ["disruption: Ingress x no longer serves /spec/rules"]),
        ("networking.k8s.io/v1 Ingress", "spec: {a: b}", "spec: {a: b, rules: [{host: h}]}", []),
        ("networking.k8s.io/v1 Ingress", "x: {a: b, c: d}", "x: {a: b}", []),
        ("apps/v1 StatefulSet", "spec: {a: b, persistentVolumeClaimRetentionPolicy: {whenScaled: Retain}}",
         "spec: {a: b, persistentVolumeClaimRetentionPolicy: {whenScaled: Delete}}",
         ["data-loss: StatefulSet x now deletes its claims (whenScaled)"]),
        ("apps/v1 StatefulSet", "spec: {persistentVolumeClaimRetentionPolicy: {whenScaled: Delete}}",
         "spec: {persistentVolumeClaimRetentionPolicy: {whenScaled: Retain}}", []),
        ("v1 PersistentVolume", "spec: {persistentVolumeReclaimPolicy: Retain}", "spec: {persistentVolumeReclaimPolicy: Delete}",
         ["data-loss: PersistentVolume x now deletes volumes that nobody claims any more"]),
        ("v1 PersistentVolume", "spec: {persistentVolumeReclaimPolicy: Delete}", "spec: {persistentVolumeReclaimPolicy: Retain}", []),
        ("velero.io/v1 Schedule", "spec: {schedule: '0 1 * * *'}", "spec: {schedule: '0 1 1 * *'}", ["data-loss: "]),
        ("storage.k8s.io/v1 StorageClass", "reclaimPolicy: Retain", "reclaimPolicy: Delete",
         ["data-loss: StorageClass x now deletes", "disruption: /reclaimPolicy of StorageClass x can't be updated"]),
        ("velero.io/v1 Schedule", "x: {schedule: '0 1 * * *'}", "x: {schedule: '0 1 1 * *'}", []),
        ("apps/v1 Deployment", VOLUMES % (CLAIM % "a"), VOLUMES % (CLAIM % "b"),
         ["data-loss: Deployment x no longer uses the claim of a volume"]),
        ("apps/v1 Deployment", VOLUMES % f"{CLAIM % 'a'}, {{name: w, emptyDir: {{}}}}", VOLUMES % "{name: w, emptyDir: {}}",
         ["data-loss: Deployment x no longer uses the claim of a volume"]),
        ("apps/v1 Deployment", VOLUMES % "{name: w, emptyDir: {}}, {name: u, emptyDir: {}}",
         VOLUMES % "{name: w, emptyDir: {}}", []),
        ("apps/v1 Deployment", VOLUMES % (CLAIM % "a"), VOLUMES % "{name: v, emptyDir: {}}",
         ["data-loss: Deployment x no longer uses the claim of a volume",
          "data-loss: a volume of Deployment x now lives and dies with its pod"]),
        ("apps/v1 Deployment", VOLUMES % "{name: v, persistentVolumeClaim: {claimName: a, readOnly: true}}",
         VOLUMES % "{name: v, persistentVolumeClaim: {claimName: a, readOnly: false}}", []),
    ],
)  # fmt: skip
def test_a_field_that_changes(kind: str, base: str, head: str, found: list[str]) -> None:
    """Image, capacity, disruption and data, told by the field alone; what is close to it is none."""
    told = risks(kind, base, head)
    assert len(told) == len(found)
    assert all(one.startswith(wanted) for one, wanted in zip(told, sorted(found), strict=True))


def test_a_generated_object_that_can_not_be_updated_is_made_anew() -> None:
    """Under another name: the old one stays for whoever goes back."""
    text = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a-%s, namespace: a}\nimmutable: true\ndata: {k: %s}\n"
    sides = (inventory(parse_manifests(text % side)) for side in (("6ct58987ht", "v"), ("b4mm9cmd4h", "w")))
    [found] = compare(*sides).changes
    assert (found.change, irreversible(found)) == ("changed", ())
