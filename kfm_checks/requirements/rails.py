"""RAIL: what keeps workloads from harming themselves and others."""

from kfm_checks.requirements.rows import row

ROWS = (
    row(
        "RAIL-01 M R",
        "Namespaces have a quota and a limit range",
        "namespaces-have-quota",
        "namespaces-have-limit-range",
        statement="A ResourceQuota and a LimitRange bound what each namespace can take.",
        why="Without a quota one namespace can starve all others (Kubernetes documentation, Resource Quotas and Limit "
        "Ranges; NSA/CISA Kubernetes Hardening Guide v1.2, Resource policies).",
        remedy="Add a ResourceQuota with CPU, memory and pod counts and a LimitRange to the namespace.",
    ),
    row(
        "RAIL-02 M R",
        "Workloads have liveness and readiness probes",
        "workloads-have-liveness-probe",
        "workloads-have-readiness-probe",
        statement="Every long-running container of a Deployment, StatefulSet or DaemonSet has a liveness and a "
        "readiness probe.",
        why="Without probes a hung process keeps its traffic (Kubernetes documentation, Liveness, Readiness, and "
        "Startup Probes).",
        remedy="Add `livenessProbe` and `readinessProbe` to the container; a startup probe replaces neither.",
    ),
    row(
        "RAIL-03 M R",
        "Containers set CPU and memory requests and limits",
        "containers-set-requests",
        "containers-set-limits",
        statement="Every container, or its pod as a whole, sets requests and limits for CPU and for memory.",
        why="The scheduler places pods by their requests, and the kernel stops them at their limits (Kubernetes "
        "documentation, Resource Management for Pods and Containers).",
        remedy="Set `resources.requests` and `resources.limits` for cpu and memory; a LimitRange's default doesn't "
        "count.",
    ),
    row(
        "RAIL-04 S R",
        "Critical services have a disruption budget",
        "critical-workloads-have-disruption-budget",
        statement="Each critical service has a PodDisruptionBudget that selects its pods and leaves room for one to "
        "go.",
        why="A drained node takes with it what no budget keeps back, and a budget without room blocks the drain "
        "(Kubernetes documentation, Disruptions).",
        remedy="Add a PodDisruptionBudget whose selector matches the pods, with minAvailable below the replica count.",
    ),
    row(
        "RAIL-05 S R",
        "Critical services spread over nodes",
        "critical-workloads-are-spread",
        statement="Each critical service runs two replicas or more, kept apart by anti-affinity or topology spread.",
        why="Two replicas on one node fall together (Kubernetes documentation, Pod Topology Spread Constraints).",
        remedy="Set two replicas or more and a topologySpreadConstraint over kubernetes.io/hostname.",
    ),
    row(
        "RAIL-06 M R",
        "Images are pinned by digest",
        "images-are-not-latest",
        "images-are-pinned-by-digest",
        statement="Every image is named with a digest, and none is `latest` or without a tag.",
        why="A tag can be moved to other content after review; a digest can't (NIST SP 800-190 4.2.2; Kubernetes "
        "documentation, Images: image names).",
        remedy="Write the image as name@sha256:… in the overlay's `images`.",
    ),
    row(
        "RAIL-07 S R",
        "Services use no node port",
        "services-avoid-node-port",
        statement="No Service opens a port on the nodes themselves.",
        why="A node port is open on every node and goes past the gateway (Kubernetes documentation, Service: type "
        "NodePort).",
        remedy="Make the Service a ClusterIP and route to it by Ingress, HTTPRoute or Route.",
    ),
    row(
        "RAIL-08 M R C",
        "Namespaces enforce Pod Security, and pods meet it",
        "namespaces-enforce-pod-security",
        "pods-meet-baseline",
        "pods-meet-restricted",
        live=("namespaces-enforce-pod-security-live", "pods-meet-baseline-live"),
        statement="Every namespace enforces the Pod Security Standards at baseline or stricter, and the pods meet the "
        "level that is enforced.",
        why="Pod Security Admission is the cluster's own last gate against privileged pods (Kubernetes documentation, "
        "Pod Security Admission and Pod Security Standards; CIS Kubernetes Benchmark 5.2).",
        remedy="Label the namespace pod-security.kubernetes.io/enforce: baseline or restricted, and mend the pods "
        "named.",
        advisory=("pods-meet-restricted",),
    ),
    row(
        "RAIL-09 S R C",
        "Admission policies forbid what the rails forbid",
        "admission-policies-are-enforced",
        "objects-pass-admission-policies",
        live=("admission-policies-are-enforced-live",),
        statement="Admission policies that are bound and enforcing refuse what the other rails forbid, and the "
        "rendered objects pass them.",
        why="A rule that only a review knows holds until the next hurry (Kubernetes documentation, Validating "
        "Admission Policy; NSA/CISA Kubernetes Hardening Guide v1.2, admission controllers).",
        remedy="Bind a ValidatingAdmissionPolicy with action Deny, or a Kyverno or Gatekeeper policy that enforces.",
    ),
    row(
        "RAIL-10 S R",
        "Image signatures are verified at admission",
        "image-signatures-are-verified",
        statement="An admission policy verifies the signature of each image before a pod is admitted.",
        why="A digest says which image runs, a signature says who made it (NIST SP 800-190 4.1.5, use of untrusted "
        "images; SLSA v1.0, verifying artifacts).",
        remedy="Add a policy that verifies signatures (Kyverno verifyImages, policy-controller, Ratify) over all "
        "images used.",
    ),
    row(
        "RAIL-11 M R",
        "Service account tokens only where needed",
        "service-account-tokens-are-needed",
        statement="No workload mounts a service account token that it doesn't need, and no default service account has"
        " grants.",
        why="A token in a pod is what an intruder takes first (Kubernetes documentation, Configure Service Accounts "
        "for Pods; CIS Kubernetes Benchmark 5.1.5 and 5.1.6).",
        remedy="Set `automountServiceAccountToken: false` on the pod or its service account; give grants to a service "
        "account of its own.",
        origin="house",
    ),
    row(
        "RAIL-12 S R A",
        "Datastores are backed up",
        "datastores-are-backed-up",
        statement="Every datastore is covered by a backup schedule that says how long backups are kept.",
        why="Replicas copy a deletion at once; only a backup remembers (NIST SP 800-53 CP-9, system backup).",
        remedy="Add a Velero Schedule, the operator's own backup object or a CronJob, with a retention.",
    ),
)
