"""Where redaction of logs is configured: at the edge (ingress, mesh) and in the pipelines that carry logs on."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from kfm_checks.errors import ConfigError
from kfm_checks.facts.network.entries import Exposure
from kfm_checks.facts.objects import Inventory, annotations_of, dig, items
from kfm_checks.model import Manifest, Path
from kfm_checks.values import Value
from kfm_checks.yamlfile import parse_yaml

_NGINX = "nginx.ingress.kubernetes.io/"
#: What of nginx' variables tells a query or a body.
_RAW = re.compile(
    r"\$(?:request\b|request_uri\b|args\b|query_string\b|request_body\b|http_referer\b|arg_\w+|http_cookie|http_authorization)"
)
#: Words of an Envoy access log that tell path and query.
_ENVOY_RAW = re.compile(r"%REQ\((?:X-ENVOY-ORIGINAL-PATH|:PATH|X-ENVOY-ORIGINAL-PATH\?:PATH)[^)]*\)%", re.IGNORECASE)
#: OpenTelemetry processors that take something out (opentelemetry-collector-contrib), by the type before the slash.
_OTEL = frozenset({"redaction", "attributes", "transform", "filter", "resource", "logstransform"})
_TAKES_OUT = re.compile(
    r"replace_pattern|replace_all|delete_key|delete_matching|keep_keys|keep_matching|\bset\(\s*body|action['\"]?:\s*['\"]?(?:delete|hash)|blocked_values|allowed_keys|exclude|redact|mask"
)
_FLUENT = re.compile(
    r"\[FILTER\][^\[]*?\bName\s+(?:modify|record_modifier|lua|nest|grep|wasm|content_modifier|sql)\b(?P<rest>[^\[]*)",
    re.IGNORECASE,
)
_FLUENT_OUT = re.compile(
    r"\b(?:remove|remove_key|remove_wildcard|remove_regex|allowlist_key|whitelist_key|exclude|script|wasm_path)\b",
    re.IGNORECASE,
)
_VECTOR = re.compile(r"redact\s*\(|del\s*\(\s*\.|replace\s*\(")


class Redaction(Value, frozen=True):
    """One place where logs are made or carried. ``ok`` None: what it writes can't be seen."""

    obj: Manifest
    path: Path
    ok: bool | None
    what: str


def redactions(inventory: Inventory, exposures: tuple[Exposure, ...]) -> tuple[Redaction, ...]:
    """Every edge and every log pipeline of the render."""
    found = [*_ingresses(inventory, exposures), *_pipelines(inventory), *_mesh(inventory)]
    return tuple(sorted(found, key=lambda one: (one.obj.key, tuple(map(str, one.path)), one.what)))


def _ingresses(inventory: Inventory, exposures: tuple[Exposure, ...]) -> Iterator[Redaction]:
    formats = [(obj, dig(obj, "data", default={})) for obj in inventory.of("ConfigMap")]
    controllers = [(obj, data) for obj, data in formats if isinstance(data, dict) and _is_controller(data)]
    for obj, data in controllers:
        yield _controller(obj, data)
    quiet = any(_controller(obj, data).ok for obj, data in controllers)
    entries = {
        id(one.entry): one.entry for one in exposures if one.means == "Ingress" or one.entry.key.kind == "Ingress"
    }
    for ingress in entries.values():
        yield _ingress(ingress, quiet)


def _is_controller(data: dict[str, Any]) -> bool:
    return any(key in data for key in ("log-format-upstream", "disable-access-log", "access-log-path", "log-format"))


def _controller(obj: Manifest, data: dict[str, Any]) -> Redaction:
    if str(data.get("disable-access-log")).lower() == "true":
        return Redaction(obj, ("data", "disable-access-log"), True, "the ingress controller writes no access log")
    for key in ("log-format-upstream", "log-format"):
        if isinstance(data.get(key), str):
            raw = _RAW.search(data[key])
            what = f"its log format writes {raw[0]}" if raw else "its log format leaves queries and bodies out"
            return Redaction(obj, ("data", key), not raw, what)
    return Redaction(obj, ("data",), None, "the format of the access log is not given")


def _ingress(obj: Manifest, quiet: bool) -> Redaction:
    notes = annotations_of(obj)
    at: Path = ("metadata", "annotations")
    if notes.get(f"{_NGINX}enable-access-log", "").lower() == "false":
        return Redaction(obj, (*at, f"{_NGINX}enable-access-log"), True, "the edge writes no access log for it")
    for key in ("configuration-snippet", "server-snippet"):
        snippet = notes.get(_NGINX + key, "")
        if re.search(r"access_log\s+off", snippet):
            return Redaction(obj, (*at, _NGINX + key), True, "the edge writes no access log for it")
        if "log_by_lua" in snippet and _RAW.search(snippet):
            return Redaction(obj, (*at, _NGINX + key), False, "its snippet logs raw requests")
    if quiet:
        return Redaction(obj, (), True, "the ingress controller's log leaves queries and bodies out")
    return Redaction(
        obj, (), None, "what the edge logs of its requests is not configured here; the usual format has the query"
    )


def _pipelines(inventory: Inventory) -> Iterator[Redaction]:
    for obj in inventory.of("ConfigMap"):
        data = obj.get("data")
        for name, text in data.items() if isinstance(data, dict) else ():
            if isinstance(text, str):
                yield from _configuration(obj, ("data", str(name)), text)
    for obj in inventory.of("OpenTelemetryCollector", "opentelemetry.io"):
        config = dig(obj, "spec", "config")
        path: Path = ("spec", "config")
        if isinstance(config, dict):
            yield from _otel(obj, path, config)
        elif isinstance(config, str):
            yield from _configuration(obj, path, config)


def _configuration(obj: Manifest, path: Path, text: str) -> Iterator[Redaction]:
    if re.search(r"^\s*\[(?:INPUT|OUTPUT)\]", text, re.MULTILINE | re.IGNORECASE):
        takes = any(_FLUENT_OUT.search(found["rest"]) for found in _FLUENT.finditer(text))
        if takes or re.search(r"^\s*\[OUTPUT\]", text, re.MULTILINE | re.IGNORECASE):
            yield Redaction(obj, path, takes, f"Fluent Bit {'takes fields out' if takes else 'passes every field on'}")
        return
    if not re.search(r"^(?:service|sinks|transforms|pipeline)\s*:", text, re.MULTILINE) and not text.startswith("["):
        return
    try:
        value = parse_yaml(text, shown="").value
    except ConfigError:
        value = None
    if isinstance(value, dict) and isinstance(dig(value, "service", "pipelines"), dict):
        yield from _otel(obj, path, value)
    elif isinstance(value, dict) and isinstance(value.get("sinks"), dict) and isinstance(value.get("sources"), dict):
        takes = bool(_VECTOR.search(str(value.get("transforms") or "")))
        yield Redaction(obj, path, takes, f"Vector {'redacts' if takes else 'passes every field on'}")


def _otel(obj: Manifest, path: Path, config: dict[str, Any]) -> Iterator[Redaction]:
    """Every logs and traces pipeline of an OpenTelemetry collector: spans carry requests as logs do."""
    pipelines = dig(config, "service", "pipelines", default={})
    processors = config.get("processors")
    defined = processors if isinstance(processors, dict) else {}
    for name, pipeline in sorted(pipelines.items()) if isinstance(pipelines, dict) else ():
        if str(name).partition("/")[0] not in ("logs", "traces") or not isinstance(pipeline, dict):
            continue
        used = pipeline.get("processors")
        redacting = [one for one in (used if isinstance(used, list) else []) if _takes_out(str(one), defined.get(one))]
        what = f"its pipeline {name} {'redacts by ' + ', '.join(redacting) if redacting else 'passes everything on'}"
        yield Redaction(obj, path, bool(redacting), what)


def _takes_out(name: str, settings: Any) -> bool:
    kind = name.partition("/")[0]
    return kind in _OTEL and (kind == "redaction" or bool(_TAKES_OUT.search(str(settings))))


def _mesh(inventory: Inventory) -> Iterator[Redaction]:
    """Istio: telemetry with access logs off, and Envoy filters that set the log's format."""
    for obj in inventory.of("Telemetry", "telemetry.istio.io"):
        for index, rule in enumerate(items(obj, "spec", "accessLogging")):
            off = rule.get("disabled") is True
            what = "the mesh writes no access log" if off else "the mesh writes access logs in a format not given here"
            yield Redaction(obj, ("spec", "accessLogging", index), True if off else None, what)
    for obj in inventory.of("EnvoyFilter", "networking.istio.io"):
        text = str(dict(obj))
        if "access_log" in text:
            raw = _ENVOY_RAW.search(text)
            what = f"its access log writes {raw[0]}" if raw else "its access log leaves path and query out"
            yield Redaction(obj, ("spec",), not raw, what)
