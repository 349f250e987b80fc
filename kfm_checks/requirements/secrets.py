"""SEC: where secret values live, who reads them, how they change."""

from kfm_checks.requirements.rows import row

ROWS = (
    row(
        "SEC-01 M T R",
        "No credential in plain text",
        "no-plaintext-credentials",
        statement="No API key, password, token or private key stands in plain text or merely encoded in any file under"
        " the overlay or in any rendered object.",
        why="What was committed once is known for ever: it must be rotated, not only deleted (NIST SP 800-190 4.1.4; "
        "NIST SP 800-53 IA-5(7), no embedded unencrypted static authenticators).",
        remedy="Rotate the credential, take it out, and refer to it by an ExternalSecret, a SealedSecret or SOPS.",
    ),
    row(
        "SEC-02 M R T",
        "Secret values come from a controlled backend",
        "secrets-come-from-backend",
        statement="Each secret value that a workload uses comes from a vault, a cloud secret manager or an HSM-backed "
        "store, or from ciphertext in Git.",
        why="A controlled backend knows who read what and can take it back (CIS Kubernetes Benchmark 5.4.2, external "
        "secret storage; NIST SP 800-53 SC-12).",
        remedy="Create the Secret by an ExternalSecret with a store whose provider is a real backend.",
    ),
    row(
        "SEC-03 M R C",
        "Namespaces can't read each other's secrets",
        "secrets-are-isolated",
        live=("secrets-are-isolated-live",),
        statement="No workload or persona of one namespace can read the Secrets of another, neither by RBAC nor by a "
        "cluster-wide store without conditions.",
        why="A leak in one namespace must end there (Kubernetes documentation, Good practices for Kubernetes Secrets: "
        "least privilege; CIS Kubernetes Benchmark 5.1.2).",
        remedy="Bind by Role instead of ClusterRole, and give each ClusterSecretStore conditions that name its "
        "namespaces.",
    ),
    row(
        "SEC-04 M T R A",
        "Secret rotation is scheduled, documented and tested",
        "secret-rotation-is-tested",
        statement="Secrets are rotated on a schedule, the procedure is written down, and a record says when it was "
        "last carried out.",
        why="A credential that never changes stays useful to whoever copied it (NIST SP 800-53 IA-5, authenticator "
        "management; SP 800-57 Part 1, cryptoperiods).",
        remedy="Set a refresh interval, write the procedure into the runbook, carry it out, and attest to it.",
    ),
    row(
        "SEC-05 M T A",
        "Break-glass rotation is documented",
        "break-glass-rotation-is-documented",
        statement="The procedure for changing credentials in an emergency is written down where an operator finds it.",
        why="Nobody invents the right order of steps during a breach (NIST SP 800-53 IR-8, incident response plan).",
        remedy="Write the steps, the people and the order into the runbook, and bind the section to this row.",
    ),
    row(
        "SEC-06 M T",
        "What claims to be ciphertext has its form",
        "ciphertext-is-ciphertext",
        statement="Each SOPS file has its metadata and encrypted values, and each SealedSecret has sealed payloads; "
        "without the key no more can be known.",
        why="A file that was saved before it was encrypted looks the same by its name (SOPS documentation, Encryption "
        "protocol; Sealed Secrets documentation).",
        remedy="Encrypt the file again with sops or kubeseal, and rotate what was readable.",
        origin="house",
    ),
)
