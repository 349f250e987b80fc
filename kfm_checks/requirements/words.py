"""Other words for each requirement, as people write them in checklists: what ``bind`` compares a README with."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

#: Phrases separated by ``|``; each is compared by itself, and all of them give the row its vocabulary.
WORDS: Mapping[str, str] = MappingProxyType(
    {
        "META-01": "environment|stage|tier|env",
        "META-02": "cluster name|cluster|cluster id",
        "META-03": "kubernetes distribution|kubernetes version|distribution|k8s version|platform version",
        "META-04": "gitops controller|reconciler|argo cd or flux|deployment controller|cd tool",
        "META-05": "primary ingress domain|domain|hostname|public url|dns zone|base domain",
        "META-06": "primary namespaces|namespaces|projects",
        "META-07": "data classification|classification of data|restricted layers|sensitivity classes",
        "LAY-01": "expected folders exist|directory layout|folder structure|entrypoint and folders present",
        "LAY-02": "only the production delta|no copies of base manifests|overlay only differs from base|"
        "shared resources live in base",
        "LAY-03": "no hard-coded secrets in kustomization.yaml|no secretGenerator literals|entrypoint free of secrets",
        "LAY-04": "patches folder contains only patches|no application source code in patches",
        "LAY-05": "platform folder only cluster services|no tenant apps in platform|tenant workloads not in platform",
        "LAY-06": "policies folder only operative policies|no docs in policies folder",
        "LAY-07": "apps folder only gitops wiring|applications and applicationsets only|no base yaml in apps",
        "LAY-08": "secrets folder only references|externalsecret or sealedsecret only in secrets folder|"
        "no plain Secret objects in secrets directory",
        "LAY-09": "remote bases pinned|helm chart versions pinned|pinned git refs for remote resources|"
        "third-party modules at fixed revision",
        "LAY-10": "no orphan manifests|every file is referenced from kustomization|unused yaml files removed|"
        "dead files",
        "LAY-11": "each folder holds what it is for|folders contain what belongs there",
        "CHG-01": "changes by pull request|no direct push to main|merge request to main|every change lands via PR",
        "CHG-02": "required approvals|codeowners approved|reviewed by owners|two reviewers approved|"
        "sign-off by reviewers",
        "CHG-03": "description says what why how verified and rollback|pr template filled|"
        "intent documented in pull request",
        "CHG-04": "small diff|small reversible changes|no big bang merges|change is small",
        "CHG-05": "progressive rollout|canary|rolling update|blue green|feature flags|gradual deployment",
        "CHG-06": "rollback feasible|revert works|reversible|rollback rehearsed|backout tested",
        "CHG-07": "observability|monitoring covers workloads|dashboards and alerts|metrics and alerting for services",
        "CHG-08": "break-glass change committed back|manual hotfix reverted or committed|"
        "emergency changes reconciled to git",
        "CHG-09": "ci passed|pipeline green|all checks passed on head commit|build passed|status checks",
        "GIT-01": "gitops controller reconciles this path|argo application points here|"
        "flux kustomization for this path",
        "GIT-02": "auto-sync with self-heal and prune|drift is healed automatically|automated sync|"
        "automatic reconciliation",
        "GIT-03": "tracks main branch|target revision main|follows main|source branch is main",
        "GIT-04": "no drift|live state equals git|cluster in sync with desired state|live matches repository",
        "GIT-05": "synced and healthy|application healthy|controller status ready|argo shows green",
        "MEM-01": "external clients only through the gateway|only the web ui and the api are exposed|"
        "traffic enters through api gateway|single entry point|no other loadbalancer|"
        "ingress is the only way in",
        "MEM-02": "datastores private|databases not public|databases not reachable from the internet|"
        "no public ingress to databases|database not exposed to the internet",
        "MEM-03": "default deny network policy|namespaces deny by default|deny all ingress and egress|"
        "network policies in every namespace",
        "MEM-04": "only approved services reach datastores|database access restricted by network policy|"
        "only the api talks to the database",
        "MEM-05": "rbac separates operators deployers stewards auditors|separation of duties|roles are separated|"
        "least privilege roles per persona",
        "MEM-06": "no wildcard rbac|no cluster-admin for applications|no escalate bind impersonate|"
        "least privilege rbac",
        "MEM-07": "tls on public hosts|https everywhere|certificates for all ingress hosts|"
        "encrypted in transit at the edge",
        "SEN-01": "sensitive data not public|restricted datasets not exposed|culturally restricted data protected|"
        "sensitive layers hidden by default",
        "SEN-02": "sensitive data behind rbac namespace and api policy|access to restricted data is limited",
        "SEN-03": "no sensitive payloads in logs|redact logs|log scrubbing|personal data not logged",
        "SEN-04": "generalised locations|coarse geohash|bounding box instead of exact coordinates|"
        "obfuscated coordinates|fuzzed locations",
        "SEC-01": "no plaintext secrets in the repository|no raw api keys db passwords tokens private keys|"
        "no credentials committed in git|no hard-coded credentials anywhere|repository free of passwords|"
        "secret scan finds nothing",
        "SEC-02": "secret values from vault|external secrets backend|cloud secret manager|hsm|key vault|"
        "sealed secrets or sops|credentials are fetched from the secret store",
        "SEC-03": "namespaces cannot read each other's secrets|secret isolation|tenant isolation of secrets|"
        "multi-tenancy|cross-namespace secret access blocked",
        "SEC-04": "secrets rotated on schedule|credential rotation tested|keys are rotated regularly|password rotation",
        "SEC-05": "break-glass rotation procedure documented|emergency credential rotation runbook|"
        "procedure for compromised credentials",
        "SEC-06": "encrypted files are really encrypted|sops files encrypted|ciphertext",
        "RAIL-01": "resource quota and limit range per namespace|namespace quotas|quotas defined",
        "RAIL-02": "liveness and readiness probes|health checks on all deployments|probes configured|health probes",
        "RAIL-03": "resource requests and limits|cpu and memory limits|containers declare resources|memory limits set",
        "RAIL-04": "pod disruption budgets|pdb for critical services|survives node drain",
        "RAIL-05": "anti-affinity|topology spread|replicas on different nodes|spread over zones|high availability",
        "RAIL-06": "images pinned to immutable digest|no latest tag|image digests|container images pinned",
        "RAIL-07": "no nodeport|no node port services|avoid nodeport",
        "RAIL-08": "pod security admission|pod security standards baseline or restricted|"
        "namespaces labelled for pod security|no privileged pods|containers run as non-root",
        "RAIL-09": "kyverno or gatekeeper constraints|admission policies enforce|policy engine forbids patterns|"
        "validatingadmissionpolicy",
        "RAIL-10": "image signature verification|cosign signatures|signed images|images are signed and verified",
        "RAIL-11": "service account token not mounted|automountServiceAccountToken false|"
        "no default service account permissions",
        "RAIL-12": "backups of datastores|backup schedule and retention|velero|databases are backed up nightly",
        "DAT-01": "data manifest with versions checksums uris|dataset manifest|"
        "datasets listed with release tag and steward",
        "DAT-02": "checksums match|dataset checksum verified|bytes match checksum|data integrity",
        "DAT-03": "dataset versions immutable|promote data by pull request|data changes only via manifest pr|"
        "published releases never overwritten",
        "DAT-04": "reconciler loads data|workflow performs controlled load|data pipeline observes manifest",
        "DAT-05": "data rollback reproducible|revert manifest|earlier data versions still available",
        "DAT-06": "steward approved dataset|stewardship review|data owner approval before release",
        "DAT-07": "stac items valid|stac catalogue|stac metadata validated",
        "DAT-08": "no ad-hoc data loads|only the loader writes to databases|no manual imports",
        "OPS-01": "local render preview|kubectl kustomize and kustomize build agree|render is reproducible",
        "OPS-02": "ingress serves expected hosts|public urls respond|hosts reachable",
        "OPS-03": "core datastores not exposed in live cluster|live databases not public",
        "OPS-04": "required policies enforced in the namespace|live policies enforced|policies active in cluster",
        "OPS-05": "rollback notes|incident notes with commit reverted|post-incident follow-up|postmortem recorded",
        "DOD-01": "change is pr-based and has required approvals|pull request opened and approved by reviewers|"
        "merge request reviewed and approved|reviewed and approved",
        "DOD-02": "ci validation passed kustomize render schema checks policy checks|pipeline is green|ci is green|"
        "all automated checks pass",
        "DOD-03": "no plaintext secrets or sensitive endpoints added|nothing secret introduced by this change|"
        "no new credentials or internal addresses in the diff|adds no secret",
        "DOD-04": "rollback plan included and feasible|backout plan described|how to undo the change is written down|"
        "way back is described",
        "DOD-05": "observability impact considered dashboards alerts updated|monitoring updated if needed|"
        "dashboards and alerts adjusted",
        "GATE-01": "kustomize build succeeds|overlay builds|manifests render without error|kustomize build passes",
        "GATE-02": "yaml or json schema validation for kubernetes objects|kubeconform|"
        "manifests validate against schemas|schema validation|kubeval",
        "GATE-03": "policy checks where available|conftest|policy tests pass|opa policy evaluation|"
        "policy as code checks|gatekeeper constraints evaluated in ci|policies tested",
        "GATE-04": "image reference policy check no latest prefer digest pinning|image policy check|image tags linted",
        "GATE-05": "diff summary generated for reviewers|rendered diff posted on the pull request|"
        "comment with what changes",
        "REF-01": "links resolve|references and paths exist|no broken links",
    }
)

#: Words of headings that point to a section of the catalogue.
HEADINGS: Mapping[str, str] = MappingProxyType(
    {
        "META": "metadata facts at a glance overview about environment",
        "LAY": "layout folder map directory structure what goes where",
        "CHG": "change control rules process production changes",
        "GIT": "gitops reconciliation sync drift controller",
        "MEM": "trust membrane network boundary access rbac security",
        "SEN": "data sensitivity sensitive privacy",
        "SEC": "secret credentials sensitive configuration passwords keys",
        "RAIL": "compliance safety rails guardrails workload hardening reliability resilience",
        "DAT": "data promotion datasets catalog",
        "OPS": "operations runbook verify health",
        "DOD": "definition of done release checklist acceptance criteria before merge ready to merge reviewer",
        "GATE": "ci gates pipeline continuous integration automation checks",
        "REF": "references links",
    }
)
