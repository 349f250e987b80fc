"""What the API server's validation refuses beyond types, definition by definition: at the edge, and one step beyond.

The limits are those of the API reference and of pkg/apis/*/validation; what a real server said of drawn changes is in
``test_schemas_values.py``.
"""

from __future__ import annotations

import copy
import re
from typing import Any

import pytest
import yaml

from kfm_checks.facts.schemas_rules import Problem, kind_of
from kfm_checks.facts.schemas_values_jobs import schedule
from kfm_checks.facts.schemas_values_table import CLAUSES, SINCE
from kfm_checks.model import Path


def judged(definition: str, obj: Any) -> list[Problem]:
    """What the clauses of a definition say of an object."""
    found: list[Problem] = []
    for clause in CLAUSES[definition]:
        clause(obj, (), found)
    return found


def at(obj: Any, path: Path) -> Any:
    """The value at a place, None where there is none."""
    for step in path:
        inside = isinstance(step, int) and isinstance(obj, list) and step < len(obj)
        obj = obj[step] if inside else obj.get(step) if isinstance(obj, dict) else None
    return obj


#: Words for what was seen where nothing is, and where something is that need not be shown.
NOTHING = {"absent", "absent or empty", "absent or false", "empty", "empty text", "neither", "none", "no label"}
SOMETHING = {"present", "both", "another"}
#: What the server fills in where nothing is written.
FILLED_IN = {"Equal", 600}


def truthful(problem: Problem, obj: Any) -> bool:
    """Whether what was seen is what the object has there, how much, its name, or a word that fits it."""
    here, seen = at(obj, problem.path), problem.observed
    if seen in NOTHING:
        named = [here] if problem.path else [obj.get(name) for name in re.findall(r"\w+", problem.expected)]
        return all(one in (None, "", [], {}) or one is False for one in named)
    if seen in SOMETHING:
        return here is not None
    held = [f"{key}: {one}" for key, one in here.items()] if isinstance(here, dict) else []
    fits = [
        here,
        str(here),
        kind_of(here) if here is not None else "",
        ", ".join(held),
        *map(str, problem.path[-1:]),
        obj.get("type"),
    ]
    if not isinstance(here, str | int):
        fits += [len(here or ()), *FILLED_IN, "both or neither"]
    if isinstance(here, dict) and all(name in here for name in str(seen).split(", ")):
        return True
    return any(seen == one and isinstance(seen, bool) == isinstance(one, bool) for one in fits)


def cured(definition: str, problem: Problem, obj: Any) -> bool:
    """Whether the problem is gone once what it wants, where that is one word, is put there."""
    whole = copy.deepcopy(obj)
    holder, last = whole, problem.path[-1]
    for step in problem.path[:-1]:
        holder = holder[step] if isinstance(step, int) else holder.setdefault(step, {})
    if problem.expected in ("nothing", "none"):
        holder.pop(last)
    else:
        holder[last] = {"x": "y"} if problem.expected == "present" else yaml.safe_load(problem.expected)
    return (problem.path, problem.message) not in [(one.path, one.message) for one in judged(definition, whole)]


def refused(definition: str, text: str) -> list[str]:
    """The places that the clauses of a definition refuse in an object; what they say of each is true, and helps."""
    obj = yaml.safe_load(text)
    found = judged(definition, obj)
    for problem in found:
        assert problem.message and problem.expected
        assert truthful(problem, obj), f"{problem.observed!r} was seen: {problem}"
        assert " " in problem.expected or cured(definition, problem, obj), problem
    return ["/".join(map(str, problem.path)) for problem in found]


def seen(definition: str, text: str) -> list[Any]:
    """What the clauses saw in the object as a whole where they refuse it."""
    assert refused(definition, text)
    return [problem.observed for problem in judged(definition, yaml.safe_load(text)) if not problem.path]


def rows(table: str) -> list[tuple[str, str, list[str]]]:
    """``definition | object | place & place``, a line each; without a place nothing is refused, "." is all of it."""
    found = []
    for line in table.strip().splitlines():
        definition, text, places = (part.strip() for part in line.split("|"))
        found.append((definition, text, [place if place != "." else "" for place in places.split(" & ") if place]))
    return found


PODS = rows("""
core.v1.Container | {name: c, image: i} |
core.v1.Container | {name: C, image: i} | name
core.v1.Container | {name: '', image: i} | name
core.v1.Container | {name: c} | image
core.v1.EphemeralContainer | {name: c} | image
core.v1.Container | {name: c, image: i, livenessProbe: {successThreshold: 1}, startupProbe: {successThreshold: 0}, readinessProbe: {successThreshold: 3}} |
core.v1.Container | {name: c, image: i, livenessProbe: {successThreshold: 2}} | livenessProbe/successThreshold
core.v1.Container | {name: c, image: i, startupProbe: {successThreshold: 2}} | startupProbe/successThreshold
core.v1.Container | {name: c, image: i, resources: {limits: {cpu: 0, memory: 1, ephemeral-storage: 1, hugepages-2Mi: 1, x.io/gpu: 1}}} |
core.v1.Container | {name: c, image: i, resources: {limits: {disk: 1}}} | resources/limits/disk
core.v1.Container | {name: c, image: i, resources: {requests: {cpu: -1}}} | resources/requests/cpu
core.v1.Container | {name: c, image: i, resources: {limits: {x.io/gpu: 500m}}} | resources/limits/x.io/gpu
core.v1.Container | {name: c, image: i, resources: {limits: {cpu: 1}, requests: {cpu: 1}}} |
core.v1.Container | {name: c, image: i, resources: {limits: {cpu: 1}, requests: {cpu: 1001m}}} | resources/requests/cpu
core.v1.Container | {name: c, image: i, resources: {limits: {cpu: 0}, requests: {cpu: 500m}}} | resources/requests/cpu
core.v1.EnvVar | {name: 'A b.-', value: x} |
core.v1.EnvVar | {name: A=B} | name
core.v1.EnvVar | {name: ''} | name
core.v1.EnvVar | {name: A, value: x, valueFrom: {}} | valueFrom
core.v1.EnvVar | {name: A, value: '', valueFrom: {}} |
core.v1.EnvVarSource | {fieldRef: {}} |
core.v1.EnvVarSource | {resourceFieldRef: {}} |
core.v1.EnvVarSource | {configMapKeyRef: {}} |
core.v1.EnvVarSource | {secretKeyRef: {}} |
core.v1.EnvVarSource | {fileKeyRef: {}} |
core.v1.ConfigMapKeySelector | {name: a, key: ..b} | key
core.v1.ConfigMapKeySelector | {name: a, key: .b} |
core.v1.ConfigMapKeySelector | {name: a, key: .} | key
core.v1.SecretKeySelector | {name: A, key: b} | name
core.v1.SecretKeySelector | {name: a} | key
core.v1.ObjectFieldSelector | {} | fieldPath
core.v1.EnvFromSource | {configMapRef: {}} |
core.v1.EnvFromSource | {secretRef: {}} |
core.v1.ConfigMapEnvSource | {name: A} | name
core.v1.ConfigMapEnvSource | {} | name
core.v1.SecretEnvSource | {name: A} | name
core.v1.SecretEnvSource | {} | name
core.v1.ContainerPort | {containerPort: 1, hostPort: 0, name: a} |
core.v1.ContainerPort | {containerPort: 65535, hostPort: 65535} |
core.v1.ContainerPort | {containerPort: 0} | containerPort
core.v1.ContainerPort | {containerPort: 65536} | containerPort
core.v1.ContainerPort | {containerPort: 1, hostPort: 65536} | hostPort
core.v1.ContainerPort | {containerPort: 1, hostPort: -1} | hostPort
core.v1.ContainerPort | {containerPort: 1, name: a-name-of-15-le} |
core.v1.ContainerPort | {containerPort: 1, name: a-name-of-16-let} | name
core.v1.ContainerPort | {containerPort: 1, name: '80'} | name
core.v1.ContainerPort | {containerPort: 1, name: a--b} | name
core.v1.VolumeMount | {name: a, mountPath: /a, subPath: a/b} |
core.v1.VolumeMount | {name: a, mountPath: /a, subPath: /a} | subPath
core.v1.VolumeMount | {name: a, mountPath: /a, subPath: a/../b} | subPath
core.v1.VolumeMount | {name: a} | mountPath
core.v1.VolumeDevice | {name: a} | devicePath
core.v1.VolumeDevice | {devicePath: a} | name
core.v1.Probe | {exec: {}, initialDelaySeconds: 0, timeoutSeconds: 0, periodSeconds: 0, successThreshold: 0, failureThreshold: 0, terminationGracePeriodSeconds: 1} |
core.v1.Probe | {httpGet: {}} |
core.v1.Probe | {tcpSocket: {}} |
core.v1.Probe | {grpc: {}, terminationGracePeriodSeconds: 0} | terminationGracePeriodSeconds
core.v1.Probe | {grpc: {}, initialDelaySeconds: -1} | initialDelaySeconds
core.v1.Probe | {grpc: {}, timeoutSeconds: -1} | timeoutSeconds
core.v1.Probe | {grpc: {}, periodSeconds: -1} | periodSeconds
core.v1.Probe | {grpc: {}, successThreshold: -1} | successThreshold
core.v1.Probe | {grpc: {}, failureThreshold: -1} | failureThreshold
core.v1.LifecycleHandler | {exec: {}} |
core.v1.LifecycleHandler | {httpGet: {}} |
core.v1.LifecycleHandler | {tcpSocket: {}} |
core.v1.LifecycleHandler | {sleep: {}} |
core.v1.ExecAction | {command: []} | command
core.v1.HTTPGetAction | {port: ''} | port
core.v1.HTTPGetAction | {port: http} |
core.v1.TCPSocketAction | {port: 0} | port
core.v1.TCPSocketAction | {port: 65535} |
core.v1.TCPSocketAction | {port: 65536} | port
core.v1.TCPSocketAction | {port: ''} | port
core.v1.GRPCAction | {port: 65535} |
core.v1.GRPCAction | {port: 0} | port
core.v1.SecurityContext | {runAsUser: 0, runAsGroup: 2147483647, privileged: true} |
core.v1.SecurityContext | {runAsUser: -1} | runAsUser
core.v1.SecurityContext | {runAsGroup: 2147483648} | runAsGroup
core.v1.SecurityContext | {privileged: true, allowPrivilegeEscalation: false} | allowPrivilegeEscalation
core.v1.SecurityContext | {privileged: false, allowPrivilegeEscalation: false} |
core.v1.SecurityContext | {privileged: true, allowPrivilegeEscalation: true} |
core.v1.PodSecurityContext | {runAsUser: -1} | runAsUser
core.v1.PodSecurityContext | {runAsGroup: -1} | runAsGroup
core.v1.PodSecurityContext | {fsGroup: -1} | fsGroup
core.v1.SeccompProfile | {type: Localhost, localhostProfile: a} |
core.v1.SeccompProfile | {type: Localhost} | localhostProfile
core.v1.SeccompProfile | {type: RuntimeDefault, localhostProfile: a} | localhostProfile
core.v1.AppArmorProfile | {type: RuntimeDefault} |
core.v1.AppArmorProfile | {type: Localhost, localhostProfile: ''} | localhostProfile
core.v1.TopologySpreadConstraint | {maxSkew: 1, minDomains: 1, topologyKey: a} |
core.v1.TopologySpreadConstraint | {maxSkew: 0, topologyKey: a} | maxSkew
core.v1.TopologySpreadConstraint | {maxSkew: 1, minDomains: 0, topologyKey: a} | minDomains
core.v1.TopologySpreadConstraint | {maxSkew: 1} | topologyKey
core.v1.Toleration | {operator: Exists} |
core.v1.Toleration | {} | operator
core.v1.Toleration | {operator: Equal, value: a} | operator
core.v1.Toleration | {key: a, value: b} |
core.v1.Toleration | {key: a, value: b c} | value
core.v1.Toleration | {key: a, operator: Exists, value: b} | value
core.v1.Toleration | {key: a, operator: Exists, effect: NoExecute, tolerationSeconds: 1} |
core.v1.Toleration | {key: a, operator: Exists, effect: NoSchedule, tolerationSeconds: 0} | effect
core.v1.Toleration | {key: a b, operator: Exists} | key
core.v1.NodeSelector | {} | nodeSelectorTerms
core.v1.NodeSelectorRequirement | {key: a, operator: In, values: [b, c]} |
core.v1.NodeSelectorRequirement | {key: a, operator: In} | values
core.v1.NodeSelectorRequirement | {key: a, operator: NotIn, values: []} | values
core.v1.NodeSelectorRequirement | {key: a, operator: NotIn, values: [b, c]} |
core.v1.NodeSelectorRequirement | {key: a, operator: Exists} |
core.v1.NodeSelectorRequirement | {key: a, operator: Exists, values: [b]} | values
core.v1.NodeSelectorRequirement | {key: a, operator: DoesNotExist, values: [b]} | values
core.v1.NodeSelectorRequirement | {key: a, operator: DoesNotExist} |
core.v1.NodeSelectorRequirement | {key: a, operator: Gt, values: ['1']} |
core.v1.NodeSelectorRequirement | {key: a, operator: Gt, values: ['1', '2']} | values
core.v1.NodeSelectorRequirement | {key: a, operator: Lt} | values
core.v1.NodeSelectorRequirement | {key: a, operator: Lt, values: ['1']} |
core.v1.NodeSelectorRequirement | {key: '', operator: Exists} | key
core.v1.NodeSelectorRequirement | {key: a, operator: Near, values: []} |
core.v1.PreferredSchedulingTerm | {weight: 1} |
core.v1.PreferredSchedulingTerm | {weight: 0} | weight
core.v1.PreferredSchedulingTerm | {weight: 101} | weight
core.v1.WeightedPodAffinityTerm | {weight: 100} |
core.v1.WeightedPodAffinityTerm | {weight: 1} |
core.v1.WeightedPodAffinityTerm | {weight: 0} | weight
core.v1.WeightedPodAffinityTerm | {weight: 101} | weight
core.v1.PodAffinityTerm | {topologyKey: a b} | topologyKey
core.v1.PodAffinityTerm | {} | topologyKey
core.v1.PodSpec | {containers: []} | containers
core.v1.PodSpec | {containers: [{name: a}], activeDeadlineSeconds: 1, preemptionPolicy: Never} |
core.v1.PodSpec | {containers: [{name: a}], activeDeadlineSeconds: 0} | activeDeadlineSeconds
core.v1.PodSpec | {containers: [{name: a}], preemptionPolicy: PreemptLowerPriority} |
core.v1.PodSpec | {containers: [{name: a}], preemptionPolicy: Maybe} | preemptionPolicy
core.v1.PodSpec | {containers: [{name: a}], serviceAccountName: A} | serviceAccountName
core.v1.PodSpec | {containers: [{name: a}], priorityClassName: A} | priorityClassName
core.v1.PodSpec | {containers: [{name: a}], nodeName: A} | nodeName
core.v1.PodSpec | {containers: [{name: a}], runtimeClassName: A} | runtimeClassName
core.v1.PodSpec | {containers: [{name: a}], hostname: a.b} | hostname
core.v1.PodSpec | {containers: [{name: a}], subdomain: a.b} | subdomain
core.v1.PodSpec | {containers: [{name: a}], nodeSelector: {a: b c}} | nodeSelector/a
core.v1.PodSpec | {containers: [{name: a}], initContainers: [{name: a}]} | containers/0/name
core.v1.PodSpec | {containers: [{name: a}, {name: b}, {name: b}]} | containers/2/name
core.v1.PodSpec | {containers: [{name: a}], ephemeralContainers: [{name: e}]} | ephemeralContainers
core.v1.PodSpec | {containers: [{name: a}], ephemeralContainers: [{name: a}]} | ephemeralContainers/0/name & ephemeralContainers
core.v1.PodSpec | {containers: [{name: a}], activeDeadlineSeconds: 9223372036854775807} |
core.v1.PodSpec | {containers: [{name: a}], activeDeadlineSeconds: 9223372036854775808} | activeDeadlineSeconds
core.v1.PodSpec | {hostNetwork: true, containers: [{name: a, ports: [{containerPort: 1, hostPort: 1}, {containerPort: 2, hostPort: 0}, {containerPort: 3}]}]} |
core.v1.PodSpec | {hostNetwork: true, containers: [{name: a, ports: [{containerPort: 1, hostPort: 2}]}]} | containers/0/ports/0/hostPort
core.v1.PodSpec | {containers: [{name: a, ports: [{containerPort: 1, hostPort: 2}]}]} |
core.v1.PodSpec | {containers: [{name: a, securityContext: {windowsOptions: {hostProcess: true}}}]} | hostNetwork
core.v1.PodSpec | {hostNetwork: true, containers: [{name: a, securityContext: {windowsOptions: {hostProcess: true}}}]} |
core.v1.PodSpec | {securityContext: {windowsOptions: {hostProcess: true}}, containers: [{name: a}]} | hostNetwork
core.v1.PodSpec | {securityContext: {windowsOptions: {hostProcess: false}}, containers: [{name: a}]} |
""")
VOLUMES = rows("""
core.v1.Volume | {name: a, emptyDir: {}} |
core.v1.Volume | {name: a.b, emptyDir: {}} | name
core.v1.KeyToPath | {key: a, path: b, mode: 511} |
core.v1.KeyToPath | {key: a, path: b, mode: 512} | mode
core.v1.KeyToPath | {key: a, path: b, mode: -1} | mode
core.v1.KeyToPath | {path: b} | key
core.v1.KeyToPath | {key: a} | path
core.v1.KeyToPath | {key: a, path: ../b} | path
core.v1.DownwardAPIVolumeFile | {path: a, fieldRef: {}, mode: 0} |
core.v1.DownwardAPIVolumeFile | {path: a, resourceFieldRef: {}, mode: 512} | mode
core.v1.DownwardAPIVolumeFile | {path: /a, resourceFieldRef: {}} | path
core.v1.ConfigMapVolumeSource | {name: a, defaultMode: 512} | defaultMode
core.v1.ConfigMapVolumeSource | {} | name
core.v1.DownwardAPIVolumeSource | {defaultMode: 512} | defaultMode
core.v1.ProjectedVolumeSource | {defaultMode: 512} | defaultMode
core.v1.ConfigMapProjection | {} | name
core.v1.SecretVolumeSource | {secretName: a, defaultMode: 512} | defaultMode
core.v1.SecretVolumeSource | {} | secretName
core.v1.SecretProjection | {} | name
core.v1.HostPathVolumeSource | {path: /a..b/c} |
core.v1.HostPathVolumeSource | {path: /a/../b} | path
core.v1.HostPathVolumeSource | {} | path
core.v1.PersistentVolumeClaimVolumeSource | {} | claimName
core.v1.NFSVolumeSource | {server: a, path: /b} |
core.v1.NFSVolumeSource | {server: a, path: b} | path
core.v1.NFSVolumeSource | {path: /b} | server
core.v1.EphemeralVolumeSource | {} | volumeClaimTemplate
core.v1.CSIVolumeSource | {} | driver
core.v1.EmptyDirVolumeSource | {sizeLimit: 0} |
core.v1.EmptyDirVolumeSource | {sizeLimit: -1} | sizeLimit
core.v1.ServiceAccountTokenProjection | {path: a, expirationSeconds: 600} |
core.v1.ServiceAccountTokenProjection | {path: a, expirationSeconds: 4294967296} |
core.v1.ServiceAccountTokenProjection | {path: a, expirationSeconds: 599} | expirationSeconds
core.v1.ServiceAccountTokenProjection | {path: a, expirationSeconds: 4294967297} | expirationSeconds
core.v1.ServiceAccountTokenProjection | {expirationSeconds: 600} | path
""")
JOBS = rows("""
batch.v1.Job | {metadata: {name: a}} | spec
batch.v1.JobTemplateSpec | {} | spec
batch.v1.CronJob | {metadata: {name: a}} | spec
batch.v1.JobSpec | {template: {spec: {restartPolicy: Never}}, parallelism: 0, completions: 0, activeDeadlineSeconds: 0, backoffLimit: 0, ttlSecondsAfterFinished: 0} |
batch.v1.JobSpec | {template: {spec: {restartPolicy: OnFailure}}, parallelism: -1} | parallelism
batch.v1.JobSpec | {template: {spec: {restartPolicy: OnFailure}}, completions: -1} | completions
batch.v1.JobSpec | {template: {spec: {restartPolicy: OnFailure}}, activeDeadlineSeconds: -1} | activeDeadlineSeconds
batch.v1.JobSpec | {template: {spec: {restartPolicy: OnFailure}}, backoffLimit: -1} | backoffLimit
batch.v1.JobSpec | {template: {spec: {restartPolicy: OnFailure}}, ttlSecondsAfterFinished: -1} | ttlSecondsAfterFinished
batch.v1.JobSpec | {template: {spec: {restartPolicy: Always}}} | template/spec/restartPolicy
batch.v1.JobSpec | {template: {spec: {}}} | template/spec/restartPolicy
batch.v1.JobSpec | {completionMode: Indexed, completions: 2, backoffLimitPerIndex: 1, maxFailedIndexes: 1, template: {spec: {restartPolicy: Never}}} |
batch.v1.JobSpec | {completionMode: Indexed, template: {spec: {restartPolicy: Never}}} | completions
batch.v1.JobSpec | {backoffLimitPerIndex: 0, template: {spec: {restartPolicy: Never}}} | backoffLimitPerIndex
batch.v1.JobSpec | {maxFailedIndexes: 1, template: {spec: {restartPolicy: Never}}} | maxFailedIndexes
batch.v1.JobSpec | {template: {spec: {restartPolicy: Never, containers: [{name: c, volumeMounts: [{name: v, mountPath: /a}]}]}}} | template/spec/containers/0/volumeMounts/0/name
batch.v1.CronJobSpec | {schedule: '0 3 * * *', concurrencyPolicy: Allow, timeZone: Europe/Berlin, startingDeadlineSeconds: 0, successfulJobsHistoryLimit: 0, failedJobsHistoryLimit: 0} |
batch.v1.CronJobSpec | {schedule: ''} | schedule
batch.v1.CronJobSpec | {schedule: '60 3 * * *'} | schedule
batch.v1.CronJobSpec | {schedule: 'TZ=UTC @daily'} | schedule
batch.v1.CronJobSpec | {schedule: 'TZ=UTC 3 * * *'} | schedule
batch.v1.CronJobSpec | {schedule: '@daily', startingDeadlineSeconds: 9223372036854775807} |
batch.v1.CronJobSpec | {schedule: '@daily', startingDeadlineSeconds: 9223372036854775808} | startingDeadlineSeconds
batch.v1.CronJobSpec | {schedule: 'TZ=UTC 0 3 * * *'} | schedule
batch.v1.CronJobSpec | {schedule: '@daily', concurrencyPolicy: Forbid, timeZone: Etc/GMT+1} |
batch.v1.CronJobSpec | {schedule: '@daily', concurrencyPolicy: Replace} |
batch.v1.CronJobSpec | {schedule: '@daily', concurrencyPolicy: Never} | concurrencyPolicy
batch.v1.CronJobSpec | {schedule: '@daily', timeZone: ''} | timeZone
batch.v1.CronJobSpec | {schedule: '@daily', timeZone: ../etc} | timeZone
batch.v1.CronJobSpec | {schedule: '@daily', timeZone: local} | timeZone
batch.v1.CronJobSpec | {schedule: '@daily', timeZone: a b} | timeZone
batch.v1.CronJobSpec | {schedule: '@daily', startingDeadlineSeconds: -1} | startingDeadlineSeconds
batch.v1.CronJobSpec | {schedule: '@daily', successfulJobsHistoryLimit: -1} | successfulJobsHistoryLimit
batch.v1.CronJobSpec | {schedule: '@daily', failedJobsHistoryLimit: -1} | failedJobsHistoryLimit
""")
ACCESS = rows("""
rbac.v1.Role | {rules: [{verbs: [get]}, {nonResourceURLs: [/x]}]} | rules/1/nonResourceURLs
rbac.v1.RoleBinding | {roleRef: {kind: Role}, subjects: [{kind: ServiceAccount}]} |
rbac.v1.RoleBinding | {roleRef: {kind: ClusterRole}} |
rbac.v1.RoleBinding | {roleRef: {kind: Other}} | roleRef/kind
rbac.v1.ClusterRoleBinding | {roleRef: {kind: ClusterRole}, subjects: [{kind: User}, {kind: ServiceAccount, namespace: a}]} |
rbac.v1.ClusterRoleBinding | {roleRef: {kind: Role}} | roleRef/kind
rbac.v1.ClusterRoleBinding | {roleRef: {kind: ClusterRole}, subjects: [{kind: User}, {kind: ServiceAccount}]} | subjects/1/namespace
rbac.v1.RoleRef | {name: a, apiGroup: rbac.authorization.k8s.io} |
rbac.v1.RoleRef | {name: a, apiGroup: apps} | apiGroup
rbac.v1.RoleRef | {} | name
rbac.v1.Subject | {kind: User, name: 'system:x', apiGroup: rbac.authorization.k8s.io} |
rbac.v1.Subject | {kind: Group, name: a, apiGroup: ''} |
rbac.v1.Subject | {kind: User, name: a, apiGroup: apps} | apiGroup
rbac.v1.Subject | {kind: ServiceAccount, name: a} |
rbac.v1.Subject | {kind: ServiceAccount, name: a, apiGroup: rbac.authorization.k8s.io} | apiGroup
rbac.v1.Subject | {kind: ServiceAccount, name: A} | name
rbac.v1.Subject | {kind: Robot, name: a} | kind
rbac.v1.Subject | {kind: User} | name
rbac.v1.PolicyRule | {verbs: [get], apiGroups: [''], resources: [pods]} |
rbac.v1.PolicyRule | {verbs: [], apiGroups: [''], resources: [pods]} | verbs
rbac.v1.PolicyRule | {verbs: [get], nonResourceURLs: [/x]} |
rbac.v1.PolicyRule | {verbs: [get], nonResourceURLs: [/x], apiGroups: ['']} | nonResourceURLs
rbac.v1.PolicyRule | {verbs: [get], nonResourceURLs: [/x], resources: [pods]} | nonResourceURLs
rbac.v1.PolicyRule | {verbs: [get], nonResourceURLs: [/x], resourceNames: [a]} | nonResourceURLs
rbac.v1.PolicyRule | {verbs: [get], resources: [pods]} | apiGroups
rbac.v1.PolicyRule | {verbs: [get], apiGroups: ['']} | resources
rbac.v1.AggregationRule | {} | clusterRoleSelectors
""")
AMOUNTS = rows("""
core.v1.PersistentVolumeClaim | {} | spec
core.v1.PersistentVolumeClaimTemplate | {} | spec
core.v1.PersistentVolume | {} | spec
core.v1.PersistentVolumeClaimSpec | {accessModes: [ReadWriteOnce, ReadOnlyMany, ReadWriteMany, ReadWriteOncePod], volumeMode: Block, resources: {requests: {storage: 1}}} |
core.v1.PersistentVolumeClaimSpec | {accessModes: [ReadWrite], resources: {requests: {storage: 1}}} | accessModes
core.v1.PersistentVolumeClaimSpec | {resources: {requests: {storage: 1}}} | accessModes
core.v1.PersistentVolumeClaimSpec | {accessModes: [ReadWriteOnce], volumeMode: Filesystem, resources: {requests: {storage: 0}}} | resources/requests/storage
core.v1.PersistentVolumeClaimSpec | {accessModes: [ReadWriteOnce], volumeMode: '', resources: {requests: {storage: 1}}} | volumeMode
core.v1.PersistentVolumeClaimSpec | {accessModes: [ReadWriteOnce]} | resources/requests/storage
core.v1.PersistentVolumeClaimSpec | {accessModes: [ReadWriteOnce], storageClassName: A, resources: {requests: {storage: 1}}} | storageClassName
core.v1.PersistentVolumeSpec | {accessModes: [ReadWriteOnce], capacity: {storage: 1}, nfs: {}, claimRef: {}, nodeAffinity: {}} |
core.v1.PersistentVolumeSpec | {accessModes: [ReadWriteOnce], capacity: {storage: 0}, nfs: {}} | capacity
core.v1.PersistentVolumeSpec | {accessModes: [ReadWriteOnce], capacity: {storage: 1}} | .
core.v1.PersistentVolumeSpec | {accessModes: [ReadWriteOnce], capacity: {storage: 1}, nfs: {}, csi: {}} | .
core.v1.PersistentVolumeSpec | {accessModes: [ReadWriteOnce], capacity: {storage: 1, cpu: 1}, nfs: {}} | capacity
core.v1.PersistentVolumeSpec | {accessModes: [ReadWriteOnce], capacity: {storage: 1}, nfs: {}, storageClassName: A} | storageClassName
core.v1.ResourceQuotaSpec | {hard: {cpu: 1, memory: 1, requests.cpu: 1, limits.memory: 1, requests.storage: 1, requests.ephemeral-storage: 1, x.io/gpu: 1, requests.hugepages-2Mi: 1}} |
core.v1.ResourceQuotaSpec | {hard: {pods: 0, resourcequotas: 1, services: 1, replicationcontrollers: 1, secrets: 1, configmaps: 1, persistentvolumeclaims: 1, services.nodeports: 1, services.loadbalancers: 1}} |
core.v1.ResourceQuotaSpec | {hard: {pods: 500m}} | hard/pods
core.v1.ResourceQuotaSpec | {hard: {x.io/gpu: 500m}} | hard/x.io/gpu
core.v1.ResourceQuotaSpec | {hard: {cpu: 500m}} |
core.v1.ResourceQuotaSpec | {hard: {cpu: -1}} | hard/cpu
core.v1.ResourceQuotaSpec | {hard: {storage: 1}} | hard/storage
core.v1.ResourceQuotaSpec | {hard: {deployments: 1}} | hard/deployments
core.v1.LimitRangeSpec | {limits: [{type: Pod, max: {cpu: 1}}, {type: Container, default: {cpu: 1}}, {type: PersistentVolumeClaim, max: {storage: 1}}, {type: x.io/y}]} |
core.v1.LimitRangeSpec | {limits: [{type: Other}]} | limits/0/type
core.v1.LimitRangeSpec | {limits: [{type: Pod}, {type: Pod}]} | limits/1/type
core.v1.LimitRangeSpec | {limits: [{type: Container, min: {cpu: 2}, max: {cpu: 1}}]} | limits/0/min/cpu
core.v1.LimitRangeSpec | {limits: [{type: Container, min: {cpu: 2}, defaultRequest: {cpu: 1}}]} | limits/0/min/cpu
core.v1.LimitRangeSpec | {limits: [{type: Container, min: {cpu: 2}, default: {cpu: 1}}]} | limits/0/min/cpu
core.v1.LimitRangeSpec | {limits: [{type: Container, defaultRequest: {cpu: 2}, default: {cpu: 1}}]} | limits/0/defaultRequest/cpu
core.v1.LimitRangeSpec | {limits: [{type: Container, defaultRequest: {cpu: 2}, max: {cpu: 1}}]} | limits/0/defaultRequest/cpu
core.v1.LimitRangeSpec | {limits: [{type: Container, default: {cpu: 2}, max: {cpu: 1}}]} | limits/0/default/cpu
core.v1.LimitRangeSpec | {limits: [{type: Container, default: {cpu: 1}, max: {cpu: 1}, min: {cpu: 1}}]} |
core.v1.LimitRangeSpec | {limits: [{type: Pod, default: {cpu: 1}}]} | limits/0/default
core.v1.LimitRangeSpec | {limits: [{type: Pod, defaultRequest: {cpu: 1}}]} | limits/0/defaultRequest
core.v1.LimitRangeSpec | {limits: [{type: Container, min: {disk: 1}}]} | limits/0/min/disk
core.v1.LimitRangeSpec | {limits: [{type: Container, min: {storage: 1}}]} | limits/0/min/storage
core.v1.LimitRangeSpec | {limits: [{type: PersistentVolumeClaim, min: {x.io/y: 1}}]} |
autoscaling.v2.HorizontalPodAutoscalerSpec | {maxReplicas: 1} |
autoscaling.v2.HorizontalPodAutoscalerSpec | {minReplicas: 0, maxReplicas: 0} | maxReplicas
core.v1.LimitRangeSpec | {limits: [{type: Pod, max: {storage: 1}}]} | limits/0/max/storage
core.v1.LimitRangeSpec | {limits: [{type: PersistentVolumeClaim, max: {disk: 1}}]} | limits/0/max/disk
policy.v1.PodDisruptionBudgetSpec | {minAvailable: 100%} |
policy.v1.PodDisruptionBudgetSpec | {maxUnavailable: 0} |
policy.v1.PodDisruptionBudgetSpec | {minAvailable: 101%} | minAvailable
policy.v1.PodDisruptionBudgetSpec | {maxUnavailable: -1} | maxUnavailable
policy.v1.PodDisruptionBudgetSpec | {minAvailable: 1, maxUnavailable: 1} | .
autoscaling.v2.HorizontalPodAutoscaler | {} | spec
autoscaling.v2.HorizontalPodAutoscalerSpec | {minReplicas: 0, maxReplicas: 1} |
autoscaling.v2.HorizontalPodAutoscalerSpec | {minReplicas: 2, maxReplicas: 2} |
autoscaling.v2.HorizontalPodAutoscalerSpec | {minReplicas: 3, maxReplicas: 2} | maxReplicas
autoscaling.v2.HorizontalPodAutoscalerSpec | {minReplicas: -1, maxReplicas: 2} | minReplicas
autoscaling.v2.CrossVersionObjectReference | {kind: A} | name
autoscaling.v2.CrossVersionObjectReference | {name: a} | kind
autoscaling.v2.MetricSpec | {type: Resource, resource: {}} |
autoscaling.v2.MetricSpec | {type: ContainerResource, containerResource: {}} |
autoscaling.v2.MetricSpec | {type: Resource} | resource
autoscaling.v2.MetricSpec | {type: Pods, pods: {}, resource: {}} | resource
autoscaling.v2.MetricSpec | {type: Resource, resource: {}, object: {}} | object
autoscaling.v2.MetricSpec | {type: Resource, resource: {}, pods: {}} | pods
autoscaling.v2.MetricSpec | {type: Resource, resource: {}, containerResource: {}} | containerResource
autoscaling.v2.MetricSpec | {type: Resource, resource: {}, external: {}} | external
autoscaling.v2.ResourceMetricSource | {name: cpu, target: {averageUtilization: 1}} |
autoscaling.v2.ResourceMetricSource | {name: cpu, target: {averageValue: 1}} |
autoscaling.v2.ResourceMetricSource | {name: cpu, target: {value: 1}} | target/averageUtilization
autoscaling.v2.ResourceMetricSource | {target: {averageValue: 1}} | name
autoscaling.v2.ContainerResourceMetricSource | {name: cpu, container: c, target: {averageValue: 1}} |
autoscaling.v2.ContainerResourceMetricSource | {name: cpu, target: {averageValue: 1}} | container
autoscaling.v2.ContainerResourceMetricSource | {name: cpu, container: C, target: {averageValue: 1}} | container
autoscaling.v2.ContainerResourceMetricSource | {name: disk, container: c, target: {averageValue: 1}} | name
autoscaling.v2.MetricTarget | {averageUtilization: 1, averageValue: 1, value: 1} |
autoscaling.v2.MetricTarget | {averageUtilization: 0} | averageUtilization
autoscaling.v2.MetricTarget | {averageValue: 0} | averageValue
autoscaling.v2.MetricTarget | {value: 0} | value
autoscaling.v2.HPAScalingRules | {policies: [{}], stabilizationWindowSeconds: 3600, selectPolicy: Max} |
autoscaling.v2.HPAScalingRules | {policies: []} | policies
autoscaling.v2.HPAScalingRules | {stabilizationWindowSeconds: 3601} | stabilizationWindowSeconds
autoscaling.v2.HPAScalingRules | {stabilizationWindowSeconds: -1} | stabilizationWindowSeconds
autoscaling.v2.HPAScalingRules | {selectPolicy: Min, stabilizationWindowSeconds: 0} |
autoscaling.v2.HPAScalingRules | {selectPolicy: Disabled} |
autoscaling.v2.HPAScalingRules | {selectPolicy: ''} | selectPolicy
autoscaling.v2.HPAScalingPolicy | {type: Pods, value: 1, periodSeconds: 1} |
autoscaling.v2.HPAScalingPolicy | {type: Percent, value: 1, periodSeconds: 1800} |
autoscaling.v2.HPAScalingPolicy | {type: '', value: 1, periodSeconds: 1} | type
autoscaling.v2.HPAScalingPolicy | {type: Pods, value: 0, periodSeconds: 1} | value
autoscaling.v2.HPAScalingPolicy | {type: Pods, value: 1, periodSeconds: 0} | periodSeconds
autoscaling.v2.HPAScalingPolicy | {type: Pods, value: 1, periodSeconds: 1801} | periodSeconds
""")
NETWORK = rows("""
core.v1.Service | {} | spec
networking.v1.Ingress | {} | spec
networking.v1.IngressClass | {} | spec
core.v1.ClientIPConfig | {timeoutSeconds: 1} |
core.v1.ClientIPConfig | {timeoutSeconds: 0} | timeoutSeconds
core.v1.ClientIPConfig | {timeoutSeconds: 86400} |
core.v1.ClientIPConfig | {timeoutSeconds: 86401} | timeoutSeconds
core.v1.TypedLocalObjectReference | {kind: A, name: a, apiGroup: ''} | apiGroup
core.v1.TypedLocalObjectReference | {kind: A, apiGroup: a} | name
core.v1.TypedLocalObjectReference | {name: a} | kind
networking.v1.IngressClassSpec | {controller: a.b/c} |
networking.v1.IngressClassSpec | {controller: a.b} | controller
networking.v1.IngressClassSpec | {controller: A/b} | controller
networking.v1.IngressClassSpec | {} | controller
networking.v1.IngressRule | {host: 5} |
networking.v1.IngressRule | {host: '*'} | host
networking.v1.IngressRule | {host: '*.'} | host
networking.v1.IngressRule | {host: a.*} | host
networking.v1.IPBlock | {cidr: 10.0.0.1/8} |
networking.v1.ServiceBackendPort | {name: a, number: 0} |
scheduling.v1.PriorityClass | {value: -2147483648} |
scheduling.v1.PriorityClass | {value: -2147483649} | value
networking.v1.IngressClassParametersReference | {kind: A, name: a, apiGroup: ''} | apiGroup
networking.v1.IngressClassParametersReference | {kind: A} | name
networking.v1.IngressClassParametersReference | {name: a} | kind
core.v1.ServiceSpec | {ports: [{port: 1}], selector: {a: b}, loadBalancerSourceRanges: [10.0.0.0/8]} |
core.v1.ServiceSpec | {} | ports
core.v1.ServiceSpec | {clusterIP: None} |
core.v1.ServiceSpec | {type: ExternalName, externalName: a.b} |
core.v1.ServiceSpec | {type: ExternalName} | externalName
core.v1.ServiceSpec | {type: ExternalName, externalName: A} | externalName
core.v1.ServiceSpec | {ports: [{name: a}, {name: b}]} |
core.v1.ServiceSpec | {ports: [{name: a}, {}]} | ports/1/name
core.v1.ServiceSpec | {ports: [{}, {}]} | ports/0/name & ports/1/name
core.v1.ServiceSpec | {ports: [{name: a}, {name: a}]} | ports/1/name
core.v1.ServiceSpec | {ports: [{nodePort: 1}]} | ports/0/nodePort
core.v1.ServiceSpec | {type: ClusterIP, ports: [{nodePort: 1}]} | ports/0/nodePort
core.v1.ServiceSpec | {type: '', ports: [{nodePort: 1}]} | ports/0/nodePort
core.v1.ServiceSpec | {type: NodePort, ports: [{nodePort: 1}]} |
core.v1.ServiceSpec | {ports: [{}], clusterIP: 10.0.0.1} |
core.v1.ServiceSpec | {ports: [{}], clusterIP: ten} | clusterIP
core.v1.ServiceSpec | {ports: [{}], clusterIP: ''} |
core.v1.ServiceSpec | {type: NodePort, ports: [{}], clusterIP: None} | clusterIP
core.v1.ServiceSpec | {type: LoadBalancer, ports: [{}], clusterIP: None} | clusterIP
core.v1.ServiceSpec | {type: ClusterIP, ports: [{}], clusterIP: None} |
core.v1.ServiceSpec | {ports: [{}], selector: {a: b c}} | selector/a
core.v1.ServiceSpec | {ports: [{}], loadBalancerSourceRanges: [10.0.0.0]} | loadBalancerSourceRanges
core.v1.ServicePort | {port: 1, targetPort: http, name: a, nodePort: 0, appProtocol: x.io/y} |
core.v1.ServicePort | {port: 65535, targetPort: 65535, nodePort: 65535} |
core.v1.ServicePort | {port: 0} | port
core.v1.ServicePort | {port: 65536} | port
core.v1.ServicePort | {port: 1, targetPort: 0} | targetPort
core.v1.ServicePort | {port: 1, targetPort: HTTP} | targetPort
core.v1.ServicePort | {port: 1, name: A} | name
core.v1.ServicePort | {port: 1, nodePort: 65536} | nodePort
core.v1.ServicePort | {port: 1, appProtocol: ''} | appProtocol
networking.v1.IngressSpec | {rules: [{}], ingressClassName: a} |
networking.v1.IngressSpec | {defaultBackend: {}} |
networking.v1.IngressSpec | {rules: []} | .
networking.v1.IngressSpec | {rules: [{}], ingressClassName: ''} | ingressClassName
networking.v1.IngressRule | {host: '*.a.b'} |
networking.v1.IngressRule | {host: a.b} |
networking.v1.IngressRule | {host: '*'} | host
networking.v1.IngressRule | {host: 10.0.0.1} | host
networking.v1.IngressRule | {host: a.*} | host
networking.v1.IngressTLS | {secretName: A} | secretName
networking.v1.HTTPIngressRuleValue | {} | paths
networking.v1.HTTPIngressPath | {path: /, pathType: Prefix} |
networking.v1.HTTPIngressPath | {path: a, pathType: Prefix} | path
networking.v1.HTTPIngressPath | {pathType: Exact} | path
networking.v1.HTTPIngressPath | {pathType: ImplementationSpecific} |
networking.v1.HTTPIngressPath | {path: a, pathType: ImplementationSpecific} | path
networking.v1.HTTPIngressPath | {path: /a//b, pathType: ImplementationSpecific} |
networking.v1.HTTPIngressPath | {path: /a//b, pathType: Exact} | path
networking.v1.HTTPIngressPath | {path: /a/./b, pathType: Exact} | path
networking.v1.HTTPIngressPath | {path: /a/../b, pathType: Exact} | path
networking.v1.HTTPIngressPath | {path: /a%2fb, pathType: Exact} | path
networking.v1.HTTPIngressPath | {path: /a%2Fb, pathType: Exact} | path
networking.v1.HTTPIngressPath | {path: /a/.., pathType: Exact} | path
networking.v1.HTTPIngressPath | {path: /a/., pathType: Exact} | path
networking.v1.IngressBackend | {service: {}} |
networking.v1.IngressBackend | {resource: {}} |
networking.v1.IngressBackend | {service: {}, resource: {}} | .
networking.v1.IngressBackend | {} | .
networking.v1.IngressServiceBackend | {name: a, port: {name: b}} |
networking.v1.IngressServiceBackend | {name: a, port: {number: 1}} |
networking.v1.IngressServiceBackend | {name: a, port: {number: 1, name: b}} | port
networking.v1.IngressServiceBackend | {name: a} | port
networking.v1.IngressServiceBackend | {name: A, port: {number: 1}} | name
networking.v1.IngressServiceBackend | {port: {number: 1}} | name
networking.v1.ServiceBackendPort | {number: 65535} |
networking.v1.ServiceBackendPort | {number: 65536} | number
networking.v1.ServiceBackendPort | {name: '1'} | name
networking.v1.NetworkPolicyPort | {port: 1, endPort: 1} |
networking.v1.NetworkPolicyPort | {port: 1, endPort: 65535} |
networking.v1.NetworkPolicyPort | {port: 2, endPort: 1} | endPort
networking.v1.NetworkPolicyPort | {port: 1, endPort: 65536} | endPort
networking.v1.NetworkPolicyPort | {port: http, endPort: 1} | endPort
networking.v1.NetworkPolicyPort | {port: ''} | port
networking.v1.NetworkPolicyPeer | {podSelector: {}, namespaceSelector: {}} |
networking.v1.NetworkPolicyPeer | {ipBlock: {}} |
networking.v1.NetworkPolicyPeer | {ipBlock: {}, podSelector: {}} | .
networking.v1.NetworkPolicyPeer | {ipBlock: {}, namespaceSelector: {}} | .
networking.v1.NetworkPolicyPeer | {} | .
networking.v1.IPBlock | {cidr: 10.0.0.0/8, except: [10.1.0.0/16]} |
networking.v1.IPBlock | {cidr: 10.0.0.0} | cidr
networking.v1.IPBlock | {cidr: ten/8} | cidr
networking.v1.IPBlock | {cidr: 10.0.0.0/8, except: [10.1.0.0/16, 11.0.0.0/16]} | except/1
networking.v1.IPBlock | {cidr: 10.0.0.0/8, except: [10.0.0.0/8]} | except/0
networking.v1.IPBlock | {cidr: 10.0.0.0/8, except: ['fd00::/8']} | except/0
networking.v1.IPBlock | {cidr: 10.0.0.0/8, except: [x]} | except/0
networking.v1.NetworkPolicySpec | {policyTypes: [Ingress, Egress]} |
networking.v1.NetworkPolicySpec | {policyTypes: [Both]} | policyTypes
networking.v1.NetworkPolicySpec | {policyTypes: [Ingress, Egress, Ingress]} | policyTypes
""")
OBJECTS = rows("""
core.v1.ConfigMap | {data: {a.b-c_D: x}, binaryData: {a: x}} |
core.v1.ConfigMap | {data: {a b: x}} | data/a b
core.v1.ConfigMap | {binaryData: {a/b: x}} | binaryData/a/b
core.v1.Secret | {stringData: {..a: x}} | stringData/..a
core.v1.Secret | {data: {a b: x}} | data/a b
core.v1.Secret | {type: kubernetes.io/tls, data: {tls.crt: a}, stringData: {tls.key: b}} |
core.v1.Secret | {type: kubernetes.io/tls, data: {tls.crt: a}} | data/tls.key
core.v1.Secret | {type: kubernetes.io/tls, data: {tls.key: a}} | data/tls.crt
core.v1.Secret | {type: kubernetes.io/dockerconfigjson} | data/.dockerconfigjson
core.v1.Secret | {type: kubernetes.io/dockercfg} | data/.dockercfg
core.v1.Secret | {type: kubernetes.io/ssh-auth} | data/ssh-privatekey
core.v1.Secret | {type: Opaque} |
core.v1.Namespace | {metadata: {labels: {pod-security.kubernetes.io/enforce: baseline, pod-security.kubernetes.io/audit: restricted, pod-security.kubernetes.io/warn: privileged, pod-security.kubernetes.io/enforce-version: latest}}} |
core.v1.Namespace | {metadata: {labels: {pod-security.kubernetes.io/enforce: high}}} | metadata/labels/pod-security.kubernetes.io/enforce
core.v1.Namespace | {metadata: {labels: {pod-security.kubernetes.io/audit: high}}} | metadata/labels/pod-security.kubernetes.io/audit
core.v1.Namespace | {metadata: {labels: {pod-security.kubernetes.io/warn: latest}}} | metadata/labels/pod-security.kubernetes.io/warn
core.v1.Namespace | {metadata: {labels: {pod-security.kubernetes.io/warn-version: v1.30, pod-security.kubernetes.io/audit-version: v1.0}}} |
core.v1.Namespace | {metadata: {labels: {pod-security.kubernetes.io/warn-version: baseline}}} | metadata/labels/pod-security.kubernetes.io/warn-version
core.v1.Namespace | {metadata: {labels: {pod-security.kubernetes.io/other: x}}} |
scheduling.v1.PriorityClass | {metadata: {name: system-node-critical}, value: 1000000000, preemptionPolicy: Never} |
scheduling.v1.PriorityClass | {metadata: {name: system-cluster-critical}, value: -2147483648, preemptionPolicy: PreemptLowerPriority} |
scheduling.v1.PriorityClass | {metadata: {name: system-mine}, value: 1} | metadata/name
scheduling.v1.PriorityClass | {metadata: {name: a}, value: 1000000001} | value
scheduling.v1.PriorityClass | {metadata: {name: a}, value: 1, preemptionPolicy: ''} | preemptionPolicy
meta.v1.LabelSelector | {matchLabels: {a: b c}} | matchLabels/a
meta.v1.LabelSelectorRequirement | {key: a, operator: In, values: [b]} |
meta.v1.LabelSelectorRequirement | {key: a, operator: NotIn} | values
meta.v1.LabelSelectorRequirement | {key: a, operator: In, values: []} | values
meta.v1.LabelSelectorRequirement | {key: a, operator: Exists, values: [b]} | values
meta.v1.LabelSelectorRequirement | {key: a, operator: DoesNotExist} |
meta.v1.LabelSelectorRequirement | {key: a, operator: Gt} | operator
meta.v1.LabelSelectorRequirement | {key: '', operator: Exists} | key
storage.v1.StorageClass | {provisioner: x.io/y} |
storage.v1.StorageClass | {} | provisioner
storage.v1.StorageClass | {provisioner: a b} | provisioner
admissionregistration.v1.ValidatingAdmissionPolicy | {} | spec
admissionregistration.v1.ValidatingAdmissionPolicyBinding | {} | spec
admissionregistration.v1.ValidatingAdmissionPolicySpec | {matchConstraints: {resourceRules: [{}]}, validations: [{}]} |
admissionregistration.v1.ValidatingAdmissionPolicySpec | {matchConstraints: {resourceRules: [{}]}, auditAnnotations: [{}]} |
admissionregistration.v1.ValidatingAdmissionPolicySpec | {matchConstraints: {resourceRules: [{}]}} | validations
admissionregistration.v1.ValidatingAdmissionPolicySpec | {matchConstraints: {x: y}, validations: [{}]} | matchConstraints/resourceRules
admissionregistration.v1.RuleWithOperations | {apiGroups: [''], apiVersions: [v1], resources: [pods], operations: [CREATE, UPDATE, DELETE, CONNECT, '*']} |
admissionregistration.v1.RuleWithOperations | {apiGroups: [''], apiVersions: [v1], resources: [pods], operations: [READ]} | operations
admissionregistration.v1.NamedRuleWithOperations | {apiVersions: [v1], resources: [pods], operations: [CREATE]} | apiGroups
admissionregistration.v1.NamedRuleWithOperations | {apiGroups: [''], resources: [pods], operations: [CREATE]} | apiVersions
admissionregistration.v1.NamedRuleWithOperations | {apiGroups: [''], apiVersions: [v1], operations: [CREATE]} | resources
admissionregistration.v1.NamedRuleWithOperations | {apiGroups: [''], apiVersions: [v1], resources: [pods]} | operations
admissionregistration.v1.Validation | {expression: a, reason: Forbidden} |
admissionregistration.v1.Validation | {expression: a, reason: Unauthorized} |
admissionregistration.v1.Validation | {expression: a, reason: Invalid} |
admissionregistration.v1.Validation | {expression: a, reason: RequestEntityTooLarge} |
admissionregistration.v1.Validation | {expression: a, reason: ''} | reason
admissionregistration.v1.Validation | {} | expression
admissionregistration.v1.MatchCondition | {name: a} | expression
admissionregistration.v1.MatchCondition | {expression: a} | name
admissionregistration.v1.Variable | {name: a} | expression
admissionregistration.v1.Variable | {expression: a} | name
admissionregistration.v1.ValidatingAdmissionPolicyBindingSpec | {policyName: a, validationActions: [Deny, Warn, Audit]} |
admissionregistration.v1.ValidatingAdmissionPolicyBindingSpec | {policyName: A, validationActions: [Deny]} | policyName
admissionregistration.v1.ValidatingAdmissionPolicyBindingSpec | {policyName: a, validationActions: [Log]} | validationActions
admissionregistration.v1.ValidatingAdmissionPolicyBindingSpec | {policyName: a} | validationActions
admissionregistration.v1.WebhookClientConfig | {url: a} |
admissionregistration.v1.WebhookClientConfig | {service: {}} |
admissionregistration.v1.WebhookClientConfig | {} | .
admissionregistration.v1.ServiceReference | {name: a, namespace: b, port: 1, path: /x} |
admissionregistration.v1.ServiceReference | {name: a, namespace: b, port: 65535} |
admissionregistration.v1.ServiceReference | {name: a, namespace: b, port: 0} | port
admissionregistration.v1.ServiceReference | {name: a, namespace: b, port: 65536} | port
admissionregistration.v1.ServiceReference | {name: a, namespace: b, path: x} | path
admissionregistration.v1.ServiceReference | {name: a} | namespace
admissionregistration.v1.ServiceReference | {namespace: a} | name
admissionregistration.v1.ValidatingWebhook | {name: a.b.c, sideEffects: None, admissionReviewVersions: [v1], timeoutSeconds: 1} |
admissionregistration.v1.ValidatingWebhook | {name: a.b.c, sideEffects: NoneOnDryRun, admissionReviewVersions: [v2, v1beta1], timeoutSeconds: 30} |
admissionregistration.v1.MutatingWebhook | {name: a.b.c, sideEffects: '', admissionReviewVersions: [v1]} | sideEffects
admissionregistration.v1.MutatingWebhook | {name: a.b, sideEffects: None, admissionReviewVersions: [v1]} | name
admissionregistration.v1.MutatingWebhook | {name: a.b.c, sideEffects: Some, admissionReviewVersions: [v1]} | sideEffects
admissionregistration.v1.MutatingWebhook | {name: a.b.c, sideEffects: None, admissionReviewVersions: [v2]} | admissionReviewVersions
admissionregistration.v1.MutatingWebhook | {name: a.b.c, sideEffects: None, admissionReviewVersions: [v1], timeoutSeconds: 0} | timeoutSeconds
admissionregistration.v1.MutatingWebhook | {name: a.b.c, sideEffects: None, admissionReviewVersions: [v1], timeoutSeconds: 31} | timeoutSeconds
""")
WORKLOADS = rows("""
core.v1.Pod | {} | spec
core.v1.PodTemplateSpec | {} | spec
core.v1.PodTemplateSpec | {spec: {containers: [{}]}, metadata: {labels: {a: b c}}} | metadata/labels/a
core.v1.ReplicationController | {} | spec
apps.v1.ReplicaSet | {} | spec
apps.v1.Deployment | {} | spec
apps.v1.DaemonSet | {} | spec
apps.v1.StatefulSet | {} | spec
core.v1.Pod | {spec: {volumes: [{name: v}], containers: [{name: c, volumeMounts: [{name: v, mountPath: /a}, {name: v, mountPath: /b}], volumeDevices: [{name: v}]}]}} |
core.v1.Pod | {spec: {volumes: [{name: v}], containers: [{name: c, volumeMounts: [{name: v, mountPath: /a}, {name: v, mountPath: /a}]}]}} | spec/containers/0/volumeMounts/1/mountPath
core.v1.Pod | {spec: {containers: [{name: c, volumeDevices: [{name: v}]}]}} | spec/containers/0/volumeDevices/0/name
core.v1.Pod | {spec: {initContainers: [{name: c, volumeMounts: [{name: v, mountPath: /a}]}]}} | spec/initContainers/0/volumeMounts/0/name
apps.v1.DeploymentSpec | {selector: {matchLabels: {a: b}}, template: {metadata: {labels: {a: b, c: d}}}, replicas: 0, minReadySeconds: 0, revisionHistoryLimit: 0} |
apps.v1.DeploymentSpec | {selector: {matchExpressions: [{key: a, operator: Exists}]}, template: {metadata: {labels: {a: b}}}} |
apps.v1.DeploymentSpec | {selector: {}, template: {metadata: {labels: {a: b}}}} | selector
apps.v1.DeploymentSpec | {selector: {matchLabels: {a: b}}, template: {metadata: {labels: {a: c}}}} | template/metadata/labels
apps.v1.DeploymentSpec | {selector: {matchLabels: {a: b}}, template: {metadata: {labels: {a: b}}}, replicas: -1} | replicas
apps.v1.DeploymentSpec | {selector: {matchLabels: {a: b}}, template: {metadata: {labels: {a: b}}}, minReadySeconds: -1} | minReadySeconds
apps.v1.DeploymentSpec | {selector: {matchLabels: {a: b}}, template: {metadata: {labels: {a: b}}}, revisionHistoryLimit: -1} | revisionHistoryLimit
apps.v1.DeploymentSpec | {selector: {matchLabels: {a: b}}, template: {metadata: {labels: {a: b}}}, minReadySeconds: 599} |
apps.v1.DeploymentSpec | {selector: {matchLabels: {a: b}}, template: {metadata: {labels: {a: b}}}, minReadySeconds: 600} | progressDeadlineSeconds
apps.v1.DeploymentSpec | {selector: {matchLabels: {a: b}}, template: {metadata: {labels: {a: b}}}, minReadySeconds: 5, progressDeadlineSeconds: 6} |
apps.v1.DeploymentSpec | {selector: {matchLabels: {a: b}}, template: {metadata: {labels: {a: b}}}, progressDeadlineSeconds: 0} | progressDeadlineSeconds
apps.v1.ReplicaSetSpec | {selector: {matchLabels: {a: b}}, template: {metadata: {labels: {a: b}}, spec: {restartPolicy: Never}}} | template/spec/restartPolicy
apps.v1.ReplicaSetSpec | {selector: {matchLabels: {a: b}}, template: {metadata: {labels: {a: b}}, spec: {restartPolicy: Always}}} |
apps.v1.ReplicaSetSpec | {selector: {matchLabels: {a: b}}, template: {metadata: {labels: {a: b}}, spec: {restartPolicy: ''}}} |
apps.v1.DaemonSetSpec | {selector: {matchLabels: {a: b}}, template: {metadata: {labels: {a: b}}, spec: {activeDeadlineSeconds: 1}}} | template/spec/activeDeadlineSeconds
apps.v1.DaemonSetSpec | {selector: {matchLabels: {a: b}}, template: {metadata: {labels: {a: b}}, spec: {containers: [{name: c, volumeMounts: [{name: v, mountPath: /a}]}]}}} | template/spec/containers/0/volumeMounts/0/name
core.v1.ReplicationControllerSpec | {selector: {a: b}, template: {metadata: {labels: {a: b}}}} |
core.v1.ReplicationControllerSpec | {selector: {a: b}, template: {metadata: {labels: {c: b}}}} | template/metadata/labels
core.v1.ReplicationControllerSpec | {selector: {a: b}, template: {}} | template/metadata/labels
apps.v1.ReplicaSetSpec | {selector: {matchLabels: {a: b}}, template: {}} | template/metadata/labels
apps.v1.DeploymentSpec | {selector: {matchLabels: {a: b}}, template: {metadata: {labels: {a: b}}}, progressDeadlineSeconds: 1} |
apps.v1.RollingUpdateDeployment | {maxUnavailable: abc, maxSurge: -1} | maxSurge
apps.v1.StatefulSetSpec | {selector: {matchLabels: {a: b}}, volumeClaimTemplates: [{metadata: {name: v}}], template: {metadata: {labels: {a: b}}, spec: {containers: [{name: c, volumeMounts: [{name: v, mountPath: /a}]}]}}} |
apps.v1.StatefulSetSpec | {selector: {matchLabels: {a: b}}, volumeClaimTemplates: [{metadata: {name: v}}], template: {metadata: {labels: {a: b}}, spec: {containers: [{name: c, volumeMounts: [{name: w, mountPath: /a}]}]}}} | template/spec/containers/0/volumeMounts/0/name
apps.v1.StatefulSetSpec | {selector: {matchLabels: {a: b}}, volumeClaimTemplates: [{metadata: {name: a.b}}], template: {metadata: {labels: {a: b}}}} | volumeClaimTemplates/0/metadata/name
apps.v1.StatefulSetSpec | {selector: {matchLabels: {a: b}}, volumeClaimTemplates: [{metadata: {}}], template: {metadata: {labels: {a: b}}}} | volumeClaimTemplates/0/metadata/name
apps.v1.DeploymentStrategy | {type: Recreate, rollingUpdate: {}} | rollingUpdate
apps.v1.DeploymentStrategy | {type: Recreate} |
apps.v1.DeploymentStrategy | {type: RollingUpdate, rollingUpdate: {}} |
apps.v1.DaemonSetUpdateStrategy | {type: OnDelete, rollingUpdate: {}} | rollingUpdate
apps.v1.StatefulSetUpdateStrategy | {type: OnDelete, rollingUpdate: {}} | rollingUpdate
apps.v1.RollingUpdateDeployment | {} |
apps.v1.RollingUpdateDeployment | {maxUnavailable: 0, maxSurge: 1} |
apps.v1.RollingUpdateDeployment | {maxUnavailable: 100%, maxSurge: 200%} |
apps.v1.RollingUpdateDeployment | {maxUnavailable: 101%} | maxUnavailable
apps.v1.RollingUpdateDeployment | {maxUnavailable: -1} | maxUnavailable
apps.v1.RollingUpdateDeployment | {maxSurge: -1} | maxSurge
apps.v1.RollingUpdateDeployment | {maxUnavailable: 0, maxSurge: 0} | maxUnavailable
apps.v1.RollingUpdateDaemonSet | {} |
apps.v1.RollingUpdateDaemonSet | {maxUnavailable: 0, maxSurge: 1} |
apps.v1.RollingUpdateDaemonSet | {maxSurge: 1} | maxSurge
apps.v1.RollingUpdateDaemonSet | {maxUnavailable: 0, maxSurge: 101%} | maxSurge
apps.v1.RollingUpdateDaemonSet | {maxUnavailable: 0} | maxUnavailable
apps.v1.RollingUpdateStatefulSetStrategy | {partition: 0, maxUnavailable: 1} |
apps.v1.RollingUpdateStatefulSetStrategy | {partition: -1} | partition
apps.v1.RollingUpdateStatefulSetStrategy | {maxUnavailable: 0} | maxUnavailable
apps.v1.StatefulSetPersistentVolumeClaimRetentionPolicy | {whenDeleted: Retain, whenScaled: Delete} |
apps.v1.StatefulSetPersistentVolumeClaimRetentionPolicy | {whenDeleted: Delete, whenScaled: Retain} |
apps.v1.StatefulSetPersistentVolumeClaimRetentionPolicy | {whenDeleted: Keep} | whenDeleted
apps.v1.StatefulSetPersistentVolumeClaimRetentionPolicy | {whenScaled: Keep} | whenScaled
""")


@pytest.mark.parametrize(
    ("definition", "text", "places"), [*PODS, *VOLUMES, *JOBS, *ACCESS, *AMOUNTS, *NETWORK, *OBJECTS, *WORKLOADS]
)
def test_a_clause(definition: str, text: str, places: list[str]) -> None:
    """The value at its edge passes; one step beyond is refused at its place."""
    assert refused(definition, text) == places


@pytest.mark.parametrize(
    "name",
    [
        "PersistentVolumeSpec",
        "EnvVarSource",
        "EnvFromSource",
        "Probe",
        "LifecycleHandler",
        "DownwardAPIVolumeFile",
        "Volume",
    ],
)
def test_exactly_one_of_several(name: str) -> None:
    """None is refused, and so are two."""
    two = {"EnvVarSource": "{fieldRef: {}, secretKeyRef: {}}", "EnvFromSource": "{secretRef: {}, configMapRef: {}}", "Probe": "{exec: {}, grpc: {}}",
           "LifecycleHandler": "{exec: {}, sleep: {}}", "DownwardAPIVolumeFile": "{path: a, fieldRef: {}, resourceFieldRef: {}}",
           "Volume": "{name: a, emptyDir: {}, hostPath: {}}", "PersistentVolumeSpec": "{accessModes: [x], capacity: {storage: 1}, nfs: {}, csi: {}}"}  # fmt: skip
    none = {
        "DownwardAPIVolumeFile": "{path: a}",
        "PersistentVolumeSpec": "{accessModes: [ReadWriteOnce], capacity: {storage: 1}}",
    }
    (both,) = seen(f"core.v1.{name}", two[name])
    assert sorted(both.split(", ")) == sorted(re.findall(r"(\w+): {}", two[name]))
    if name != "Volume":
        assert seen(f"core.v1.{name}", none.get(name, "{}")) == ["none"]


@pytest.mark.parametrize(
    ("job", "places"),
    [
        (f"{{spec: {{x: y}}, metadata: {{name: {'a' * 63}}}}}", []), (f"{{spec: {{x: y}}, metadata: {{name: {'a' * 64}}}}}", ["metadata/name"]),
        (f"{{spec: {{completionMode: Indexed, completions: 10}}, metadata: {{name: {'a' * 61}}}}}", []),
        (f"{{spec: {{completionMode: Indexed, completions: 11}}, metadata: {{name: {'a' * 61}}}}}", ["metadata/name"]),
        (f"{{spec: {{completions: 11}}, metadata: {{name: {'a' * 61}}}}}", []), ("{spec: {completionMode: Indexed}, metadata: {name: a.b}}", ["metadata/name"]),
    ],
)  # fmt: skip
def test_the_name_of_a_job(job: str, places: list[str]) -> None:
    """It becomes a label; an Indexed Job's pods add their number to it."""
    assert refused("batch.v1.Job", job) == places


def test_what_pod_security_would_take() -> None:
    """Of a level the levels, of a version the versions."""
    labels = {"pod-security.kubernetes.io/enforce": "high", "pod-security.kubernetes.io/enforce-version": "high"}
    level, version = judged("core.v1.Namespace", {"metadata": {"labels": labels}})
    assert level.expected == "privileged, baseline, restricted"
    assert version.expected == "latest or v1.N"


def test_what_is_scaled_is_of_a_group() -> None:
    """What is written is shown, and that nothing is."""
    clause = SINCE["autoscaling.v2.CrossVersionObjectReference"][1]
    for target, found in (({"apiVersion": "v1"}, "v1"), ({}, "absent")):
        problems: list[Problem] = []
        clause(target, (), problems)
        assert [(problem.path, problem.observed) for problem in problems] == [(("apiVersion",), found)]


def test_the_name_of_a_cron_job() -> None:
    """Its Jobs add eleven characters."""
    assert refused("batch.v1.CronJob", f"{{spec: {{x: y}}, metadata: {{name: {'a' * 52}}}}}") == []
    assert refused("batch.v1.CronJob", f"{{spec: {{x: y}}, metadata: {{name: {'a' * 53}}}}}") == ["metadata/name"]


PROFILES = [
    ("container.apparmor.security.beta.kubernetes.io/c", "runtime/default", True), ("container.apparmor.security.beta.kubernetes.io/c", "unconfined", True),
    ("container.apparmor.security.beta.kubernetes.io/c", "localhost/x", True), ("container.apparmor.security.beta.kubernetes.io/c", "other", False),
    ("container.apparmor.security.beta.kubernetes.io/c", "", True), ("example.org/x", "other", True),
    *((f"{key}", value, value != "other") for key in ("seccomp.security.alpha.kubernetes.io/pod", "container.seccomp.security.alpha.kubernetes.io/c")
      for value in ("runtime/default", "other")),
    ("seccomp.security.alpha.kubernetes.io/pod", "", False),
]  # fmt: skip


@pytest.mark.parametrize(("key", "profile", "valid"), PROFILES)
def test_profiles_in_annotations(key: str, profile: str, valid: bool) -> None:
    """Older clusters have them there, and the server validates them still."""
    text = f"{{spec: {{containers: [{{}}]}}, metadata: {{annotations: {{{key}: '{profile}'}}}}}}"
    assert refused("core.v1.Pod", text) == ([] if valid else [f"metadata/annotations/{key}"])


@pytest.mark.parametrize(
    ("text", "valid"),
    [
        *((f"0 0 1 {name} *", True) for name in ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]), *((f"0 0 * * {name}", True) for name in ["sun", "mon", "tue", "wed", "thu", "fri", "sat"]),
        ("0 0 1 dec-jan *", False), ("0 0 * * sat-sun", False), ("0 0 * * sun-sat", True), ("0 0 1 jan-dec *", True), ("59 23 31 12 6", True), ("0 0 1 1 0", True),
        ("60 0 1 1 0", False), ("0 24 1 1 0", False), ("0 0 32 1 0", False), ("0 0 0 1 0", False), ("0 0 1 0 0", False), ("0 0 1 13 0", False), ("0 0 1 1 7", False),
        ("*/1 * * * *", True), ("*/0 * * * *", False), ("*/x * * * *", False), ("0/ * * * *", False), ("1,2, * * * *", False), ("-1 * * * *", False), ("sun * * * *", False),
        ("0 0 1 FEB *", True), ("0-0 * * * *", True), ("2-1 * * * *", False), ("00000 * * * *", False), ("@yearly", True), ("@annually", True), ("@monthly", True), ("@weekly", True),
        ("@midnight", True), ("@hourly", True), ("@every 1.5h", True), ("@every 1", False), ("@Daily", False),
    ],
)  # fmt: skip
def test_schedules_at_their_edges(text: str, valid: bool) -> None:
    """Each field's first and last value and each name, as robfig/cron's parser has them."""
    assert schedule(text) is valid
