"""DOD, GATE and REF: when a change is done, and what CI asks of it."""

from kfm_checks.requirements.rows import row

_DONE = (
    row(
        "DOD-01 M",
        "By pull request, with approvals",
        statement="The change came by pull request and has the approvals that it needs.",
        why="Folds CHG-01 and CHG-02: two people saw the change before production did (NIST SP 800-53 CM-3).",
        remedy="Mend the rows that this one folds.",
        rolls_up="CHG-01 CHG-02",
    ),
    row(
        "DOD-02 M",
        "CI validation passed",
        statement="CI validation passed for the change: render, schema and policy.",
        why="Folds CHG-09 and GATE-01 to GATE-03: what a machine can find must not wait for a person.",
        remedy="Mend the rows that this one folds.",
        rolls_up="CHG-09 GATE-01 GATE-02 GATE-03",
    ),
    row(
        "DOD-03 M G",
        "No plain-text secret or sensitive endpoint added",
        "no-secret-or-endpoint-added",
        statement="Neither the overlay nor the change brings in a secret in plain text or the address of a datastore "
        "or administration interface where it doesn't belong.",
        why="Folds SEC-01, LAY-03, LAY-08 and MEM-02, and looks at what the diff adds: history keeps what a later "
        "commit removes.",
        remedy="Take the value out of the branch's history, rotate it, and refer to it; keep addresses in their own "
        "namespace.",
        rolls_up="SEC-01 LAY-03 LAY-08 MEM-02",
    ),
    row(
        "DOD-04 M",
        "The rollback plan is included and feasible",
        statement="The change says how it is rolled back, and that rollback works.",
        why="Folds CHG-03 and CHG-06: a plan and a rehearsal are both needed (NIST SP 800-53 CP-10).",
        remedy="Mend the rows that this one folds.",
        rolls_up="CHG-03 CHG-06",
    ),
    row(
        "DOD-05 M",
        "Observability impact is considered",
        statement="Dashboards and alerts cover what the change touches, or somebody vouches that none is needed.",
        why="Folds CHG-07, which counts as a must here: a change is done when it can be watched.",
        remedy="Mend the row that this one folds.",
        rolls_up="CHG-07",
    ),
)

_GATES = (
    row(
        "GATE-01 M R",
        "The overlay builds",
        "overlay-renders",
        statement="`kustomize build` of the overlay succeeds.",
        why="What doesn't render can't be reconciled (Kubernetes documentation, Declarative Management Using "
        "Kustomize).",
        remedy="Mend the file and line that the error names.",
    ),
    row(
        "GATE-02 M R",
        "Objects match their schema",
        "objects-match-schema",
        statement="Every rendered object is valid against the schema of its kind and version; kinds without a schema "
        "are counted and named.",
        why="The API server drops or refuses a field that it doesn't know (Kubernetes documentation, Field "
        "validation).",
        remedy="Correct the field named; give the CustomResourceDefinition in the overlay or by `--schemas`.",
    ),
    row(
        "GATE-03 M",
        "Policy checks pass",
        "objects-pass-admission-policies",
        statement="The rendered objects meet Pod Security and pass the admission policies that the overlay brings.",
        why="Folds RAIL-08 and the verdict of each policy: an object that the cluster would refuse must be refused "
        "here first.",
        remedy="Mend the object that the policy names, or the policy.",
        rolls_up="RAIL-08",
    ),
    row(
        "GATE-04 M R",
        "Image references pass policy",
        "images-are-not-latest",
        "images-are-pinned-by-digest",
        statement="Every image reference passes the image policy: no `latest`, and a digest.",
        why="The same checks as RAIL-06, asked at the gate (NIST SP 800-190 4.2.2).",
        remedy="Write the image as name@sha256:… in the overlay's `images`.",
    ),
    row(
        "GATE-05 S G R",
        "Reviewers get a diff summary",
        "diff-summary-is-generated",
        statement="A summary of what changes in the rendered objects is made for the reviewers.",
        why="Two lines of a patch can change forty objects; the reviewer must see those (NIST SP 800-53 CM-4, impact "
        "analyses).",
        remedy="Run `kfm-checks diff --git BASE..HEAD` in CI and post its Markdown.",
    ),
    row(
        "REF-01 S T",
        "References, links and paths resolve",
        "readme-references-resolve",
        statement="Every link, anchor and path that the README names leads to something that is there.",
        why="A runbook that points to a file which has gone fails when it is needed.",
        remedy="Correct the path, the anchor or the link at the line named.",
    ),
)

ROWS = (*_DONE, *_GATES)
