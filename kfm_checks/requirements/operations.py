"""OPS: what an operator must be able to do and to see."""

from kfm_checks.requirements.rows import row

ROWS = (
    row(
        "OPS-01 M R",
        "The overlay renders the same everywhere",
        "render-is-reproducible",
        statement="kustomize's own binary and kubectl render the overlay locally to the same objects.",
        why="A preview is worth something only if the cluster gets the same (Kubernetes documentation, Declarative "
        "Management Using Kustomize).",
        remedy="Drop what only one of the two supports, and pin their versions; give the second renderer by "
        "`--kustomize`.",
    ),
    row(
        "OPS-02 M C",
        "Ingress serves the expected hosts",
        "ingress-serves-hosts",
        statement="The cluster's ingress has an address and serves each host that the overlay declares.",
        why="An Ingress object without a controller serves nobody (Kubernetes documentation, Ingress Controllers).",
        remedy="Look at the ingress controller, the DNS record and the certificate of the host named.",
    ),
    row(
        "OPS-03 M C",
        "Datastores are not exposed in the live cluster",
        "live-datastores-are-private",
        statement="No Service, route or host port of the live cluster exposes a core datastore.",
        why="What was opened by hand is in no file (NIST SP 800-53 SC-7, boundary protection).",
        remedy="Delete the exposing object, find out who made it, and let the controller heal.",
    ),
    row(
        "OPS-04 M C",
        "Required policies are enforced live",
        "live-policies-are-enforced",
        statement="In the live namespaces a pod that breaks the rails is refused and one that keeps them is admitted.",
        why="Only the API server's refusal proves a policy (Kubernetes documentation, Pod Security Admission and "
        "Validating Admission Policy).",
        remedy="Install and bind the policy in the cluster, and set its failure policy to Fail.",
    ),
    row(
        "OPS-05 S T A",
        "Rollbacks are recorded",
        "rollbacks-are-recorded",
        statement="The notes of each rollback say what happened, which commit was reverted, that health was confirmed "
        "and what follows.",
        why="What is not written down happens again (NIST SP 800-53 IR-4 and IR-5, incident handling and monitoring).",
        remedy="Complete the entry in governance/incidents.yaml: what, closed-by, health-confirmed, follow-ups.",
    ),
)
