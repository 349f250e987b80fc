"""MEM: who gets in, who reaches the data, who may do what."""

from kfm_checks.requirements.rows import row

ROWS = (
    row(
        "MEM-01 M R C",
        "Outside clients enter only through the gateway",
        "entry-only-through-gateway",
        live=("entry-only-through-gateway-live",),
        statement="The only ways in from outside are the routes to the governed API and to the web UI; nothing else "
        "opens a LoadBalancer, a node port, a host port, the host network or an external address.",
        why="Each further door is one that the API's policies don't guard (NIST SP 800-53 SC-7, boundary protection; "
        "NSA/CISA Kubernetes Hardening Guide v1.2, Network separation and hardening).",
        remedy="Make the Service a ClusterIP and route to it through the gateway; declare the entry under `entry` in "
        "kfm-checks.yaml.",
    ),
    row(
        "MEM-02 M R C",
        "No public route leads to a datastore",
        "datastores-are-private",
        live=("datastores-are-private-live",),
        statement="No Ingress, route, LoadBalancer or node port leads from outside to a datastore.",
        why="A database behind a public address is guarded by its password alone (NIST SP 800-53 SC-7; NSA/CISA "
        "Kubernetes Hardening Guide v1.2, Network separation and hardening).",
        remedy="Remove the route, and make the datastore's Service a ClusterIP.",
    ),
    row(
        "MEM-03 M R",
        "Namespaces deny traffic by default",
        "namespaces-deny-by-default",
        statement="In each namespace with workloads every pod is isolated for ingress and for egress until a policy "
        "allows a connection.",
        why="Without a policy every pod accepts every connection (Kubernetes documentation, Network Policies: default "
        "policies; CIS Kubernetes Benchmark 5.3.2; NIST SP 800-190 4.3.3).",
        remedy="Add a NetworkPolicy with an empty podSelector and policyTypes Ingress and Egress, then allow DNS and "
        "what is needed.",
    ),
    row(
        "MEM-04 M R",
        "Only approved workloads reach a datastore",
        "datastores-reached-only-by-approved",
        statement="By the network policies taken together, the workloads that can connect to a core datastore are "
        "those on its approved list and no other.",
        why="A policy that exists proves nothing: its selectors decide who gets through (NIST SP 800-53 AC-4, "
        "information flow enforcement; NIST SP 800-190 4.3.3).",
        remedy="Narrow the selectors of the policy that lets the workload in, or add it to `datastores[].clients`.",
    ),
    row(
        "MEM-05 M R C",
        "RBAC separates the four roles",
        "rbac-roles-are-separated",
        live=("rbac-roles-are-separated-live",),
        statement="Platform operators, application deployers, data stewards and read-only auditors each hold their own"
        " permissions, and share none beyond the declared overlap.",
        why="Who can both change and approve, or audit and change, is no control (NIST SP 800-53 AC-5, separation of "
        "duties; Kubernetes documentation, RBAC good practices).",
        remedy="Bind each persona to its own roles, and take out the rules that overlap or declare them as `allowed-"
        "overlap`.",
    ),
    row(
        "MEM-06 M R",
        "No wildcard or escalating grant",
        "rbac-has-no-escalation",
        statement="Outside the platform operators nobody is granted `*`, escalate, bind, impersonate, the listing of "
        "Secrets, or pods/exec.",
        why="Each of these grants becomes any other (Kubernetes documentation, RBAC good practices: privilege "
        "escalation risks; CIS Kubernetes Benchmark 5.1.1 to 5.1.3 and 5.1.8).",
        remedy="List verbs and resources one by one, and leave the escalating ones to the platform operators.",
        origin="house",
    ),
    row(
        "MEM-07 M R C",
        "Public hosts are served over TLS",
        "public-hosts-use-tls",
        live=("public-hosts-use-tls-live",),
        statement="Each host that is reachable from outside has TLS configured where it enters.",
        why="In plain HTTP anybody on the way can read and change what is sent (NIST SP 800-53 SC-8, transmission "
        "confidentiality and integrity).",
        remedy="Add the host to the Ingress's `tls`, an HTTPS listener to the Gateway or `tls` to the Route, with a "
        "certificate by cert-manager.",
        origin="house",
    ),
)
