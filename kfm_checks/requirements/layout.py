"""LAY: what goes where in the overlay's folder."""

from kfm_checks.requirements.rows import row

ROWS = (
    row(
        "LAY-01 M T",
        "The overlay has its entrypoint and its folders",
        "overlay-has-expected-layout",
        statement="The overlay has a kustomization file and a README, and a folder for each intent: patches, platform,"
        " policies, apps and secrets, under these names or under names that the README or the configuration "
        "maps to them.",
        why="Whoever is called at night must find a thing where every overlay keeps it; the names may differ, the "
        "intent may not.",
        remedy="Create the missing folder, or map your own name to the intent in the README's folder table or under "
        "`layout` in kfm-checks.yaml.",
    ),
    row(
        "LAY-02 M T R",
        "The overlay holds only the production delta",
        "overlay-holds-only-delta",
        statement="Workloads that environments share come from a base; the overlay itself adds only what production "
        "needs.",
        why="A copy of a base in an overlay drifts from it without notice (Kubernetes documentation, Declarative "
        "Management Using Kustomize: bases and overlays).",
        remedy="Move the complete workload into a base and refer to it from `resources`; keep the difference as a "
        "patch.",
    ),
    row(
        "LAY-03 M T",
        "The entrypoint carries no literal secret",
        "entrypoint-has-no-literal-secrets",
        statement="The kustomization file holds no secret value: neither as a generator's literal, nor in an "
        "environment file, nor inside an inline patch.",
        why="The entrypoint is read by everybody who can read the repository, and Git never forgets (NIST SP 800-190 "
        "4.1.4, embedded clear text secrets; NIST SP 800-53 IA-5).",
        remedy="Take the literal out, rotate the value, and refer to it by an ExternalSecret, a SealedSecret or SOPS.",
    ),
    row(
        "LAY-04 M T",
        "patches/ holds patches and small companions",
        "patches-are-patches",
        statement="What lies under `patches/` changes objects of a base, or accompanies them as a PodDisruptionBudget "
        "does; no application source and no complete workload lies there.",
        why="A reviewer reads `patches/` as the whole difference between production and the base; a workload hidden "
        "there would escape that reading.",
        remedy="Move a complete workload to a base and source code to its own repository.",
    ),
    row(
        "LAY-05 M T R",
        "platform/ holds cluster services only",
        "platform-has-no-tenant-apps",
        statement="What lies under `platform/` serves the whole cluster: ingress, certificates, observability, "
        "backups; no tenant's workload is there.",
        why="Platform services run with more rights than tenants; mixing them gives a tenant those rights (NIST SP "
        "800-190 4.3.4, mixing of workload sensitivity levels).",
        remedy="Wire the tenant's workload from `apps/` and keep its manifests in its own base.",
    ),
    row(
        "LAY-06 S T",
        "policies/ holds operative policy objects only",
        "policies-are-operative",
        statement="Each file under `policies/` is a policy that Kubernetes or a policy engine acts on; none is a mere "
        "note.",
        why="A policy that nothing enforces gives a false sense of safety.",
        remedy="Move explanations to the documentation, and give each policy an object that is rendered and bound.",
    ),
    row(
        "LAY-07 M T R",
        "apps/ holds GitOps wiring only",
        "apps-are-gitops-wiring",
        statement="`apps/` holds Applications, ApplicationSets, Flux Kustomizations and their like; the manifests of "
        "the applications themselves live in their bases.",
        why="Wiring and workload change for different reasons and by different people; apart, each diff says what it "
        "does.",
        remedy="Move the manifest to the application's base and point an Application or Kustomization at it.",
    ),
    row(
        "LAY-08 M T",
        "secrets/ holds references or ciphertext only",
        "secrets-are-references",
        statement="Each object under `secrets/` is a reference to a secret store, or ciphertext; no Secret with a "
        "value is there.",
        why="Base64 is no protection: a Secret in Git is in plain text (Kubernetes documentation, Good practices for "
        "Kubernetes Secrets; CIS Kubernetes Benchmark 5.4).",
        remedy="Replace the Secret by an ExternalSecret, a SealedSecret or a SOPS file, and rotate the value.",
    ),
    row(
        "LAY-09 M T",
        "Remote bases and charts are pinned",
        "remote-bases-are-pinned",
        statement="Each base or chart that comes from elsewhere is pinned to a revision that can't be moved.",
        why="A branch or a floating version lets somebody else change production without a pull request here "
        "(OpenGitOps principles v1.0.0, 2: versioned and immutable).",
        remedy="Put the full commit id in `?ref=`, or the exact version of the chart.",
        origin="house",
    ),
    row(
        "LAY-10 S T G",
        "No manifest is orphaned",
        "no-orphan-manifests",
        statement="Each manifest in the folder is under version control and can be reached from the entrypoint or from"
        " a GitOps object of this repository.",
        why="A manifest that nothing applies misleads its reader: it looks like production and isn't (OpenGitOps "
        "principles v1.0.0, 1: declarative).",
        remedy="List the file under `resources` or `patches`, point a GitOps object at it, or delete it.",
        origin="house",
    ),
    row(
        "LAY-11 S T R",
        "Each folder holds what it is for",
        "folders-hold-what-they-are-for",
        statement="Each folder holds at least one thing of its intent, such as replicas and limits in `patches/` or "
        "network policies in `policies/`; an empty or missing folder is named.",
        why="An empty folder is a promise that nobody kept, and a misplaced object one that nobody finds.",
        remedy="Fill the folder with what it is for, or map the intent to null in kfm-checks.yaml if this overlay has "
        "no need of it.",
    ),
)
