"""DAT: data reaches production as code does, by a reviewed manifest."""

from kfm_checks.requirements.rows import row

ROWS = (
    row(
        "DAT-01 M T",
        "A data manifest names each dataset's version",
        "data-manifest-is-valid",
        statement="A production data manifest gives for each dataset its URI, checksum, release tag, sensitivity and "
        "steward.",
        why="What is in production must be readable without asking the database (NIST SP 800-53 CM-8; FAIR Guiding "
        "Principles, F1 and R1).",
        remedy="Write data/manifest.yaml by the published JSON Schema, one entry a dataset.",
    ),
    row(
        "DAT-02 M T",
        "Checksums match the bytes",
        "dataset-checksums-match",
        statement="The bytes at each dataset's URI have the checksum that the manifest gives.",
        why="A URI says where data lies, only a checksum says which data it is (NIST SP 800-53 SI-7, software, "
        "firmware, and information integrity).",
        remedy="Run `kfm-checks data verify`; publish changed bytes under a new release tag.",
    ),
    row(
        "DAT-03 M T G",
        "Dataset versions are immutable",
        "dataset-versions-are-immutable",
        statement="An entry of the manifest changes only together with its release tag, and only by pull request.",
        why="Two different datasets under one tag can't be told apart or rolled back (OpenGitOps principles v1.0.0, 2:"
        " versioned and immutable).",
        remedy="Give changed content a new release tag, and leave the old one as it was.",
    ),
    row(
        "DAT-04 M T R",
        "A reconciler watches the manifest and loads",
        "data-reconciler-is-wired",
        statement="A workflow or an operator observes the manifest and carries out the controlled load.",
        why="A manifest that nobody acts on describes a wish (OpenGitOps principles v1.0.0, 3 and 4).",
        remedy="Wire a GitHub Actions workflow, an Argo Workflow or an operator object to the manifest, and declare it"
        " under `data.reconciler`.",
    ),
    row(
        "DAT-05 M G T",
        "A data rollback is reproducible",
        "data-rollback-resolves",
        statement="Every earlier revision of the manifest within the declared retention still resolves to its bytes.",
        why="Reverting the manifest helps only while the old bytes are there (NIST SP 800-53 CP-9 and CP-10).",
        remedy="Keep published versions for the declared retention, or record a governed withdrawal.",
    ),
    row(
        "DAT-06 M T G A",
        "A steward approved each release",
        "datasets-are-approved",
        statement="A data steward approved each dataset's release before it reaches users.",
        why="Whether data may be seen is a judgement that no pipeline makes (NIST SP 800-53 CM-3; CARE Principles for "
        "Indigenous Data Governance).",
        remedy="Have the steward approve the pull request or record the approval in the manifest or in governance/.",
    ),
    row(
        "DAT-08 M R C",
        "No ad-hoc loads",
        "only-reconciler-loads-data",
        live=("only-reconciler-loads-data-live",),
        statement="Nobody but the declared reconciler can write to the datastores' namespaces, credentials and "
        "endpoints.",
        why="Data that came in beside the manifest has no version and no review (NIST SP 800-53 CM-5 and AC-6, least "
        "privilege).",
        remedy="Take write permissions, credentials and network reach from every other workload and person.",
    ),
    row(
        "DAT-07 S T",
        "STAC items are valid and agree with the manifest",
        "stac-items-are-valid",
        statement="The STAC items and collections are valid, and their versions and checksums agree with the manifest.",
        why="A catalogue that contradicts the data misleads each of its readers (STAC specification 1.0.0 and 1.1.0; "
        "file extension).",
        remedy="Validate the item with pystac, and correct version, checksum or extent.",
    ),
)
