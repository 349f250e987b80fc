"""Image references by the full grammar, and the places that name them."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kfm_checks.facts.image_updaters import image_updaters
from kfm_checks.facts.images import image_uses, parse_image
from kfm_checks.facts.objects import inventory
from kfm_checks.facts.workloads import workloads

DIGEST = "sha256:" + "0123456789abcdef" * 4


@pytest.mark.parametrize(
    ("text", "name", "tag", "digest"),
    [
        ("nginx", "docker.io/library/nginx", "", ""),
        ("nginx:1.27", "docker.io/library/nginx", "1.27", ""),
        ("bitnami/nginx", "docker.io/bitnami/nginx", "", ""),
        ("index.docker.io/nginx", "docker.io/library/nginx", "", ""),
        ("localhost/nginx", "localhost/nginx", "", ""),
        ("localhost:5000/a/b:v1", "localhost:5000/a/b", "v1", ""),
        ("registry.example:5000/kfm/api", "registry.example:5000/kfm/api", "", ""),
        ("[2001:db8::1]:5000/kfm/api:v1", "[2001:db8::1]:5000/kfm/api", "v1", ""),
        (f"ghcr.io/kfm/api@{DIGEST}", "ghcr.io/kfm/api", "", DIGEST),
        (f"ghcr.io/kfm/api:latest@{DIGEST}", "ghcr.io/kfm/api", "latest", DIGEST),
        ("a__b/c-d.e_f", "docker.io/a__b/c-d.e_f", "", ""),
    ],
)
def test_grammar(text: str, name: str, tag: str, digest: str) -> None:
    """Registry, repository, tag and digest, normalised as distribution/reference does."""
    found = parse_image(text)
    assert (found.name, found.tag, found.digest) == (name, tag, digest)


@pytest.mark.parametrize(
    "text",
    [
        "",
        ":",
        "Nginx",
        "nginx:",
        "nginx:-x",
        "nginx@",
        "nginx@sha256:abc",
        f"nginx@{DIGEST.upper()}",
        "nginx@md5:" + "0" * 32,
        "a/",
        "/a",
        "a b",
        "a..b/c",
        "http://nginx",
        "x" * 256,
        "0123456789abcdef" * 4,
    ],
)
def test_what_the_grammar_refuses(text: str) -> None:
    """A malformed reference raises ValueError with a reason."""
    with pytest.raises(ValueError, match=r"."):
        parse_image(text)


def test_latest_and_pinned() -> None:
    """A digest overrules the tag; no tag means latest."""
    assert parse_image("nginx").latest
    assert parse_image("r:5000/nginx:latest").latest
    assert not parse_image(f"nginx:latest@{DIGEST}").latest
    assert parse_image(f"nginx@{DIGEST}").pinned
    blank = parse_image("nginx:1@sha256:" + "0" * 64)
    assert (blank.blank, blank.pinned, blank.latest) == (True, False, False)
    assert not parse_image("nginx:1").blank


def test_within_a_registry() -> None:
    """A declared registry or repository matches whole parts of the name alone."""
    image = parse_image("registry.kfm.example/kfm/api:1")
    assert image.within("registry.kfm.example")
    assert image.within("https://registry.kfm.example/kfm/") and image.within(" http://registry.kfm.example ")
    assert not image.within("registry.kfm")
    assert not image.within("")
    assert parse_image("nginx:1").within("docker.io")


def uses(*objects: dict[str, Any]) -> set[str]:
    """The texts of all image uses of these objects."""
    seen = inventory(objects)
    return {use.text for use in image_uses(seen, workloads(seen))}


def test_places_that_name_images() -> None:
    """Every role of container, image volumes, and fields of custom resources."""
    spec = {
        "containers": [{"name": "a", "image": "a:1"}],
        "initContainers": [{"name": "b", "image": "b:1"}],
        "ephemeralContainers": [{"name": "c", "image": "c:1"}],
        "volumes": [{"name": "v", "image": {"reference": "v:1"}}, {"name": "e", "emptyDir": {}}],
    }
    assert uses({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"}, "spec": spec}) == {
        "a:1",
        "b:1",
        "c:1",
        "v:1",
    }
    workflow = {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "CronWorkflow",
        "metadata": {"name": "w"},
        "spec": {"workflowSpec": {"templates": [{"container": {"image": "w:1"}}, {"script": {"image": "{{x}}"}}]}},
    }
    assert uses(workflow) == {"w:1", "{{x}}"}
    cluster = {
        "apiVersion": "postgresql.cnpg.io/v1",
        "kind": "Cluster",
        "metadata": {"name": "c"},
        "spec": {"imageName": "pg:16"},
    }
    prometheus = {
        "apiVersion": "monitoring.coreos.com/v1",
        "kind": "Prometheus",
        "metadata": {"name": "p"},
        "spec": {"image": "prom:3", "containers": [{"name": "proxy", "image": "proxy:1"}]},
    }
    assert uses(cluster, prometheus) == {"pg:16", "prom:3", "proxy:1"}


def test_updaters_outside_git() -> None:
    """Argo CD Image Updater's default write-back changes images past git; writing to git does not."""

    def application(method: str) -> dict[str, Any]:
        notes = {
            "argocd-image-updater.argoproj.io/image-list": "api=ghcr.io/kfm/api:~1.4, ghcr.io/kfm/web",
            "argocd-image-updater.argoproj.io/write-back-method": method,
        }
        return {
            "apiVersion": "argoproj.io/v1alpha1",
            "kind": "Application",
            "metadata": {"name": "a", "annotations": notes},
        }

    (found,) = image_updaters(inventory([application("argocd")]))
    assert found.changes(parse_image("ghcr.io/kfm/api:1.4.2"))
    assert found.changes(parse_image("ghcr.io/kfm/web:1"))
    assert not found.changes(parse_image("ghcr.io/kfm/other:1"))
    assert image_updaters(inventory([application("git:secret:argocd/token")])) == ()
    assert image_updaters(inventory([{**application(""), "metadata": {"name": "a"}}])) == ()
    template = {"metadata": application("argocd")["metadata"], "spec": {}}
    generated = {"apiVersion": "argoproj.io/v1alpha1", "kind": "ApplicationSet", "metadata": {"name": "g"}}
    (found,) = image_updaters(
        inventory([{**generated, "spec": {"template": template}}, {**generated, "spec": {"template": []}}])
    )
    assert (found.obj.key.name, found.names) == ("g", {"ghcr.io/kfm/api", "ghcr.io/kfm/web"})


@pytest.mark.parametrize(
    ("listed", "names"),
    [
        ("nginx", {"docker.io/library/nginx"}), ("a=nginx", {"docker.io/library/nginx"}),
        ("localhost:5000/x", {"localhost:5000/x"}), ("localhost:5000/x:1.x", {"localhost:5000/x"}),
        ("ghcr.io/a/b@sha256:" + "0" * 64, {"ghcr.io/a/b"}), ("UPPER CASE, ghcr.io/a/b", {"ghcr.io/a/b"}), ("", set()),
    ],
)  # fmt: skip
def test_names_that_an_updater_lists(listed: str, names: set[str]) -> None:
    """With an alias, a registry's port, a constraint or a digest; writing to Argo CD is what it does unless told."""
    notes = {"argocd-image-updater.argoproj.io/image-list": listed}
    head = {"apiVersion": "argoproj.io/v1alpha1", "kind": "Application"}
    found = image_updaters(inventory([{**head, "metadata": {"name": "a", "annotations": notes}}]))
    assert {name for one in found for name in one.names} == names


@pytest.mark.parametrize(
    ("whole", "own", "changes"),
    [
        (None, None, True),
        ("argocd", None, True),
        ("git", None, False),
        ("git", "argocd", True),
        (None, "git:repocreds", False),
    ],
)
def test_updaters_as_objects(whole: str | None, own: str | None, changes: bool) -> None:
    """The resource ``ImageUpdater``: the way of writing of one application wins over that of the whole object."""
    reference = {"namePattern": "*", "images": [{"alias": "a", "imageName": "ghcr.io/kfm/api:~1"}]}
    spec = {"applicationRefs": [{**reference, **({"writeBackConfig": {"method": own}} if own else {})}]}
    spec |= {"writeBackConfig": {"method": whole}} if whole else {}
    head = {
        "apiVersion": "argocd-image-updater.argoproj.io/v1alpha1",
        "kind": "ImageUpdater",
        "metadata": {"name": "u"},
    }
    found = image_updaters(inventory([{**head, "spec": spec}]))
    assert [one.names for one in found] == ([{"ghcr.io/kfm/api"}] if changes else [])


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=40))
def test_any_text_is_read_or_refused(text: str) -> None:
    """The parser answers or raises ValueError; what it reads it reads again from its own name."""
    try:
        found = parse_image(text)
    except ValueError:
        return
    again = parse_image(
        found.name + (f":{found.tag}" if found.tag else "") + (f"@{found.digest}" if found.digest else "")
    )
    assert again == found


@pytest.mark.parametrize(("algorithm", "length"), [("sha256", 64), ("sha384", 96), ("sha512", 128)])
def test_each_digest_algorithm_has_its_length(algorithm: str, length: int) -> None:
    """The length and the lower case of the value are both asked for."""
    assert parse_image(f"a@{algorithm}:{'b' * length}").pinned
    for wrong in ("b" * (length - 1), "b" * (length + 1), "B" * length):
        with pytest.raises(ValueError, match="the digest is malformed"):
            parse_image(f"a@{algorithm}:{wrong}")


def test_a_name_is_at_most_255_long() -> None:
    """The grammar's own bound."""
    assert parse_image("r.example/" + "a" * 255).repository == "a" * 255
    with pytest.raises(ValueError, match="the repository's name"):
        parse_image("r.example/" + "a" * 256)


@pytest.mark.parametrize(
    ("prefix", "inside"),
    [
        ("index.docker.io", True),
        ("index.docker.io/library", True),
        ("https://docker.io/", True),
        ("index.docker.io.example", False),
        ("docker.io/lib", False),
        ("", False),
    ],
)
def test_within_docker_hub(prefix: str, inside: bool) -> None:
    """Docker Hub's two names are one, and a prefix ends at a slash."""
    assert parse_image("nginx").within(prefix) is inside


@pytest.mark.parametrize("text", ["{{workflow.parameters.image}}", "$(params.image)", "${IMAGE}"])
def test_a_parameter_is_left_open(text: str) -> None:
    """What gives the image only when it runs is neither pinned nor wrong."""
    pod = {"containers": [{"name": "a", "image": text}, {"name": "b", "image": 5}, {"name": "c", "image": " "}]}
    known = inventory([{"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"}, "spec": pod}])
    opened, number, absent = image_uses(known, workloads(known))
    assert (opened.open, opened.reference) == (True, None)
    assert number.reference is not None
    assert number.text == "5"
    assert (absent.text, absent.problem) == ("", "no image is given")


def test_the_places_of_a_pod_and_of_a_custom_resource() -> None:
    """Containers of each role and image volumes, in a pod template and where a custom resource has a pod or a path."""
    pod = {
        "initContainers": [{"name": "i", "image": "i"}],
        "containers": [{"image": "c"}],
        "ephemeralContainers": [{"name": "e", "image": "e"}],
        "volumes": [{"name": "v", "image": {"reference": "v"}}, {"name": "w", "emptyDir": {}}],
    }
    pooler = {"apiVersion": "postgresql.cnpg.io/v1", "kind": "Pooler", "metadata": {"name": "p"}}
    cluster = {"apiVersion": "postgresql.cnpg.io/v1", "kind": "Cluster", "metadata": {"name": "c"}}
    known = inventory([{**pooler, "spec": {"template": {"spec": pod}}}, {**cluster, "spec": {"imageName": "pg"}}])
    found = {use.text: (use.path, use.user) for use in image_uses(known, workloads(known))}
    at = ("spec", "template", "spec")
    assert found == {
        "i": ((*at, "initContainers", 0, "image"), "container i"),
        "c": ((*at, "containers", 0, "image"), "container 0"),
        "e": ((*at, "ephemeralContainers", 0, "image"), "container e"),
        "v": ((*at, "volumes", 0, "image", "reference"), "volume v"),
        "pg": (("spec", "imageName"), "field imageName"),
    }


def test_what_is_no_container_uses_no_image() -> None:
    """Text among the steps, a step without an image; and a field is named by its whole path."""
    task = {"apiVersion": "tekton.dev/v1", "kind": "Task", "metadata": {"name": "t"}}
    chart = {"apiVersion": "opentelemetry.io/v1", "kind": "Instrumentation", "metadata": {"name": "i"}}
    given = [
        {**task, "spec": {"steps": ["text", {"name": "a"}, {"image": "x"}]}},
        {**chart, "spec": {"go": {"image": "y"}}},
    ]
    known = inventory(given)
    assert [(use.text, use.user) for use in image_uses(known, workloads(known))] == [
        ("x", "container steps"),
        ("y", "field go.image"),
    ]


@pytest.mark.parametrize(
    ("api", "kind", "spec"),
    [
        ("tekton.dev/v1", "Task", {"steps": [{"image": "x"}], "sidecars": [{"image": "y"}], "stepTemplate": {"image": "z"}}),
        ("tekton.dev/v1", "TaskRun", {"taskSpec": {"steps": [{"image": "x"}, {"image": "y"}], "sidecars": [{"image": "z"}]}}),
        ("tekton.dev/v1", "Pipeline", {"tasks": [{"taskSpec": {"steps": [{"image": "x"}, {"image": "y"}]}}], "finally": [{"taskSpec": {"steps": [{"image": "z"}]}}]}),
        ("tekton.dev/v1", "PipelineRun", {"pipelineSpec": {"tasks": [{"taskSpec": {"steps": [{"image": "x"}, {"image": "y"}, {"image": "z"}]}}]}}),
        ("argoproj.io/v1alpha1", "Workflow", {"templates": [{"container": {"image": "x"}}, {"script": {"image": "y"}, "initContainers": [{"image": "z"}]}]}),
        ("argoproj.io/v1alpha1", "WorkflowTemplate", {"templates": [{"sidecars": [{"image": "x"}], "containerSet": {"containers": [{"image": "y"}], "initContainers": [{"image": "z"}]}}]}),
        ("argoproj.io/v1alpha1", "ClusterWorkflowTemplate", {"templateDefaults": {"container": {"image": "x"}, "script": {"image": "y"}}, "templates": [{"container": {"image": "z"}}]}),
        ("monitoring.coreos.com/v1", "Prometheus", {"image": "x", "thanos": {"image": "y"}, "initContainers": [{"image": "z"}]}),
        ("monitoring.coreos.com/v1", "Alertmanager", {"image": "x", "containers": [{"image": "y"}], "initContainers": [{"image": "z"}]}),
        ("serving.knative.dev/v1", "Configuration", {"template": {"spec": {"containers": [{"image": "x"}, {"image": "y"}], "initContainers": [{"image": "z"}]}}}),
        ("serving.knative.dev/v1", "Revision", {"containers": [{"image": "x"}, {"image": "y"}, {"image": "z"}]}),
        ("opentelemetry.io/v1beta1", "OpenTelemetryCollector", {"image": "x", "initContainers": [{"image": "y"}], "additionalContainers": [{"image": "z"}]}),
        ("opentelemetry.io/v1alpha1", "Instrumentation", {"java": {"image": "x"}, "python": {"image": "y"}, "dotnet": {"image": "z"}}),
        ("opentelemetry.io/v1alpha1", "Instrumentation", {"nodejs": {"image": "x"}, "go": {"image": "y"}, "nginx": {"image": "z"}, "apacheHttpd": {"image": "x"}}),
        ("acid.zalan.do/v1", "postgresql", {"dockerImage": "x", "sidecars": [{"image": "y"}], "initContainers": [{"image": "z"}]}),
        ("postgres-operator.crunchydata.com/v1beta1", "PostgresCluster", {"image": "x", "backups": {"pgbackrest": {"image": "y"}}, "proxy": {"pgBouncer": {"image": "z"}}}),
        ("postgresql.cnpg.io/v1", "ImageCatalog", {"images": [{"image": "x"}, {"image": "y"}, {"image": "z"}]}),
        ("postgresql.cnpg.io/v1", "ClusterImageCatalog", {"images": [{"image": "x"}, {"image": "y"}, {"image": "z"}]}),
        ("elasticsearch.k8s.elastic.co/v1", "Elasticsearch", {"image": "x", "nodeSets": [{"podTemplate": {"spec": {"containers": [{"image": "y"}], "initContainers": [{"image": "z"}]}}}]}),
        ("kibana.k8s.elastic.co/v1", "Kibana", {"image": "x", "podTemplate": {"spec": {"containers": [{"image": "y"}, {"image": "z"}]}}}),
        ("ray.io/v1", "RayCluster", {"headGroupSpec": {"template": {"spec": {"containers": [{"image": "x"}]}}}, "workerGroupSpecs": [{"template": {"spec": {"containers": [{"image": "y"}, {"image": "z"}]}}}]}),
        ("ray.io/v1", "RayJob", {"rayClusterSpec": {"headGroupSpec": {"template": {"spec": {"containers": [{"image": "x"}, {"image": "y"}, {"image": "z"}]}}}}}),
        ("ray.io/v1", "RayService", {"rayClusterConfig": {"workerGroupSpecs": [{"template": {"spec": {"containers": [{"image": "x"}, {"image": "y"}, {"image": "z"}]}}}]}}),
        ("sparkoperator.k8s.io/v1beta2", "SparkApplication", {"image": "x", "driver": {"image": "y"}, "executor": {"image": "z"}}),
        ("sparkoperator.k8s.io/v1beta2", "ScheduledSparkApplication", {"template": {"image": "x", "driver": {"image": "y"}, "executor": {"image": "z"}}}),
        ("batch.volcano.sh/v1alpha1", "Job", {"tasks": [{"template": {"spec": {"containers": [{"image": "x"}, {"image": "y"}, {"image": "z"}]}}}]}),
        ("jobset.x-k8s.io/v1alpha2", "JobSet", {"replicatedJobs": [{"template": {"spec": {"template": {"spec": {"containers": [{"image": "x"}, {"image": "y"}, {"image": "z"}]}}}}}]}),
        ("leaderworkerset.x-k8s.io/v1", "LeaderWorkerSet", {"leaderWorkerTemplate": {"leaderTemplate": {"spec": {"containers": [{"image": "x"}]}}, "workerTemplate": {"spec": {"containers": [{"image": "y"}, {"image": "z"}]}}}}),
        ("keda.sh/v1alpha1", "ScaledJob", {"jobTargetRef": {"template": {"spec": {"containers": [{"image": "x"}, {"image": "y"}, {"image": "z"}]}}}}),
        ("kafka.strimzi.io/v1beta2", "Kafka", {"kafka": {"image": "x"}, "zookeeper": {"image": "y"}, "other": {"image": "w"}}),
        ("opensearch.opster.io/v1", "OpenSearchCluster", {"general": {"image": "x"}, "dashboards": {"image": "y"}}),
        ("redis.redis.opstreelabs.in/v1beta2", "Redis", {"kubernetesConfig": {"image": "x"}, "redisExporter": {"image": "y"}}),
        *((api, kind, {"image": "x"}) for api, kind in (("minio.min.io/v2", "Tenant"), ("rabbitmq.com/v1beta1", "RabbitmqCluster"), ("k8s.mariadb.com/v1alpha1", "MariaDB"))),
    ],
)  # fmt: skip
def test_every_place_of_a_custom_resource(api: str, kind: str, spec: dict[str, Any]) -> None:
    """As its CustomResourceDefinition has it; nothing is read from a kind of the same name in another group."""
    wanted = {text for text in ("x", "y", "z") if f"'{text}'" in str(spec)}
    obj = {"apiVersion": api, "kind": kind, "metadata": {"name": "o"}, "spec": spec}
    assert uses(obj) == wanted
    assert uses({**obj, "apiVersion": "example.org/v1"}) == set()


def test_the_path_of_one_container_and_of_a_list() -> None:
    """A field that holds one container has no index."""
    spec = {"templates": [{"container": {"image": "a"}, "sidecars": [{"name": "s", "image": "b"}]}]}
    known = inventory(
        [{"apiVersion": "argoproj.io/v1alpha1", "kind": "Workflow", "metadata": {"name": "w"}, "spec": spec}]
    )
    found = {use.text: (use.path, use.user) for use in image_uses(known, workloads(known))}
    assert found == {
        "a": (("spec", "templates", 0, "container", "image"), "container container"),
        "b": (("spec", "templates", 0, "sidecars", 0, "image"), "container s"),
    }
