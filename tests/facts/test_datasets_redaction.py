"""Where logs are made and carried, and what of a request they tell."""

from __future__ import annotations

import pytest

from kfm_checks.facts.datasets_redaction import redactions
from kfm_checks.facts.network.facts import exposures
from kfm_checks.facts.objects import inventory
from kfm_checks.facts.workloads import workloads
from kfm_checks.manifests import parse_manifests


def seen(text: str) -> list[tuple[str, bool | None]]:
    """Each place of logs by its path, and whether it is redacted."""
    known = inventory(parse_manifests(text))
    found = redactions(known, exposures(known, workloads(known), ()))
    return [("/".join(map(str, one.path)), one.ok) for one in found]


def config(data: str, kind: str = "ConfigMap") -> str:
    """A ConfigMap."""
    return f"---\napiVersion: v1\nkind: {kind}\nmetadata: {{name: c, namespace: a}}\ndata: {data}\n"


INGRESS = """---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: w, namespace: a, annotations: {%s}}
spec: {rules: [{host: h.example.org, http: {paths: [{path: /, pathType: Prefix, backend: {service: {name: w, port: {number: 80}}}}]}}]}
"""
NGINX = "nginx.ingress.kubernetes.io/"


@pytest.mark.parametrize(
    ("data", "found"),
    [
        ("{disable-access-log: 'true'}", [("data/disable-access-log", True)]), ("{disable-access-log: 'false'}", [("data", None)]),
        ("{log-format-upstream: '$remote_addr $status'}", [("data/log-format-upstream", True)]),
        *((f"{{log-format-upstream: '$remote_addr {name}'}}", [("data/log-format-upstream", False)]) for name in
          ("$request", "$request_uri", "$args", "$query_string", "$request_body", "$http_referer", "$arg_q", "$http_cookie")),
        ("{log-format-upstream: '$request_method $request_time $uri'}", [("data/log-format-upstream", True)]),
        ("{log-format: '%ci'}", [("data/log-format", True)]), ("{log-format: '$args'}", [("data/log-format", False)]),
        ("{access-log-path: /dev/stdout}", [("data", None)]), ("{log-format-upstream: 5}", [("data", None)]),
        ("{disable-access-log: 'false', log-format-upstream: $args}", [("data/log-format-upstream", False)]),
        ("{other: $request}", []), ("text", []),
    ],
)  # fmt: skip
def test_the_log_of_an_ingress_controller(data: str, found: list[tuple[str, bool | None]]) -> None:
    """Off, or in a format that leaves query and body out; an unknown one is not known."""
    assert seen(config(data)) == found
    assert seen(config(data, "Secret")) == []


AT = f"metadata/annotations/{NGINX}"
QUIET = config("{log-format-upstream: $status}")


@pytest.mark.parametrize(
    ("annotation", "found"),
    [
        (f"'{NGINX}enable-access-log': 'False'", (f"{AT}enable-access-log", True)), (f"'{NGINX}enable-access-log': 'true'", ("", None)),
        (f"'{NGINX}configuration-snippet': 'access_log  off;'", (f"{AT}configuration-snippet", True)),
        (f"'{NGINX}server-snippet': 'access_log off;'", (f"{AT}server-snippet", True)),
        (f"'{NGINX}server-snippet': 'access_log /dev/stdout;'", ("", None)),
        (f"'{NGINX}configuration-snippet': 'log_by_lua_block {{ ngx.log(1, $request_body) }}'", (f"{AT}configuration-snippet", False)),
        (f"'{NGINX}configuration-snippet': 'log_by_lua_block {{ ngx.log(1, $status) }}'", ("", None)),
        (f"'{NGINX}configuration-snippet': 'set $x $request_body;'", ("", None)),
        ("team: maps", ("", None)), ("enable-access-log: 'false'", ("", None)),
    ],
)  # fmt: skip
def test_the_log_of_one_ingress(annotation: str, found: tuple[str, bool | None]) -> None:
    """Its own annotations decide; else the controller's format, where it is in the render and quiet."""
    assert seen(INGRESS % annotation) == [found]
    [own] = [one for one in seen(INGRESS % annotation + QUIET) if not one[0].startswith("data")]
    assert own == (found if found[1] is not None else ("", True))
    [own] = [one for one in seen(INGRESS % annotation + config("{log-format: $args}")) if not one[0].startswith("data")]
    assert own == found


def test_a_door_that_is_no_ingress_has_no_log_of_one() -> None:
    """A Service of its own address has no controller that would write one."""
    service = "---\napiVersion: v1\nkind: Service\nmetadata: {name: w, namespace: a}\nspec: {type: LoadBalancer, selector: {a: b}, ports: [{port: 80}]}\n"
    assert seen(service) == []
    assert seen(service + INGRESS % "team: maps") == [("", None)]


def text(content: str) -> str:
    """A ConfigMap with one file, among others."""
    lines = "".join(f"    {line}\n" for line in content.splitlines())
    return f"---\napiVersion: v1\nkind: ConfigMap\nmetadata: {{name: c, namespace: a}}\ndata:\n  a: hello\n  k: |\n{lines}  z: 'service: x'\n"


FLUENT = "[INPUT]\n  Name tail\n%s[OUTPUT]\n  Name loki\n"


@pytest.mark.parametrize(
    ("content", "ok"),
    [
        (FLUENT % "", False), (FLUENT % "[FILTER]\n  Name modify\n  Remove query\n", True),
        (FLUENT % "[filter]\n  name record_modifier\n  remove_key query\n", True),
        (FLUENT % "[FILTER]\n  Name modify\n  Add a b\n", False), (FLUENT % "[FILTER]\n  Name kubernetes\n  Remove query\n", False),
        (FLUENT % "[FILTER]\n  Name modify\n  Add a b\n[FILTER]\n  Name grep\n  Exclude log x\n", True),
        (FLUENT % "[FILTER]\n  Name lua\n  Script a.lua\n", True), ("[input]\n  Name tail\n[output]\n  Name loki\n", False),
        # A file of inputs alone passes nothing on; a filter in it takes something out.
        ("[INPUT]\n  Name tail\n", None), ("[INPUT]\n  Name tail\n[FILTER]\n  Name modify\n  Remove q\n", True),
        ("[FILTER]\n  Name modify\n  Remove q\n", None), ("see [INPUT] for more\n", None),
    ],
)  # fmt: skip
def test_fluent_bit(content: str, ok: bool | None) -> None:
    """A filter that takes something out, or every field is passed on."""
    assert seen(text(content)) == ([("data/k", ok)] if ok is not None else [])


VECTOR = "sources: {a: {type: file}}\ntransforms: %s\nsinks: {b: {type: loki}}\n"


@pytest.mark.parametrize(
    ("content", "ok"),
    [
        (VECTOR % "{t: {source: 'del(.query)'}}", True), (VECTOR % "{t: {source: 'redact(.message)'}}", True),
        (VECTOR % "{t: {source: '.a = replace(.b, 1, 2)'}}", True), (VECTOR % "{t: {source: '.a = 1'}}", False), (VECTOR % "{}", False),
        (VECTOR.replace("sources", "other") % "{}", None), (VECTOR.replace("sinks", "other") % "{}", None),
        ("sinks: [a\n", None), ("sinks: {a: b}\nsources: x\n", None), ("[1, 2]\n", None), ("service: {pipelines: x}\n", None),
    ],
)  # fmt: skip
def test_vector(content: str, ok: bool | None) -> None:
    """A transform that redacts; what is no configuration of it says nothing."""
    assert seen(text(content)) == ([("data/k", ok)] if ok is not None else [])


PROCESSORS = {
    "redaction": "{redaction: {}}", "redaction/pii": "{redaction/pii: {}}",
    "attributes": "{attributes: {actions: [{key: q, action: delete}]}}",
    "transform": "{transform: {log_statements: [{statements: ['delete_key(attributes, \"q\")']}]}}",
    "filter": "{filter: {logs: {exclude: {}}}}", "resource": "{resource: {attributes: [{key: q, action: hash}]}}",
    "batch": "{batch: {exclude: x}}", "attributes/add": "{attributes/add: {actions: [{key: q, action: insert}]}}",
    "attributes/other": "{attributes: {actions: [{key: q, action: delete}]}}",
}  # fmt: skip
OTEL = "{processors: %s, service: {pipelines: {%s: {processors: %s}}}}"
GOOD = {"redaction", "redaction/pii", "attributes", "transform", "filter", "resource"}
AS_TEXT, AS_OBJECT = "text", "object"


def collector(settings: str, how: str) -> str:
    """An OpenTelemetry collector with these settings, in a ConfigMap or as an operator's object."""
    if how == AS_OBJECT:
        return f"apiVersion: opentelemetry.io/v1beta1\nkind: OpenTelemetryCollector\nmetadata: {{name: c, namespace: a}}\nspec: {{config: {settings}}}\n"
    whole = settings.replace("{processors: ", "processors: ", 1).replace(", service: ", "\nservice: ", 1)[:-1]
    return text(whole)


@pytest.mark.parametrize("how", [AS_TEXT, AS_OBJECT])
@pytest.mark.parametrize("name", PROCESSORS)
def test_an_open_telemetry_collector(name: str, how: str) -> None:
    """Its pipelines of logs and traces use a processor that takes something out; metrics carry no request."""
    at = "data/k" if how == AS_TEXT else "spec/config"
    for kind, told in (("logs", True), ("traces", True), ("logs/x", True), ("metrics", False)):
        used = OTEL % (PROCESSORS[name], kind, f"[batch, {name}]")
        assert seen(collector(used, how)) == ([(at, name in GOOD)] if told else [])
        unused = OTEL % (PROCESSORS[name], kind, "[batch]")
        assert seen(collector(unused, how)) == ([(at, False)] if told else [])


def test_a_collector_whose_settings_are_a_text() -> None:
    """As the operator's first version has them."""
    lines = "\n    ".join(("processors: {redaction: {}}", "service: {pipelines: {logs: {processors: [redaction]}}}"))
    assert seen(
        f"apiVersion: opentelemetry.io/v1alpha1\nkind: OpenTelemetryCollector\nmetadata: {{name: c}}\nspec:\n  config: |\n    {lines}\n"
    ) == [("spec/config", True)]
    assert (
        seen(
            "apiVersion: opentelemetry.io/v1alpha1\nkind: OpenTelemetryCollector\nmetadata: {name: c}\nspec: {config: 5}\n"
        )
        == []
    )


@pytest.mark.parametrize(
    ("settings", "found"),
    [
        ("{processors: x, service: {pipelines: {logs: {processors: x}}}}", [False]),
        ("{processors: {}, service: {pipelines: {logs: x, traces: {}}}}", [False]), ("{processors: {}, service: {pipelines: x}}", []),
        ("{processors: {redaction: {}}, service: {pipelines: {a: {}, logs: {processors: [redaction]}, metrics: {}, traces: {}}}}", [False, True]),
    ],
)  # fmt: skip
def test_pipelines_of_a_collector_each_by_itself(settings: str, found: list[bool]) -> None:
    """Also where one of them is no pipeline."""
    assert sorted(ok for _, ok in seen(collector(settings, AS_OBJECT)) if ok is not None) == found


MESH = "---\napiVersion: %s\nkind: %s\nmetadata: {name: m, namespace: a}\nspec: %s\n"
TELEMETRY = ("telemetry.istio.io/v1", "Telemetry")
FILTER = ("networking.istio.io/v1alpha3", "EnvoyFilter")


@pytest.mark.parametrize(
    ("kind", "spec", "found"),
    [
        (TELEMETRY, "{accessLogging: [{disabled: true}]}", [("spec/accessLogging/0", True)]),
        (TELEMETRY, "{accessLogging: [{providers: [{name: envoy}]}, {disabled: true}]}", [("spec/accessLogging/0", None), ("spec/accessLogging/1", True)]),
        (TELEMETRY, "{accessLogging: [{disabled: false}]}", [("spec/accessLogging/0", None)]), (TELEMETRY, "{tracing: []}", []),
        (("example.org/v1", "Telemetry"), "{accessLogging: [{disabled: true}]}", []),
        (FILTER, "{value: {access_log: [{format: '%RESPONSE_CODE%'}]}}", [("spec", True)]),
        (FILTER, "{value: {access_log: [{format: '%REQ(X-ENVOY-ORIGINAL-PATH?:PATH)%'}]}}", [("spec", False)]),
        (FILTER, "{value: {access_log: [{format: '%req(:path)%'}]}}", [("spec", False)]),
        (FILTER, "{value: {access_log: [{format: '%REQ(:METHOD)%'}]}}", [("spec", True)]), (FILTER, "{value: {format: '%REQ(:PATH)%'}}", []),
        (("example.org/v1", "EnvoyFilter"), "{value: {access_log: []}}", []),
    ],
)  # fmt: skip
def test_the_log_of_a_mesh(kind: tuple[str, str], spec: str, found: list[tuple[str, bool | None]]) -> None:
    """Off, or without path and query; a format that is given elsewhere is not known."""
    assert seen(MESH % (*kind, spec)) == found
