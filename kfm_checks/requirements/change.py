"""CHG: how changes reach production."""

from kfm_checks.requirements.rows import row

ROWS = (
    row(
        "CHG-01 M G",
        "Changes arrive by pull request to main",
        "change-is-pull-request",
        statement="Each change to production reaches the main branch through a pull request.",
        why="A pull request is the record of who asked for what (NIST SP 800-53 CM-3, configuration change control).",
        remedy="Open a pull request to main; protect the branch against direct pushes.",
    ),
    row(
        "CHG-02 M G T",
        "The required reviewers approved",
        "change-has-required-approvals",
        statement="For each changed path an owner named by CODEOWNERS, other than the author, approved the commit that"
        " is to be merged.",
        why="An approval of an older commit approves something else; one's own approval is none (NIST SP 800-53 "
        "CM-3(2) and CM-5, access restrictions for change).",
        remedy="Cover the overlay in CODEOWNERS and ask those owners to review the head commit.",
    ),
    row(
        "CHG-03 M G",
        "The description states intent and rollback",
        "change-states-intent",
        statement="The pull request's description says what changes, why, how that was verified, and how it is rolled "
        "back, each in its own words and not as a placeholder.",
        why="Who has to undo the change at night has only this text (NIST SP 800-53 CM-3 and CM-4, impact analyses).",
        remedy="Fill the four headings of the template: what, why, verification, rollback.",
    ),
    row(
        "CHG-04 S G R",
        "The diff is small and reversible",
        "change-is-small",
        statement="The change touches no more objects, kinds and namespaces than the thresholds allow.",
        why="Small changes fail smaller, are reviewed better and are reverted faster.",
        remedy="Split the change into several pull requests, or raise the threshold in kfm-checks.yaml with a reason.",
    ),
    row(
        "CHG-05 S R",
        "Critical workloads roll out progressively",
        "critical-workloads-roll-out-progressively",
        statement="Each critical workload replaces its pods step by step: a rolling update within bounds, an Argo "
        "Rollouts or Flagger strategy, or a feature flag.",
        why="A rollout in steps stops at the first pod that isn't ready (Kubernetes documentation, Deployments: "
        "rolling update strategy).",
        remedy="Set `strategy.rollingUpdate` with maxUnavailable below the replica count, or use a Rollout or Canary.",
    ),
    row(
        "CHG-06 M G R",
        "Rollback is planned and feasible",
        "rollback-is-feasible",
        statement="Reverting the change applies cleanly, renders, and undoes no step that can't be undone, such as the"
        " removal of storage, of a namespace or of a CustomResourceDefinition.",
        why="A rollback plan that was never tried is a hope (NIST SP 800-53 CP-10, system recovery and "
        "reconstitution).",
        remedy="Split the irreversible step from the rest, and say in the pull request how its data comes back.",
    ),
    row(
        "CHG-07 S R A",
        "Observability impact was considered",
        "workloads-are-observed",
        statement="Each new or changed workload is covered by a monitor, an alert and a dashboard, or somebody vouches"
        " that none is needed.",
        why="A change that nobody can watch can't be judged after the merge (NIST SP 800-53 SI-4, system monitoring).",
        remedy="Add a ServiceMonitor or PodMonitor that selects the workload and a PrometheusRule that names it.",
    ),
    row(
        "CHG-08 M T G A",
        "Break-glass changes were committed back",
        "break-glass-is-closed",
        statement="Every manual change made during an incident is in the incident ledger and was closed by a commit or"
        " a revert.",
        why="Until it is in Git, the next reconciliation undoes the repair or the drift stays for ever (OpenGitOps "
        "principles v1.0.0, 4: continuously reconciled).",
        remedy="Commit the change or revert it, and write `closed-by` into governance/incidents.yaml.",
    ),
    row(
        "CHG-09 M G",
        "CI validation passed for the head commit",
        "ci-gates-passed",
        statement="The validation jobs ran on the commit that is to be merged, and all of them passed.",
        why="A green run of an earlier commit says nothing about this one (NIST SP 800-53 CM-4(2), verification of "
        "controls).",
        remedy="Let the jobs run on the head commit and make them required for the branch.",
    ),
)
