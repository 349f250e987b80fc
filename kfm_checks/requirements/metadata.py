"""META: what production is, each value with the place where it was read."""

from kfm_checks.requirements.rows import row

ROWS = (
    row(
        "META-01 M T R",
        "The environment is prod",
        "environment-is-production",
        statement="The overlay's path, the labels on its objects and the destination of its GitOps object all name the"
        " production environment.",
        why="An overlay that calls itself production in one place and staging in another will one day be applied to "
        "the wrong cluster (NIST SP 800-53 CM-2, baseline configuration).",
        remedy="Give path, labels and GitOps destination the same environment, or declare `environment` in kfm-"
        "checks.yaml.",
    ),
    row(
        "META-02 S R C",
        "The cluster name is known",
        "cluster-name-is-known",
        live=("cluster-name-is-known-live",),
        statement="The cluster that this overlay belongs to has a name that can be read from its GitOps destination, "
        "from an object of the overlay or from the cluster.",
        why="An operator on call must know which cluster a page is about; `in-cluster` names none (NIST SP 800-53 "
        "CM-8, component inventory).",
        remedy="Name the destination cluster in the Argo CD Application or cluster Secret, or write a ConfigMap that "
        "carries the name.",
    ),
    row(
        "META-03 S C A",
        "The Kubernetes distribution and version are known",
        "kubernetes-version-is-known",
        statement="The distribution and version of Kubernetes that the overlay runs on were read from the cluster or "
        "are vouched for by a record.",
        why="APIs come and go with versions (Kubernetes documentation, Version Skew Policy and Deprecated API "
        "Migration Guide); a manifest is valid only for a version.",
        remedy="Run with `--context` or `--snapshot`, or write an attestation with the distribution and version.",
    ),
    row(
        "META-04 M R C",
        "The GitOps controller is known",
        "gitops-controller-is-known",
        live=("gitops-controller-is-known-live",),
        statement="It can be read from the manifests which controller, Argo CD or Flux, reconciles this overlay.",
        why="Who applies the desired state decides how drift is seen and healed (OpenGitOps principles v1.0.0, 3: "
        "pulled automatically).",
        remedy="Commit the Argo CD Application or the Flux Kustomization that points at this path, or name its folder "
        "under `gitops.manifests` in kfm-checks.yaml.",
    ),
    row(
        "META-05 M R",
        "The primary ingress domain is known",
        "ingress-domain-is-known",
        statement="The domain under which production is reached can be read from the hosts of Ingress, HTTPRoute or "
        "Route objects.",
        why="A public address that nobody wrote down can't be watched, certified or shut (NIST SP 800-53 SC-7, "
        "boundary protection).",
        remedy="Set `host` on each rule of the Ingress, HTTPRoute or Route; avoid the empty host, which serves any "
        "name.",
    ),
    row(
        "META-06 M R",
        "The primary namespaces are known",
        "namespaces-are-known",
        statement="Every namespace that the overlay uses is declared by a Namespace object, so that the list can be "
        "read.",
        why="Quotas, Pod Security and network policies hang on namespaces; one that is used and not declared has none "
        "(Kubernetes documentation, Namespaces).",
        remedy="Add a Namespace object for each namespace used, or declare it as a platform namespace in kfm-"
        "checks.yaml.",
    ),
    row(
        "META-07 M T",
        "The data classification is known",
        "data-classification-is-known",
        statement="The data manifest gives each dataset a sensitivity class, and the restricted layers are listed.",
        why="Protection follows classification: what nobody classified can't be fenced (NIST SP 800-53 RA-2, security "
        "categorization).",
        remedy="Write `sensitivity` for each dataset in data/manifest.yaml: public, restricted or sensitive-location.",
    ),
)
