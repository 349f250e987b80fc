"""Every fact, in one explicit list. A fact is a pure function; its argument names are other facts or root inputs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from kfm_checks.facts.access.credentials import credential_uses
from kfm_checks.facts.access.grants import access
from kfm_checks.facts.access.personas import personas
from kfm_checks.facts.access.secrets import secret_readers
from kfm_checks.facts.access.sharing import shared_secrets
from kfm_checks.facts.admission import (
    admission_attempts,
    admission_candidates,
    admission_policies,
    admission_run,
    admission_standing,
    image_coverage,
)
from kfm_checks.facts.change import description, diff, ownership, pull_request, reviewers, rollback
from kfm_checks.facts.change_additions import additions
from kfm_checks.facts.ciphertext import sops_claims
from kfm_checks.facts.criticality import criticality
from kfm_checks.facts.datasets import data_manifest, datasets
from kfm_checks.facts.datasets_bytes import located
from kfm_checks.facts.datasets_copies import copies
from kfm_checks.facts.datasets_generalisation import generalisation, measures
from kfm_checks.facts.datasets_history import data_history, rollbacks
from kfm_checks.facts.datasets_loading import loaders
from kfm_checks.facts.datasets_policy import policy_checks
from kfm_checks.facts.datasets_redaction import redactions
from kfm_checks.facts.datasets_stac import stac_records
from kfm_checks.facts.datastores import datastores, operated
from kfm_checks.facts.disruption import budgets
from kfm_checks.facts.gitops import reconcilers
from kfm_checks.facts.governors import admission_engines, quota_governors
from kfm_checks.facts.image_updaters import image_updaters
from kfm_checks.facts.images import image_uses
from kfm_checks.facts.layout import layout, placed, written
from kfm_checks.facts.live import live_objects
from kfm_checks.facts.live_drift import drift
from kfm_checks.facts.live_ways import live_ways
from kfm_checks.facts.made_pods import made_pods
from kfm_checks.facts.manifest_files import manifest_files
from kfm_checks.facts.monitoring import monitoring
from kfm_checks.facts.network.facts import exposures, network
from kfm_checks.facts.network.tls import public_hosts
from kfm_checks.facts.objects import inventory
from kfm_checks.facts.procedures import procedures
from kfm_checks.facts.readme import readme
from kfm_checks.facts.references import references
from kfm_checks.facts.repository import ignored_files, tracked_files
from kfm_checks.facts.resources import limit_ranges, quotas
from kfm_checks.facts.rollouts import delivery_controllers
from kfm_checks.facts.scaling import scales
from kfm_checks.facts.schemas import schemas
from kfm_checks.facts.secrets import file_credentials, object_credentials
from kfm_checks.facts.secrets_makers import secret_makers
from kfm_checks.facts.secrets_uses import direct_backends, secret_uses
from kfm_checks.facts.substitution import variables
from kfm_checks.facts.workloads import containers, workloads
from kfm_checks.model import Method
from kfm_checks.records_history import record_commits

#: What a run is given, and by which method a check that reads it looks. None: it is no evidence by itself.
INPUTS: Mapping[str, Method | None] = {
    "objects": "render",  # tuple[Manifest, ...]
    "gitops_objects": "render",  # tuple[Manifest, ...]: reconcilers that live outside the overlay
    "followed": "render",  # tuple[Followed, ...]: sources of GitOps objects, rendered or not
    "delivery": None,  # kfm_checks.facts.objects.Delivery: where objects without a namespace go; None: to ``default``
    "second_render": "render",  # another renderer's objects, for OPS-01
    "tree": "tree",  # kfm_checks.facts.tree.Tree
    "repository": "git",  # kfm_checks.facts.repository.Repository
    "change": "git",  # pull-request facts
    "base": "git",  # kfm_checks.facts.change_base.Base: what the change starts from
    "cluster": "cluster",  # kfm_checks.facts.cluster.Cluster: a live cluster or a snapshot of one
    "seen": None,  # the same, also where it is too old, or was not reached: for pages, never for a verdict
    "config": None,  # kfm_checks.config.Config
    "records": None,  # tuple[Record, ...]
    "overlay": None,  # kfm_checks.model.Overlay: path, digest, renderer, number of objects
    "target": None,  # kfm_checks.target.Target: what was given, relative paths
    "as_of": None,  # ISO date, the only clock
    "kubernetes_versions": None,  # tuple[str, ...] such as ("1.34",)
    "extra_schemas": None,  # CRDs and JSON Schemas given with --schemas
    "extra_policies": None,  # policies given with --policies
}

#: One line a fact; the name of the function is the name of the fact.
FACTS: Mapping[str, Callable[..., Any]] = {
    fact.__name__: fact
    for fact in (
        inventory,
        variables,
        tracked_files,
        ignored_files,
        record_commits,
        manifest_files,
        reconcilers,
        layout,
        written,
        placed,
        references,
        schemas,
        workloads,
        containers,
        made_pods,
        image_uses,
        image_updaters,
        limit_ranges,
        quotas,
        quota_governors,
        admission_engines,
        scales,
        criticality,
        budgets,
        delivery_controllers,
        monitoring,
        access,
        personas,
        secret_readers,
        shared_secrets,
        credential_uses,
        readme,
        datastores,
        operated,
        network,
        exposures,
        public_hosts,
        sops_claims,
        procedures,
        file_credentials,
        object_credentials,
        secret_makers,
        direct_backends,
        secret_uses,
        admission_policies,
        admission_candidates,
        admission_run,
        admission_standing,
        admission_attempts,
        image_coverage,
        data_manifest,
        datasets,
        located,
        generalisation,
        measures,
        data_history,
        rollbacks,
        loaders,
        copies,
        policy_checks,
        redactions,
        stac_records,
        pull_request,
        description,
        ownership,
        reviewers,
        diff,
        rollback,
        additions,
        live_objects,
        live_ways,
        drift,
    )
}
