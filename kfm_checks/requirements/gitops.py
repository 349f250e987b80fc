"""GIT: whether a controller reconciles this very path, and whether it worked."""

from kfm_checks.requirements.rows import row

ROWS = (
    row(
        "GIT-01 M R",
        "A controller reconciles this path",
        "overlay-is-reconciled",
        statement="An Argo CD Application or a Flux Kustomization names this very path as its source.",
        why="Desired state that no controller pulls stays a wish (OpenGitOps principles v1.0.0, 3: pulled "
        "automatically).",
        remedy="Commit the Application or Kustomization for this path, or say where it lives under `gitops.manifests`.",
    ),
    row(
        "GIT-02 M R",
        "Reconciliation is automatic and heals drift",
        "reconciliation-self-heals",
        statement="The controller applies changes by itself, puts back what was changed by hand, and removes what Git "
        "no longer has: Argo CD with automated sync, selfHeal and prune; Flux not suspended and with prune.",
        why="Without healing, a change made by hand stays until somebody looks (OpenGitOps principles v1.0.0, 4: "
        "continuously reconciled; Argo CD documentation, Automated Sync Policy).",
        remedy="Set `syncPolicy.automated` with `selfHeal: true` and `prune: true`; in Flux `suspend: false` and "
        "`prune: true`.",
    ),
    row(
        "GIT-03 M R",
        "Reconciliation follows main of the right repository",
        "reconciliation-tracks-main",
        statement="The controller follows the main branch, or a fixed tag or commit, of the declared repository.",
        why="Another branch or a fork is production without review (OpenGitOps principles v1.0.0, 2: versioned and "
        "immutable).",
        remedy="Set `targetRevision` or the GitRepository's `ref` to main, and `repoURL` to the declared repository.",
    ),
    row(
        "GIT-04 M C",
        "The live state equals the rendered state",
        "live-matches-render",
        statement="Each rendered object is in the cluster with the fields that Git gives it.",
        why="Drift is where an audit of Git stops being an audit of production (NIST SP 800-53 CM-6, configuration "
        "settings).",
        remedy="Let the controller sync; commit what was changed by hand, or revert it.",
    ),
    row(
        "GIT-05 M C",
        "The controller reports Synced and Healthy",
        "controller-reports-healthy",
        statement="The controller itself reports the overlay as Synced and Healthy, or as Ready in Flux, for the "
        "present revision.",
        why="Applied is not the same as working: the controller sees failed rollouts (Argo CD documentation, Resource "
        "Health).",
        remedy="Read the controller's conditions, mend what is degraded, and sync again.",
    ),
)
