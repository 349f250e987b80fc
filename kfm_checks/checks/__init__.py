"""The one ordered catalogue of checks. A check is a function of facts; its name is the function's, with hyphens."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable

from kfm_checks.checks import (
    access,
    admission,
    availability,
    backups,
    change,
    change_additions,
    change_rollback,
    data,
    data_approval,
    data_history,
    data_loading,
    data_stac,
    datastore_clients,
    gitops,
    images,
    ingress_domain,
    isolation,
    layout,
    live_access,
    live_drift,
    live_enforcement,
    live_exposure,
    live_health,
    live_metadata,
    loads,
    membrane,
    metadata,
    namespaces,
    node_ports,
    observability,
    operations,
    personas,
    placement,
    pod_security,
    probes,
    public_tls,
    reach,
    render,
    resources,
    schema,
    secrets,
    secrets_layout,
    secrets_rotation,
    sensitivity,
    sensitivity_logs,
    sensitivity_places,
    tokens,
)
from kfm_checks.checks import readme as readme_checks
from kfm_checks.facts.live_ways import ENTRY_KINDS, POD_KINDS
from kfm_checks.model import Evidence
from kfm_checks.values import Value


class Check(Value, frozen=True):
    """A line of the catalogue."""

    function: Callable[..., Iterable[Evidence]]
    #: What to say where there was nothing to examine: the check is then not applicable.
    nothing: str
    #: The live twin of a check: the same function on the cluster's own objects. Named are the kinds that it reads
    #: (``Service``, ``Ingress.networking.k8s.io``): one that could not be listed makes it not verified.
    live: tuple[str, ...] = ()
    #: Without all of these kinds nothing can be said: what could not be listed would be found wanting.
    whole: bool = False

    @property
    def name(self) -> str:
        """``images-are-not-latest``, from ``images_are_not_latest``; a live twin's ends in ``-live``."""
        return self.function.__name__.replace("_", "-") + ("-live" if self.live else "")

    @property
    def assertion(self) -> str:
        """The first line of the docstring."""
        said = inspect.cleandoc(self.function.__doc__ or "").partition("\n")[0]
        return f"In the cluster: {said[:1].lower()}{said[1:]}" if self.live else said

    @property
    def why(self) -> str:
        """The docstring between the assertion and the remedy."""
        return _documentation(self.function).partition("Remedy:")[0].partition("\n")[2].strip()

    @property
    def remedy(self) -> str:
        """The part of the docstring after ``Remedy:``."""
        return _documentation(self.function).partition("Remedy:")[2].strip()


def _documentation(function: Callable[..., object]) -> str:
    return inspect.cleandoc(function.__doc__ or "")


#: Kinds that the live twins read: one of them that could not be listed leaves its twin not verified.
_RBAC = tuple(
    f"{kind}.rbac.authorization.k8s.io" for kind in ("Role", "RoleBinding", "ClusterRole", "ClusterRoleBinding")
)
_POLICIES = (
    "ValidatingAdmissionPolicy.admissionregistration.k8s.io",
    "ValidatingAdmissionPolicyBinding.admissionregistration.k8s.io",
    "ClusterPolicy.kyverno.io",
    "Policy.kyverno.io",
    "PolicyException.kyverno.io",
    "ValidatingPolicy.policies.kyverno.io",
    "NamespacedValidatingPolicy.policies.kyverno.io",
    "PolicyException.policies.kyverno.io",
    "ConstraintTemplate.templates.gatekeeper.sh",
    "Config.config.gatekeeper.sh",
    "*.constraints.gatekeeper.sh",
)

#: One line a check, in the order of the requirement rows.
CHECKS: tuple[Check, ...] = (
    Check(metadata.environment_is_production, "nothing names an environment"),
    Check(metadata.cluster_name_is_known, "nothing names a cluster"),
    Check(live_metadata.cluster_name_is_known_live, "the cluster does not tell its name"),
    Check(gitops.gitops_controller_is_known, "no GitOps object"),
    Check(
        gitops.gitops_controller_is_known,
        "no GitOps object in the cluster",
        live=("Application.argoproj.io", "Kustomization.kustomize.toolkit.fluxcd.io"),
    ),
    Check(layout.overlay_has_expected_layout, "no folder"),
    Check(placement.overlay_holds_only_delta, "no workload in the render"),
    Check(secrets_layout.entrypoint_has_no_literal_secrets, "no kustomization file"),
    Check(placement.patches_are_patches, "the folder for patches has no manifest"),
    Check(placement.platform_has_no_tenant_apps, "the folder for the platform has no manifest"),
    Check(placement.policies_are_operative, "the folder for policies has no manifest"),
    Check(placement.apps_are_gitops_wiring, "the folder for applications has no manifest"),
    Check(secrets_layout.secrets_are_references, "the overlay has no folder for secrets"),
    Check(reach.remote_bases_are_pinned, "no base or chart comes from elsewhere"),
    Check(reach.no_orphan_manifests, "no manifest in the folder"),
    Check(layout.folders_hold_what_they_are_for, "no folder is declared"),
    Check(gitops.overlay_is_reconciled, "no GitOps object"),
    Check(gitops.reconciliation_self_heals, "no GitOps object"),
    Check(gitops.reconciliation_tracks_main, "no GitOps object"),
    Check(live_drift.live_matches_render, "nothing was rendered"),
    Check(live_health.controller_reports_healthy, "no GitOps object in the cluster"),
    Check(schema.kubernetes_version_is_known, "nothing was rendered"),
    Check(ingress_domain.ingress_domain_is_known, "no public host"),
    Check(namespaces.namespaces_are_known, "no namespace is used"),
    Check(change.change_is_pull_request, "no pull request"),
    Check(change.change_has_required_approvals, "no changed file of this overlay"),
    Check(change.change_states_intent, "no pull request"),
    Check(change.change_is_small, "no pull request"),
    Check(availability.critical_workloads_roll_out_progressively, "no critical workload"),
    Check(change_rollback.rollback_is_feasible, "nothing changes"),
    Check(observability.workloads_are_observed, "no workload that serves"),
    Check(operations.break_glass_is_closed, "no break-glass change is recorded"),
    Check(change.ci_gates_passed, "no CI job"),
    Check(membrane.entry_only_through_gateway, "no Service, no route and no pod"),
    Check(
        membrane.entry_only_through_gateway,
        "no Service, no route and no pod in the cluster",
        live=(*ENTRY_KINDS, *POD_KINDS),
    ),
    Check(membrane.datastores_are_private, "no datastore"),
    Check(membrane.datastores_are_private, "no datastore in the cluster", live=(*ENTRY_KINDS, *POD_KINDS)),
    Check(isolation.namespaces_deny_by_default, "no workload outside Kubernetes' own namespaces"),
    Check(datastore_clients.datastores_reached_only_by_approved, "no datastore"),
    Check(public_tls.public_hosts_use_tls, "no public host"),
    Check(public_tls.public_hosts_use_tls, "no public host in the cluster", live=ENTRY_KINDS),
    Check(personas.rbac_roles_are_separated, "nobody is bound to a role"),
    Check(live_access.rbac_roles_are_separated_live, "no persona is declared"),
    Check(access.rbac_has_no_escalation, "no role and no binding"),
    Check(data.data_classification_is_known, "no dataset"),
    Check(sensitivity.sensitive_data_is_not_public, "no dataset"),
    Check(sensitivity.sensitive_data_is_fenced, "every dataset is public"),
    Check(sensitivity_logs.edge_redacts_logs, "nothing makes or carries logs"),
    Check(sensitivity_places.published_locations_are_generalised, "no dataset tells places"),
    Check(secrets.no_plaintext_credentials, "nothing was rendered and no file was looked at"),
    Check(secrets.secrets_come_from_backend, "nothing makes or uses a Secret"),
    Check(access.secrets_are_isolated, "no namespace is used"),
    Check(
        access.secrets_are_isolated,
        "no namespace is used in the cluster",
        live=(
            *_RBAC,
            *(f"{kind}.external-secrets.io" for kind in ("ClusterSecretStore", "ClusterExternalSecret")),
        ),
    ),
    Check(secrets_rotation.secret_rotation_is_tested, "nothing makes a Secret"),
    Check(secrets_rotation.break_glass_rotation_is_documented, "no document was looked at"),
    Check(secrets_rotation.ciphertext_is_ciphertext, "nothing claims to be ciphertext"),
    Check(namespaces.namespaces_have_quota, "no namespace is declared"),
    Check(namespaces.namespaces_have_limit_range, "no namespace is declared"),
    Check(probes.workloads_have_liveness_probe, "no Deployment, StatefulSet or DaemonSet"),
    Check(probes.workloads_have_readiness_probe, "no Deployment, StatefulSet or DaemonSet"),
    Check(resources.containers_set_requests, "no container"),
    Check(resources.containers_set_limits, "no container"),
    Check(availability.critical_workloads_have_disruption_budget, "no critical workload"),
    Check(availability.critical_workloads_are_spread, "no critical workload"),
    Check(images.images_are_not_latest, "no image"),
    Check(images.images_are_pinned_by_digest, "no image"),
    Check(node_ports.services_avoid_node_port, "no Service"),
    Check(backups.datastores_are_backed_up, "no datastore"),
    Check(pod_security.namespaces_enforce_pod_security, "no namespace is declared"),
    Check(
        pod_security.namespaces_enforce_pod_security,
        "no namespace of ours is in the cluster",
        live=("Namespace",),
    ),
    Check(pod_security.pods_meet_baseline, "no pod outside Kubernetes' own and the platform's namespaces"),
    Check(pod_security.pods_meet_baseline, "no pod of ours is in the cluster", live=("Namespace", *POD_KINDS)),
    Check(pod_security.pods_meet_restricted, "no pod outside Kubernetes' own and the platform's namespaces"),
    Check(admission.admission_policies_are_enforced, "no workload, no Service and no policy"),
    Check(
        admission.admission_policies_are_enforced,
        "no workload and no policy in the cluster",
        live=_POLICIES,
        whole=True,
    ),
    Check(admission.objects_pass_admission_policies, "no admission policy that judges an object"),
    Check(admission.image_signatures_are_verified, "no workload outside the platform's namespaces"),
    Check(tokens.service_account_tokens_are_needed, "no pod"),
    Check(data.data_manifest_is_valid, "no dataset"),
    Check(data.dataset_checksums_match, "no dataset"),
    Check(data_history.dataset_versions_are_immutable, "the data manifest has no earlier revision"),
    Check(data_loading.data_reconciler_is_wired, "no dataset"),
    Check(data_history.data_rollback_resolves, "the data manifest has no earlier revision"),
    Check(data_approval.datasets_are_approved, "no dataset"),
    Check(data_stac.stac_items_are_valid, "no STAC record"),
    Check(loads.only_reconciler_loads_data, "no workload and no binding"),
    Check(loads.only_reconciler_loads_data, "no workload and no binding in the cluster", live=(*_RBAC, *POD_KINDS)),
    Check(schema.objects_match_schema, "nothing was rendered"),
    Check(render.render_is_reproducible, "nothing was rendered"),
    Check(live_exposure.ingress_serves_hosts, "no public host"),
    Check(live_exposure.live_datastores_are_private, "no datastore"),
    Check(live_enforcement.live_policies_are_enforced, "no namespace is declared"),
    Check(operations.rollbacks_are_recorded, "no rollback is recorded"),
    Check(change_additions.no_secret_or_endpoint_added, "nothing changes"),
    Check(render.overlay_renders, "nothing was rendered"),
    Check(change_rollback.diff_summary_is_generated, "nothing changes"),
    Check(readme_checks.readme_references_resolve, "the README refers to nothing"),
)
