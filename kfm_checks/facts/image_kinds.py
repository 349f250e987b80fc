"""Custom resources that name images, and where; from the reference pages of each project."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, NamedTuple


class ImageField(NamedTuple):
    """A path (``*``: each item of a list) to an image, to a list of containers (or one), or to a pod spec."""

    path: tuple[str, ...]
    what: Literal["image", "containers", "pod"] = "image"


def _image(*paths: str) -> tuple[ImageField, ...]:
    return tuple(ImageField(tuple(path.split("."))) for path in paths)


def _containers(*paths: str) -> tuple[ImageField, ...]:
    return tuple(ImageField(tuple(path.split(".")), "containers") for path in paths)


def _pod(*paths: str) -> tuple[ImageField, ...]:
    return tuple(ImageField(tuple(path.split(".")), "pod") for path in paths)


_MONITORED = _image("spec.image") + _containers("spec.containers", "spec.initContainers")
_ARGO_TEMPLATES = "spec.templates.*"
_ARGO = _containers(
    *(f"{_ARGO_TEMPLATES}.{field}" for field in ("container", "script", "initContainers", "sidecars")),
    f"{_ARGO_TEMPLATES}.containerSet.containers",
    f"{_ARGO_TEMPLATES}.containerSet.initContainers",
) + _containers("spec.templateDefaults.container", "spec.templateDefaults.script")
_ARGO_CRON = tuple(ImageField(("spec", "workflowSpec", *field.path[1:]), field.what) for field in _ARGO)
_TEKTON = _containers("spec.steps", "spec.sidecars", "spec.stepTemplate")
_TEKTON_RUN = tuple(ImageField(("spec", "taskSpec", *field.path[1:]), field.what) for field in _TEKTON)
_TEKTON_PIPELINE = tuple(
    ImageField(("spec", tasks, "*", "taskSpec", *field.path[1:]), field.what)
    for tasks in ("tasks", "finally")
    for field in _TEKTON
)
_ANALYSIS = _pod("spec.metrics.*.provider.job.spec.template.spec")
_RAY = ("headGroupSpec.template.spec", "workerGroupSpecs.*.template.spec")
_SPARK = ("image", "driver.image", "executor.image")
_ECK = _image("spec.image") + _pod("spec.podTemplate.spec")

#: (group, kind) -> the places of that kind that name images.
IMAGE_FIELDS: Mapping[tuple[str, str], tuple[ImageField, ...]] = {
    ("postgresql.cnpg.io", "Cluster"): _image("spec.imageName"),
    ("postgresql.cnpg.io", "Pooler"): _pod("spec.template.spec"),
    ("postgresql.cnpg.io", "ImageCatalog"): _image("spec.images.*.image"),
    ("postgresql.cnpg.io", "ClusterImageCatalog"): _image("spec.images.*.image"),
    ("acid.zalan.do", "postgresql"): _image("spec.dockerImage") + _containers("spec.sidecars", "spec.initContainers"),
    ("postgres-operator.crunchydata.com", "PostgresCluster"): _image(
        "spec.image", "spec.backups.pgbackrest.image", "spec.proxy.pgBouncer.image"
    ),
    ("monitoring.coreos.com", "Prometheus"): _MONITORED + _image("spec.thanos.image"),
    ("monitoring.coreos.com", "PrometheusAgent"): _MONITORED,
    ("monitoring.coreos.com", "Alertmanager"): _MONITORED,
    ("monitoring.coreos.com", "ThanosRuler"): _MONITORED,
    ("argoproj.io", "Workflow"): _ARGO,
    ("argoproj.io", "WorkflowTemplate"): _ARGO,
    ("argoproj.io", "ClusterWorkflowTemplate"): _ARGO,
    ("argoproj.io", "CronWorkflow"): _ARGO_CRON,
    ("argoproj.io", "AnalysisTemplate"): _ANALYSIS,
    ("argoproj.io", "ClusterAnalysisTemplate"): _ANALYSIS,
    ("sources.knative.dev", "ContainerSource"): _pod("spec.template.spec"),
    ("serving.knative.dev", "Configuration"): _pod("spec.template.spec"),
    ("serving.knative.dev", "Revision"): _pod("spec"),
    ("tekton.dev", "Task"): _TEKTON,
    ("tekton.dev", "ClusterTask"): _TEKTON,
    ("tekton.dev", "TaskRun"): _TEKTON_RUN,
    ("tekton.dev", "Pipeline"): _TEKTON_PIPELINE,
    ("tekton.dev", "PipelineRun"): tuple(
        ImageField(("spec", "pipelineSpec", *field.path[1:]), field.what) for field in _TEKTON_PIPELINE
    ),
    ("opentelemetry.io", "OpenTelemetryCollector"): _image("spec.image")
    + _containers("spec.initContainers", "spec.additionalContainers"),
    ("opentelemetry.io", "Instrumentation"): _image(
        *(f"spec.{language}.image" for language in ("java", "nodejs", "python", "dotnet", "go", "apacheHttpd", "nginx"))
    ),
    ("elasticsearch.k8s.elastic.co", "Elasticsearch"): _image("spec.image") + _pod("spec.nodeSets.*.podTemplate.spec"),
    ("kibana.k8s.elastic.co", "Kibana"): _ECK,
    ("opensearch.opster.io", "OpenSearchCluster"): _image("spec.general.image", "spec.dashboards.image"),
    ("kafka.strimzi.io", "Kafka"): _image("spec.kafka.image", "spec.zookeeper.image"),
    ("minio.min.io", "Tenant"): _image("spec.image"),
    ("rabbitmq.com", "RabbitmqCluster"): _image("spec.image"),
    ("redis.redis.opstreelabs.in", "Redis"): _image("spec.kubernetesConfig.image", "spec.redisExporter.image"),
    ("k8s.mariadb.com", "MariaDB"): _image("spec.image"),
    ("batch.volcano.sh", "Job"): _pod("spec.tasks.*.template.spec"),
    ("ray.io", "RayCluster"): _pod(*(f"spec.{field}" for field in _RAY)),
    ("ray.io", "RayJob"): _pod(*(f"spec.rayClusterSpec.{field}" for field in _RAY)),
    ("ray.io", "RayService"): _pod(*(f"spec.rayClusterConfig.{field}" for field in _RAY)),
    ("sparkoperator.k8s.io", "SparkApplication"): _image(*(f"spec.{field}" for field in _SPARK)),
    ("sparkoperator.k8s.io", "ScheduledSparkApplication"): _image(*(f"spec.template.{field}" for field in _SPARK)),
    ("jobset.x-k8s.io", "JobSet"): _pod("spec.replicatedJobs.*.template.spec.template.spec"),
    ("leaderworkerset.x-k8s.io", "LeaderWorkerSet"): _pod(
        "spec.leaderWorkerTemplate.leaderTemplate.spec", "spec.leaderWorkerTemplate.workerTemplate.spec"
    ),
    ("keda.sh", "ScaledJob"): _pod("spec.jobTargetRef.template.spec"),
}
