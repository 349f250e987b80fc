"""SEN: data that could harm somebody if it were seen by all."""

from kfm_checks.requirements.rows import row

ROWS = (
    row(
        "SEN-01 M T R",
        "Sensitive data is not public by default",
        "sensitive-data-is-not-public",
        statement="Every dataset is classified, and none that is restricted or tells a sensitive location is exposed "
        "publicly by default.",
        why="A site's exact position, once published, can't be called back (NIST SP 800-53 RA-2 and AC-3; CARE "
        "Principles for Indigenous Data Governance).",
        remedy="Classify the dataset in data/manifest.yaml and serve it only through the API's policy check.",
    ),
    row(
        "SEN-02 M R A",
        "Sensitive data sits behind three fences",
        "sensitive-data-is-fenced",
        statement="Sensitive data is kept behind RBAC, behind a namespace boundary and behind a policy check of the "
        "API.",
        why="One fence has one gap; defence in depth needs several (NIST SP 800-53 AC-3 and SC-7; NIST SP 800-190 "
        "4.3.4).",
        remedy="Keep the datastore in its own namespace with narrow RBAC, and route requests through the policy "
        "engine.",
    ),
    row(
        "SEN-03 S R A",
        "Raw sensitive payloads are not logged",
        "edge-redacts-logs",
        statement="Redaction is configured at the edge, so that raw sensitive payloads don't reach the logs.",
        why="Logs are copied further and kept longer than data (NIST SP 800-53 AU-3(3), limit personally identifiable "
        "information elements).",
        remedy="Configure a redaction processor in the collector, or a log format at the ingress that leaves bodies "
        "and queries out.",
    ),
    row(
        "SEN-04 M T",
        "Published locations are generalised",
        "published-locations-are-generalised",
        statement="Until a governance review approves release, published locations are generalised to the declared "
        "geohash length or bounding box.",
        why="A coordinate to the metre reveals what a cell of kilometres hides; only the cell counts, not the number "
        "of decimals (Chapman, Current Best Practices for Generalizing Sensitive Species Occurrence Data, GBIF).",
        remedy="Snap each coordinate to the centre or corner of the declared cell before publication.",
    ),
)
