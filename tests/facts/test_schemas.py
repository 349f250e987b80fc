"""Objects are held against the schemas that the API server has."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kfm_checks.errors import ManifestError, UsageError
from kfm_checks.facts.objects import inventory
from kfm_checks.facts.schemas import bundled_versions, is_namespaced, list_map_keys, schemas
from kfm_checks.facts.schemas_removed import REMOVALS, deprecations, removal
from kfm_checks.facts.schemas_store import Kind, definitions, kinds, minor_version
from kfm_checks.facts.scopes import CLUSTER_SCOPED
from kfm_checks.manifests import parse_manifests
from kfm_checks.schema_files import load_schemas

NEWEST = bundled_versions()[-1]


def problems(text: str, version: str = NEWEST, extra: tuple[Any, ...] = ()) -> list[tuple[str, str]]:
    """(pointer, message) of what is wrong with the last object of a text."""
    found = parse_manifests(text)
    (chosen,) = schemas(inventory(found), (version,), extra)
    result = chosen.problems(found[-1])
    assert result is not None
    return [("/".join(map(str, problem.path)), problem.message) for problem in result]


def pod(fields: str) -> str:
    """A Pod whose container has further fields."""
    return (
        f"apiVersion: v1\nkind: Pod\nmetadata: {{name: a}}\nspec: {{containers: [{{name: a, image: b, {fields}}}]}}\n"
    )


def crd(schema: str, extra: str = "") -> str:
    """A definition of the kind Kettle, and the head of one."""
    return (
        "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata: {name: kettles.example.org}\n"
        "spec: {group: example.org, scope: Namespaced, names: {kind: Kettle, plural: kettles}, versions: "
        f"[{{name: v1, served: true, storage: true, schema: {{openAPIV3Schema: {schema}}}}}]}}\n{extra}---\n"
        "apiVersion: example.org/v1\nkind: Kettle\nmetadata: {name: a}\n"
    )


@pytest.mark.parametrize(
    ("fields", "place", "words"),
    [
        ("imagePullPolicy: 1", "imagePullPolicy", "a whole number where text belongs"),
        ("imagePullPolicy: never", "imagePullPolicy", "none of the values"),
        ("tty: 'yes'", "tty", "text where true or false belongs"),
        ("args: a", "args", "text where a list belongs"),
        ("args: [a, 1]", "args/1", "a whole number where text belongs"),
        ("resources: []", "resources", "a list where a mapping belongs"),
        ("resources: {limits: {cpu: one}}", "resources/limits/cpu", "not a quantity"),
        ("ports: [{containerPort: 80.5}]", "ports/0/containerPort", "a number where a whole number belongs"),
        ("ports: [{containerPort: 4294967296}]", "ports/0/containerPort", "32-bit"),
        ("ports: [{name: http}]", "ports/0/containerPort", "is missing"),
        ("env: [{name: A}, {name: A}]", "env/1", "duplicate item"),
        ("livenessProbe: {httpGet: {port: 1.5}}", "livenessProbe/httpGet/port", "where a whole number or text"),
        ("imagePulPolicy: Always", "imagePulPolicy", "unknown field 'imagePulPolicy'"),
    ],
)
def test_what_strict_decoding_refuses(fields: str, place: str, words: str) -> None:
    """Types, words, formats, unknown and missing fields, duplicate items: each at its place."""
    ((pointer, message),) = problems(pod(fields))
    assert pointer == f"spec/containers/0/{place}"
    assert words in message


@pytest.mark.parametrize(
    "fields",
    [
        "resources: {limits: {cpu: 1, memory: 1.5Gi, example.org/x: 1e3}}",
        "livenessProbe: {httpGet: {port: http}}",
        "ports: [{containerPort: 53, protocol: TCP}, {containerPort: 53, protocol: UDP}]",
        "env: null, args: null, tty: null",
        "stdin: on",
        "ports: [{containerPort: 8080.0}]",
    ],
)
def test_what_strict_decoding_accepts(fields: str) -> None:
    """Quantities as numbers, ports by name, null as absent, YAML 1.1 booleans, whole floats."""
    assert problems(pod(fields)) == []


@pytest.mark.parametrize(
    ("metadata", "place"),
    [
        ("{}", "metadata/name"),
        ("{name: A}", "metadata/name"),
        ("{name: a_b}", "metadata/name"),
        ("{name: a, namespace: a.b}", "metadata/namespace"),
        ("{name: a, labels: {a b: c}}", "metadata/labels/a b"),
        ("{name: a, labels: {a: b c}}", "metadata/labels/a"),
        ("{name: a, labels: {a: 1}}", "metadata/labels/a"),
        ("{name: a, labels: {-a: b}}", "metadata/labels/-a"),
        ("{name: a, annotations: {a: true}}", "metadata/annotations/a"),
        ("{name: a, annotations: {a/b/c: ''}}", "metadata/annotations/a/b/c"),
        ("{name: a, label: {}}", "metadata/label"),
        ("{name: 1}", "metadata/name"),
        ("[]", "metadata"),
        ("{name: a, namespace: 1}", "metadata/namespace"),
        ("{name: a, namespace: A}", "metadata/namespace"),
        ("{generateName: A-}", "metadata/generateName"),
        ("{generateName: 1}", "metadata/generateName"),
        ("{name: '', generateName: ''}", "metadata/name"),
        ("null", "metadata"),
        (f"{{name: {'a' * 254}}}", "metadata/name"),
        (f"{{name: a, labels: {{a: {'b' * 64}}}}}", "metadata/labels/a"),
        (f"{{name: a, annotations: {{a: {'b' * 262144}}}}}", "metadata/annotations"),
        (f"{{name: a, annotations: {{{'a' * 63}: {'b' * 262082}}}}}", "metadata/annotations"),
    ],
)
def test_metadata(metadata: str, place: str) -> None:
    """Names, labels and annotations as the API server checks them."""
    (obj,) = parse_manifests(f"apiVersion: v1\nkind: ConfigMap\nmetadata: {metadata}\n")
    (chosen,) = schemas(inventory([]), (NEWEST,))
    (problem,) = chosen.problems(obj) or ()
    assert "/".join(map(str, problem.path)) == place
    what = place.rpartition("/")[2]
    assert "is no valid" not in problem.message or place.count("/") > 1 or problem.message.endswith(f"no valid {what}")
    assert (problem.observed == "absent") is (metadata in ("{}", "null", "{name: '', generateName: ''}"))


@pytest.mark.parametrize(
    "metadata",
    [
        f"{{name: {'a' * 253}}}",
        "{name: a, namespace: ''}",
        "{name: a, labels: null, annotations: null}",
        f"{{name: a, labels: {{a: {'b' * 63}, x.io/{'c' * 63}: ''}}}}",
        f"{{name: a, annotations: {{A/b: c, a: {'b' * 262139}}}}}",
        "{name: '', generateName: a-}",
    ],
)
def test_metadata_at_its_limits(metadata: str) -> None:
    """253 characters of a name, 63 of a label, 256 KiB of annotations together with their keys."""
    assert problems(f"apiVersion: v1\nkind: ConfigMap\nmetadata: {metadata}\n") == []


@pytest.mark.parametrize(
    ("head", "spec", "name", "version", "valid"),
    [
        ("apiVersion: v1\nkind: Namespace", "", "a.b", NEWEST, False),
        ("apiVersion: v1\nkind: Event", "involvedObject: {}", "a:b", NEWEST, True),
        ("apiVersion: events.k8s.io/v1\nkind: Event", "eventTime: 2026-01-01T00:00:00.000000Z", "a:b", NEWEST, True),
        (
            "apiVersion: apps/v1\nkind: StatefulSet",
            "spec: {selector: {matchLabels: {a: b}}, serviceName: a, template: {metadata: {labels: {a: b}}, spec: {containers: [{name: a, image: b}]}}}",
            "a.b",
            NEWEST,
            False,
        ),
        ("apiVersion: v1\nkind: ConfigMap", "", "1a", "1.30", True),
        ("apiVersion: v1\nkind: ConfigMap", "", "a.b", NEWEST, True),
        ("apiVersion: v1\nkind: Service", "spec: {ports: [{port: 1}]}", "1a", "1.35", False),
        ("apiVersion: v1\nkind: Service", "spec: {ports: [{port: 1}]}", "a.b", "1.36", False),
        (
            "apiVersion: policy/v1\nkind: PodDisruptionBudget",
            "spec: {selector: {}, minAvailable: 1}",
            "A:b",
            NEWEST,
            True,
        ),
        (
            "apiVersion: policy/v1\nkind: PodDisruptionBudget",
            "spec: {selector: {}, minAvailable: 1}",
            "a%b",
            NEWEST,
            False,
        ),
        ("apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole", "rules: []", "..", NEWEST, False),
        ("apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole", "rules: []", "a/b", NEWEST, False),
    ],
)
def test_the_form_of_a_name(head: str, spec: str, name: str, version: str, valid: bool) -> None:
    """Labels, subdomains and parts of a URL, each for its kinds."""
    found = problems(f"{head}\nmetadata: {{name: '{name}'}}\n{spec}\n", version)
    assert [place for place, _ in found] == ([] if valid else ["metadata/name"])


def test_names_follow_the_kind() -> None:
    """RBAC names may hold a colon, generateName stands for a name, Services were stricter once."""
    assert (
        problems("apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\nmetadata: {name: 'system:a'}\nrules: []")
        == []
    )
    assert problems("apiVersion: v1\nkind: ConfigMap\nmetadata: {generateName: a-}\n") == []
    service = "apiVersion: v1\nkind: Service\nmetadata: {name: 1a}\nspec: {ports: [{port: 1}]}\n"
    assert problems(service, "1.30") != []
    assert problems(service, "1.36") == []


def test_secret_data_is_base64() -> None:
    """Data that is no base64 is refused."""
    secret = "apiVersion: v1\nkind: Secret\nmetadata: {name: a}\ndata: {a: YQ==, b: '%', c: \"YW\\r\\nI=\", d: YQ, e: 'ü', f: ''}\n"
    assert problems(secret) == [(f"data/{key}", "it is not base64") for key in "bde"]


TEMPLATE = (
    "selector: {matchLabels: {a: b}}, template: {metadata: {labels: {a: b}}, spec: {containers: [{name: a, image: b}]}}"
)


def of(spec: str) -> str:
    """The schema of a kind with this schema of its spec."""
    return f"{{type: object, properties: {{spec: {spec}}}}}"


#: A schema, a value of the field ``spec``, and the place that is refused; the API server is asked the same.
STRUCTURAL = (
    (of("{type: object, properties: {a: {type: string}}}"), "{b: 1}", "spec/b"),
    (of("{type: string}"), "null", None),
    (of("{type: array, items: {type: string}}"), "[null]", "spec/0"),
    (of("{type: object, required: [a], properties: {a: {type: string}}}"), "{a: null}", "spec/a"),
    (of("{type: object, minProperties: 1, properties: {a: {type: string}}}"), "{a: null}", "spec"),
    (of("{type: object, additionalProperties: {type: string}}"), "{a: null}", None),
    (of("{x-kubernetes-int-or-string: true}"), "99999999999", None),
    (of("{type: integer, format: int32}"), "99999999999", "spec"),
    (of("{type: string, nullable: true}"), "null", None),
    (of("{type: string, default: a}"), "null", None),
    ("{type: object, required: [spec], properties: {spec: {type: object}}}", "{}", None),
    ("{type: object, required: [status], properties: {status: {type: object}, spec: {}}}", "1", "status"),
    (of("{type: object, additionalProperties: {type: integer}}"), "{a: b}", "spec/a"),
    (of("{type: object, x-kubernetes-preserve-unknown-fields: true}"), "{a: b}", None),
    ("{type: object, x-kubernetes-preserve-unknown-fields: true}", "{a: b}", None),
    (of("{x-kubernetes-int-or-string: true}"), "1.5", "spec"),
    (of("{type: string, pattern: '^a+$'}"), "b", "spec"),
    (of("{type: string, enum: [a, b]}"), "c", "spec"),
    (of("{type: integer, minimum: 2, maximum: 3}"), "4", "spec"),
    (of("{type: integer, minimum: 2, exclusiveMinimum: true}"), "2", "spec"),
    (of("{type: string, maxLength: 1}"), "ab", "spec"),
    (of("{type: array, maxItems: 1, items: {type: string}}"), "[a, b]", "spec"),
    (of("{type: array, x-kubernetes-list-type: set, items: {type: string}}"), "[a, a]", "spec/1"),
    (of("{type: object, properties: {a: {}}, oneOf: [{required: [a]}, {required: [b]}]}"), "{}", "spec"),
    (of("{type: object, properties: {a: {}}, not: {required: [a]}}"), "{a: 1}", "spec"),
    (of("{type: object, x-kubernetes-embedded-resource: true}"), "{apiVersion: v1, kind: 1}", "spec/kind"),
    (of("{type: object, x-kubernetes-embedded-resource: true}"), "{kind: Pod}", "spec/apiVersion"),
    (of("{type: object, x-kubernetes-embedded-resource: true}"), "{apiVersion: v1}", "spec/kind"),
    (of("{type: object, x-kubernetes-embedded-resource: true, required: [kind]}"), "{apiVersion: v1}", "spec/kind"),
    (of("{type: object, x-kubernetes-embedded-resource: true}"), "{apiVersion: v1, kind: Pod, x: 1}", "spec/x"),
    (of("{type: object, x-kubernetes-embedded-resource: true}"), "{apiVersion: v1, kind: Pod}", None),
    (of("{type: integer, minimum: 2, maximum: 3}"), "2", None),
    (of("{type: integer, maximum: 3, exclusiveMaximum: true}"), "3", "spec"),
    (of("{type: integer, multipleOf: 5}"), "12", "spec"),
    (of("{type: string, minLength: 2}"), "a", "spec"),
    (of("{type: string, minLength: 2, maxLength: 2}"), "ab", None),
    (of("{type: array, minItems: 2, items: {type: string}}"), "[a]", "spec"),
    (of("{type: array, minItems: 1, maxItems: 1, items: {type: string}}"), "[a]", None),
    (of("{type: object, additionalProperties: {type: integer}, maxProperties: 1}"), "{a: 1, b: 2}", "spec"),
    (of("{type: object, additionalProperties: {type: integer}, minProperties: 2}"), "{a: 1}", "spec"),
    (of("{type: object, properties: {a: {type: string}}, anyOf: [{required: [a]}, {required: [b]}]}"), "{}", "spec"),
    (of("{type: object, properties: {a: {type: string}}, allOf: [{properties: {a: {minLength: 2}}}]}"), "{a: x}", "spec/a"),
    (of("{type: object, properties: {a: {type: string, default: x}}, required: [a]}"), "{}", None),
    (of("{type: array, x-kubernetes-list-type: map, x-kubernetes-list-map-keys: [a, b], items: {type: object, properties: {a: {type: string}, b: {type: string, default: z}}}}"),
     "[{a: x}, {a: x, b: z}]", "spec/1"),
    (of("{type: array, x-kubernetes-list-type: map, x-kubernetes-list-map-keys: [a, b], items: {type: object, properties: {a: {type: string}, b: {type: string}}}}"),
     "[{a: x, b: q}, {a: x, b: z}]", None),
    (of("{type: array, x-kubernetes-list-type: atomic, items: {type: string}}"), "[a, a]", None),
    (of("{type: number}"), "a", "spec"),
    (of("{type: integer, multipleOf: 5}"), "10", None),
    (of("{type: object, required: [a], properties: {a: {type: string, nullable: true}}}"), "{a: null}", None),
    (of("{type: object, minProperties: 1, properties: {a: {type: string, nullable: true}}}"), "{a: null}", None),
    (of("{type: object, properties: {a: {type: string, nullable: true}}, anyOf: [{required: [a]}]}"), "{a: null}", None),
    (of("{type: object, x-kubernetes-embedded-resource: true}"), "{apiVersion: v1, kind: null}", "spec/kind"),
    (of("{type: object, required: [b], properties: {a: {type: string}, b: {type: string}}}"), "{a: null, b: x}", None),
    (of("{type: object, x-kubernetes-embedded-resource: true}"), "{apiVersion: v1, kind: Pod, metadata: {name: a}}", None),
    (of("{type: object, x-kubernetes-embedded-resource: true}"), "{apiVersion: 1, kind: Pod}", "spec/apiVersion"),
)  # fmt: skip


@pytest.mark.parametrize(("schema", "spec", "place"), STRUCTURAL)
def test_structural_schemas(schema: str, spec: str, place: str | None) -> None:
    """The keywords of a CustomResourceDefinition, as the API server applies them."""
    assert [pointer for pointer, _ in problems(crd(schema) + f"spec: {spec}\n")] == ([place] if place else [])


@pytest.mark.parametrize(
    ("schema", "spec", "place"),
    [
        ("{properties: {a: {type: integer}}}", "{a: b}", "spec/a"),
        ("{additionalProperties: {type: integer}}", "{a: b}", "spec/a"),
        ("{required: [a]}", "{}", "spec/a"),
        ("{items: {type: integer}}", "[a]", "spec/0"),
        ("{properties: {a: {type: integer}}}", "[a]", None),
        ("{items: {type: integer}}", "{a: b}", None),
        ("{items: {type: integer}}", "a", None),
        ("{}", "{a: b}", None),
        ("{type: object, additionalProperties: true}", "{a: b}", None),
        ("{type: object, properties: {a: {}}}", "{b: null}", "spec/b"),
        ("{type: array, items: {type: string, default: a}}", "[null]", None),
    ],
)
def test_a_loose_schema(schema: str, spec: str, place: str | None) -> None:
    """Without a type, words about mappings bind mappings and those about lists bind lists."""
    assert [found for found, _ in problems(crd(of(schema)) + f"spec: {spec}\n")] == ([place] if place else [])


@pytest.mark.parametrize(
    ("schema", "wanted"),
    [("object", "a mapping"), ("array", "a list"), ("string", "text"), ("integer", "a value")],
)
def test_what_belongs_where_null_is(schema: str, wanted: str) -> None:
    """Null among the items of a list is refused, and by what stands in its place."""
    ((_, message),) = problems(crd(of(f"{{type: array, items: {{type: {schema}}}}}")) + "spec: [null]\n")
    assert message == f"null where {wanted} belongs"


@pytest.mark.parametrize(
    ("where", "spec"),
    [
        ("{type: object, RULE, properties: {a: {type: integer}}}", "{a: 1}"),
        ("{type: object, properties: {b: {type: object, RULE, properties: {a: {type: integer}}}}}", "{b: {a: 1}}"),
        ("{type: array, items: {type: object, RULE, properties: {a: {type: integer}}}}", "[{a: 1}]"),
        ("{type: object, additionalProperties: {type: object, RULE, properties: {a: {type: integer}}}}", "{x: {a: 1}}"),
    ],
)
def test_rules_in_cel_are_asked_wherever_they_stand(where: str, spec: str) -> None:
    """Of the object, of a field, of items and of values; what can't be evaluated is no word of guilt."""
    for rule, words, seen in (
        ("self.a > 1", "it breaks", "the rule does not hold"),
        ("nobody(self.a)", "nobody can tell whether it keeps", "not evaluated"),
        ("self.a == 1", "", ""),
    ):
        schema = where.replace("RULE", f"x-kubernetes-validations: [{{rule: {rule}}}]")
        found = parse_manifests(crd(of(schema)) + f"spec: {spec}\n")
        (chosen,) = schemas(inventory(found), (NEWEST,))
        said = [(problem.message, problem.observed, problem.unknown) for problem in chosen.problems(found[-1]) or ()]
        assert [(message.startswith(words), observed) for message, observed, _ in said] == [(True, seen)] * bool(words)


@pytest.mark.parametrize("field", ["maxSurge", "maxUnavailable"])
def test_an_amount_as_text_is_a_percentage(field: str) -> None:
    """A number in quotes is none."""
    spec = f"spec: {{strategy: {{rollingUpdate: {{{field}: '%s'}}}}, {TEMPLATE}}}"
    head = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: a}\n"
    assert problems(head + spec % "50%") == []
    assert [message for _, message in problems(head + spec % "5")] == ["text that is no percentage"]


def test_a_rule_in_cel_of_the_whole_object() -> None:
    """At the root, beside fields without a rule."""
    schema = "{type: object, x-kubernetes-validations: [{rule: self.spec > 1}], properties: {spec: {type: integer}}}"
    assert [message[:9] for _, message in problems(crd(schema) + "spec: 1\n")] == ["it breaks"]
    assert problems(crd(schema) + "spec: 2\n") == []


def test_versions_of_a_definition() -> None:
    """A version that is not served has no schema, one without its own has none; the older form shares one."""
    version = "{name: %s, served: %s, storage: false, schema: {openAPIV3Schema: {type: object}}}"
    head = "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata: {name: k}\n"
    spec = "spec: {group: example.org, names: {kind: K}, versions: [%s, %s, {name: v3}]}"
    newer = parse_manifests(head + spec % (version % ("v1", "false"), version % ("v2", "true")))
    older = parse_manifests(
        head
        + "spec: {group: example.org, names: {kind: L}, version: v1beta1, validation: {openAPIV3Schema: {type: object}}}"
    )
    (chosen,) = schemas(inventory([*newer, *older]), (NEWEST,))
    asked = [("v1", "K"), ("v2", "K"), ("v3", "K"), ("v1beta1", "L"), ("v1", "L")]
    objects = [{"apiVersion": f"example.org/{v}", "kind": k, "metadata": {"name": "a"}, "x": 1} for v, k in asked]
    found = [chosen.problems(obj) for obj in objects]
    assert [None if one is None else len(one) for one in found] == [None, 1, None, 1, None]
    known = [chosen.custom.knows(Kind("example.org", v, k)) for v, k in asked]
    assert known == [False, True, True, True, False]


@pytest.mark.parametrize(
    "text",
    [
        "kind: Pod\nspec: {restartPolicy: '', dnsPolicy: '', containers: [{name: a, image: b, imagePullPolicy: '', terminationMessagePolicy: '', ports: [{containerPort: 1, protocol: ''}], livenessProbe: {httpGet: {port: 1, scheme: ''}}}]}",
        "kind: Service\nspec: {type: '', sessionAffinity: '', externalTrafficPolicy: '', ports: [{port: 1, protocol: ''}]}",
        "kind: LimitRange\nspec: {}",
        f"kind: DaemonSet\nspec: {{updateStrategy: {{type: ''}}, {TEMPLATE}}}",
        f"kind: StatefulSet\nspec: {{serviceName: a, podManagementPolicy: '', updateStrategy: {{type: ''}}, {TEMPLATE}}}",
    ],
)
def test_a_word_that_the_server_fills_in(text: str) -> None:
    """An empty text is none; and what OpenAPI calls required is not always asked for."""
    version = "apps/v1" if "Set" in text else "v1"
    assert problems(f"apiVersion: {version}\nmetadata: {{name: a}}\n{text}\n") == []


def test_anything_may_stand_in_a_free_mapping() -> None:
    """A mapping of which OpenAPI says nothing: the data of a revision."""
    head = "apiVersion: apps/v1\nkind: ControllerRevision\nmetadata: {name: a}\nrevision: 1\n"
    assert problems(f"{head}data: {{a: {{b: [1]}}}}\n") == []


@pytest.mark.parametrize(
    ("field", "wanted"),
    [("imagePulPolicy: a", "perhaps 'imagePullPolicy'"), ("TTY: true", "perhaps 'tty'"), ("x: 1", "one of args, ")],
)
def test_what_an_unknown_field_was_meant_to_be(field: str, wanted: str) -> None:
    """The one that is nearly called so, the one of other letters, else all that there are."""
    found = parse_manifests(pod(field))
    (chosen,) = schemas(inventory(found), (NEWEST,))
    (problem,) = chosen.problems(found[0]) or ()
    assert problem.expected.startswith(wanted)
    assert problem.observed == "present"


def test_words_allowed_and_what_is_missing() -> None:
    """The words are listed, the empty one in quotes; a field that is missing is absent."""
    spec = "spec: {containers: [{name: a, image: b, ports: [{}]}], tolerations: [{key: a, effect: Never}]}"
    found = parse_manifests(f"apiVersion: v1\nkind: Pod\nmetadata: {{name: a}}\n{spec}\n")
    (chosen,) = schemas(inventory(found), (NEWEST,))
    missing, word = chosen.problems(found[0]) or ()
    assert (missing.expected, missing.observed, missing.unknown) == ("a value", "absent", False)
    assert word.expected == 'one of "", NoSchedule, PreferNoSchedule, NoExecute'


def test_what_is_no_mapping_or_has_no_key_hides_no_duplicate() -> None:
    """Each is a finding of its own, and the next two are held against each other still."""
    for first in ("1", "{protocol: UDP}"):
        found = problems(pod(f"ports: [{first}, {{containerPort: 80}}, {{containerPort: 80}}]"))
        assert [place.rpartition("ports/")[2] for place, _ in found][-1] == "2"
        assert len(found) == 2


@pytest.mark.parametrize(
    ("value", "right"),
    [
        ("2026-01-31T12:00:00Z", True),
        ("2026-01-31t12:00:00.5+01:00", True),
        ("2026-01-31", False),
        ("2026-13-31T12:00:00Z", False),
    ],
)
def test_times_are_those_of_the_decoder(value: str, right: bool) -> None:
    """RFC 3339, in Kubernetes' own kinds."""
    text = f"apiVersion: coordination.k8s.io/v1\nkind: Lease\nmetadata: {{name: a}}\nspec: {{acquireTime: '{value}'}}\n"
    assert (problems(text) == []) is right


def test_metadata_of_custom_resources_is_checked_too() -> None:
    """The metadata of a custom resource is that of every object."""
    assert [place for place, _ in problems(crd("{type: object}").replace("{name: a}", "{name: a, labels: []}"))] == [
        "metadata/labels"
    ]


#: Patterns are Go's: what ends, which letters, which flags; a value of ``spec`` and whether it is refused.
PATTERNS = (
    ("^a+$", "|\n  a\n", True),  # the line break is a character, and the end is behind it
    ("^a+$", "a", False),
    ("^(?i)(debug|info)$", "DEBUG", False),
    ("(?i)^a$", "B", True),
    ("^[[:alpha:]]+[[:digit:]]$", "ab1", False),
    ("^[[:alpha:]]+$", "ab1", True),
    ("^[^[:space:]]+$", "a b", True),
    *(
        (f"^[[:{name}:]]$", good, False)
        for name, good in (
            ("lower", "a"),
            ("upper", "A"),
            ("xdigit", "f"),
            ("word", "_"),
            ("alnum", "Z"),
            ("space", "' '"),
        )
    ),
    *(
        (f"^[[:{name}:]]$", bad, True)
        for name, bad in (
            ("lower", "A"),
            ("upper", "a"),
            ("xdigit", "g"),
            ("word", "'-'"),
            ("alnum", "_"),
            ("space", "x"),
        )
    ),
    ("^[[:digit:]]$", "X", True),
    ("^[[:xdigit:]]$", "X", True),
    ("^[[:space:]]$", "X", True),
    ("^(?i)a$", "B", True),
    ("^[[:lower:]]$", "X", True),
    ("^[]$]$", "$", False),
    (r"^\\$$", "$", False),
    (r"^[a-z]\\z", "ab", True),
    ("(?m)^a$", "|\n  a\n  b\n", False),
    ("^[[:nope:]]$", "b", False),  # Go would refuse the definition; nobody can tell
    (r"^\\pL$", "1", False),  # Python has no such classes
    ("1", "1", False),
    ("^a$", "1", False),  # a number: the type is the finding
)


@pytest.mark.parametrize(("pattern", "value", "refused"), PATTERNS)
def test_patterns_are_those_of_go(pattern: str, value: str, refused: bool) -> None:
    """The server's matcher is RE2 (github.com/google/re2/wiki/Syntax); what Python can't read refuses nothing."""
    schema = of(f'{{x-kubernetes-int-or-string: true, pattern: "{pattern}"}}')
    assert [place for place, _ in problems(crd(schema) + f"spec: {value}\n")] == (["spec"] if refused else [])


def test_a_long_text_is_not_matched() -> None:
    """Python's matcher could take hours where Go's can't; as long as the limit is still matched."""
    schema = of('{type: string, pattern: "^b"}')
    assert problems(crd(schema) + f"spec: {'a' * 10_000}\n")
    assert not problems(crd(schema) + f"spec: {'a' * 10_001}\n")


@pytest.mark.parametrize(
    ("schema", "spec", "expected", "observed"),
    [
        ("{type: string, enum: ['', a]}", "c", 'one of "", a', "c"),
        ("{type: object, minProperties: 1}", "{}", "a mapping of at least 1 fields", "a mapping"),
        ("{type: array, items: {type: string}, maxItems: 1}", "[a, b]", "a list of at most 1 items", "a list"),
        ("{type: string, format: k8s-short-name}", "a.b", "a name of the form k8s-short-name", "a.b"),
        ("{type: string, format: k8s-long-name}", "A", "a name of the form k8s-long-name", "A"),
        ("{type: integer, enum: [1]}", "true", "a whole number", True),
        ("{type: integer, minimum: 2}", "1", "at least 2", 1),
        ("{type: integer, minimum: 2, exclusiveMinimum: true}", "2", "more than 2", 2),
        ("{type: integer, maximum: 2}", "3", "at most 2", 3),
        ("{type: integer, maximum: 2, exclusiveMaximum: true}", "2", "less than 2", 2),
        ("{type: number, multipleOf: 0.5}", "0.7", "a multiple of 0.5", 0.7),
    ],
)
def test_what_a_keyword_wants(schema: str, spec: str, expected: str, observed: Any) -> None:
    """What would be right is said in words, and what is there by its value or by its kind."""
    found = parse_manifests(crd(of(schema)) + f"spec: {spec}\n")
    (chosen,) = schemas(inventory(found), (NEWEST,))
    problem = (chosen.problems(found[-1]) or [])[0]
    assert (problem.expected, problem.observed) == (expected, observed)


#: What a keyword lets pass at its edge.
ACCEPTED = (
    ("{type: integer, maximum: 3}", "3"), ("{type: integer, minimum: 2}", "2"), ("{type: string, enum: ['', a]}", "''"),
    ("{type: string, format: k8s-short-name}", "a"), ("{type: string, format: k8s-long-name}", "a.b"),
    ("{type: string, format: nobody-knows}", "A"), ("{x-kubernetes-int-or-string: true, maximum: 3}", "a"),
    ("{oneOf: [1, {type: object, properties: {a: {}}, required: [a]}], type: object, properties: {a: {}}}", "{a: 1}"),
    ("{type: object, properties: {a: {type: string}}, anyOf: [{properties: {a: {enum: [b]}}}]}", "{a: null}"),
    ("{type: number, multipleOf: 0}", "3"), ("{type: string, maxLength: true}", "ab"), ("{type: integer, minimum: true}", "0"),
)  # fmt: skip


@pytest.mark.parametrize(("schema", "spec"), ACCEPTED)
def test_what_a_keyword_lets_pass(schema: str, spec: str) -> None:
    """Its own limit, values of another type, and what no definition of the API server's can mean."""
    assert problems(crd(of(schema)) + f"spec: {spec}\n") == []


HOSTILE = [
    *("[]", "1", "{type: 1}", "{properties: []}", "{type: object, properties: {spec: 1}}", "{pattern: '('}"),
    *("{type: object, required: 1}", "{oneOf: 1}", "{enum: 1}", "{minimum: a}", "{$ref: x}", "{type: []}"),
    "{type: object, properties: {spec: {type: array, items: 1, x-kubernetes-list-map-keys: 1}}}",
    *(of(schema) for schema in ("{type: 1}", "{type: array, x-kubernetes-list-type: map}")),
]


def test_hostile_definitions_do_not_crash() -> None:
    """A definition of wrong types is reported where it is invalid, and everything goes on."""
    for schema in HOSTILE:
        found = parse_manifests(crd(schema) + "spec: {a: [1]}\n")
        (chosen,) = schemas(inventory(found), (NEWEST,))
        for obj in found:
            chosen.problems(obj)


def test_every_bundled_version_compiles() -> None:
    """Each kind of each version has a rule that takes an empty object without crashing."""
    for version in bundled_versions():
        (chosen,) = schemas(inventory([]), (version,))
        for kind in kinds(version):
            assert chosen.problems({"apiVersion": kind.api_version, "kind": kind.kind}) is not None
        assert not definitions(version).keys() & {""}


def test_versions() -> None:
    """Versions are written in several ways; one without schemas is refused by name."""
    assert {minor_version(text) for text in ("1.34", "v1.34", "1.34.2", "v1.34.1+k3s1", "v1.34.0-eks-1")} == {"1.34"}
    for text in ("", "one", "1.x"):
        with pytest.raises(UsageError):
            minor_version(text)
    with pytest.raises(UsageError, match=r"1\.99"):
        schemas(inventory([]), ("1.99",))
    assert [chosen.version for chosen in schemas(inventory([]), ("1.30", "1.34", "1.30"))] == ["1.30", "1.34"]
    assert [chosen.version for chosen in schemas(inventory([]))] == [NEWEST]


def test_removed_apis_are_named() -> None:
    """By the migration guide, and by the versions themselves; a definition that brings the kind back is believed."""
    policy = Kind("policy", "v1beta1", "PodSecurityPolicy")
    assert removal(policy, "1.25") is not None
    assert removal(policy, "1.24") is None
    flow = Kind("flowcontrol.apiserver.k8s.io", "v1beta3", "FlowSchema")
    assert [*deprecations(flow, "1.31")]
    # What only the versions themselves tell: an alpha that is gone, and where it went; never a kind of somebody else's.
    policy = Kind("admissionregistration.k8s.io", "v1alpha1", "ValidatingAdmissionPolicy")
    served = [version for version in bundled_versions() if policy in kinds(version)]
    after = bundled_versions()[bundled_versions().index(served[-1]) + 1]
    (chosen,) = schemas(inventory([]), (after,))
    gone_policy = chosen.removal(policy)
    assert gone_policy is not None
    assert (gone_policy.removed_in, gone_policy.instead) == (after, "admissionregistration.k8s.io/v1")
    for never in (
        ("example.org", "v1", "Kettle"),
        ("apps", "v9", "Deployment"),
        ("", "v1", "Deployment"),
        ("x.k8s.io", "v1", "A"),
    ):
        assert chosen.removal(Kind(*never)) is None
    for version in bundled_versions():
        gone = [kind for kind in REMOVALS if kind in kinds(version) and removal(kind, version)]
        assert not gone, f"{version} serves what the table calls removed"


def test_list_map_keys_and_scope() -> None:
    """The keys that tell list items apart, from the same schemas; the scope, from a definition."""
    spec = ("spec", "template", "spec")
    assert list_map_keys("apps", "v1", "Deployment", (*spec, "containers")) == ("name",)
    assert list_map_keys("apps", "v1", "Deployment", (*spec, "containers", 0, "ports")) == ("containerPort", "protocol")
    assert list_map_keys("apps", "v1", "Deployment", (*spec, "containers", 0, "args")) == ()
    assert list_map_keys("apps", "v1", "Deployment", ("nothing", 1, "here")) == ()
    assert list_map_keys("example.org", "v1", "Kettle", ("spec",)) == ()
    schema = ("spec", "versions", 0, "schema", "openAPIV3Schema", "properties", "spec", "x-kubernetes-validations")
    assert list_map_keys("apiextensions.k8s.io", "v1", "CustomResourceDefinition", schema) == ("rule",)
    kettle = Kind("example.org", "v1", "Kettle")
    assert is_namespaced(kettle, parse_manifests(crd("{type: object}"))) is True
    assert is_namespaced(kettle) is None
    assert is_namespaced(Kind("example.org", "v1", "Cup"), parse_manifests(crd("{type: object}"))) is None


def test_schemas_given_in_a_folder(tmp_path: Path) -> None:
    """Definitions and JSON Schemas by kubeconform's names; references that lead out are never followed."""
    (tmp_path / "crd.yaml").write_text(crd("{type: object}"), encoding="utf-8")
    (tmp_path / "cup-example-v1.json").write_text('{"type": "object", "required": ["spec"]}', encoding="utf-8")
    spec = '{"type": "string", "maxLength": 1, "format": "date"}'
    (tmp_path / "long-example-v1.json").write_text(f'{{"properties": {{"spec": {spec}}}}}', encoding="utf-8")
    (tmp_path / "pot-example-v1.json").write_text('{"$ref": "http://example.org/x.json"}', encoding="utf-8")
    given_schemas = load_schemas(tmp_path)
    for kind, expected in (("Kettle", 0), ("Cup", 1), ("Pot", 1)):
        text = f"apiVersion: example.org/v1\nkind: {kind}\nmetadata: {{name: a}}\n"
        found = problems(text, extra=given_schemas)
        assert len(found) == expected
        assert all(message.startswith("it is ") or message.endswith("x.json, outside the file") for _, message in found)
    head = "apiVersion: example.org/v1\nmetadata: {name: a}\n"
    anything = {"kind": "kfm-checks/JSONSchema", "name": "any-example-v1", "schema": {}}
    assert problems(f"{head}kind: Any\nspec: 1\n", extra=(anything,)) == []
    assert problems(f"{head}kind: Long\nspec: a\n", extra=given_schemas) == []  # formats are words for people
    ((place, message),) = problems(f"{head}kind: Long\nspec: {'hush is ' * 30}\n", extra=given_schemas)
    assert place == "spec" and message == "it is against its JSON Schema: longer than 1 character"
    said = len('"" is longer than 1 character')
    for letters, whole in ((200 - said, True), (201 - said, False)):
        ((_, message),) = problems(f"{head}kind: Long\nspec: {'x' * letters}\n", extra=given_schemas)
        assert ("xxx" in message) is whole
    ((_, message),) = problems(f"{head}kind: Long\nspec: abc\n", extra=given_schemas)
    assert message == 'it is against its JSON Schema: "abc" is longer than 1 character'
    with pytest.raises(ManifestError, match="no CustomResourceDefinition"):
        (tmp_path / "none").mkdir()
        (tmp_path / "none" / "a.yaml").write_text("apiVersion: v1\nkind: A\n", encoding="utf-8")
        load_schemas(tmp_path / "none")


DEPLOYMENT = """
apiVersion: apps/v1
kind: Deployment
metadata: {name: a, namespace: b, labels: {app: a}, annotations: {c: d}}
spec:
  replicas: 1
  selector: {matchLabels: {app: a}}
  strategy: {type: RollingUpdate, rollingUpdate: {maxSurge: 1, maxUnavailable: 25%}}
  template:
    metadata: {labels: {app: a}}
    spec:
      securityContext: {runAsNonRoot: true, runAsUser: 10001}
      containers:
      - name: a
        image: b
        env: [{name: A, value: b}]
        ports: [{containerPort: 80, name: http}]
        resources: {limits: {cpu: 500m, memory: 1Gi}}
        readinessProbe: {httpGet: {path: /, port: http}, periodSeconds: 5}
      volumes: [{name: tmp, emptyDir: {}}]
"""


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Every path of a value."""
    below = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(found for key, item in below for found in places(item, (*path, key)))]


VALID = dict(parse_manifests(DEPLOYMENT)[0])
PLACES = [path for path in places(VALID) if path and path[0] == "spec"]
WRONG = st.sampled_from([1.5, True, [1], [[]], {"nobody knows": 1}, {"x": {}}])


def mutated(path: tuple[Any, ...], value: Any) -> dict[str, Any]:
    """The valid object with one value replaced."""
    found = copy.deepcopy(VALID)
    at: Any = found
    for step in path[:-1]:
        at = at[step]
    at[path[-1]] = value
    return found


@settings(max_examples=400, deadline=None)
@given(st.sampled_from(PLACES), WRONG)
def test_a_value_of_another_type_is_refused(path: tuple[Any, ...], value: Any) -> None:
    """Whatever valid field is replaced by a value of another type, the object is refused at that place or below."""
    original: Any = VALID
    for step in path:
        original = original[step]
    if type(value) is type(original) or (isinstance(value, float) and path[-1] in {"cpu", "memory"}):
        return
    (chosen,) = schemas(inventory([]), (NEWEST,))
    found = chosen.problems(mutated(path, value))
    assert found
    assert all(problem.path[: len(path)] == path for problem in found)


ANYTHING = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=5)),
    lambda below: (
        st.lists(below, max_size=3)
        | st.dictionaries(st.sampled_from(["name", "spec", "a", "labels"]), below, max_size=3)
    ),
    max_leaves=8,
)


@settings(max_examples=300, deadline=None)
@given(st.sampled_from([path for path in places(VALID) if path]), ANYTHING)
def test_nothing_crashes(path: tuple[Any, ...], value: Any) -> None:
    """Hostile values anywhere end in problems, never in an exception."""
    (chosen,) = schemas(inventory([]), (NEWEST,))
    chosen.problems(mutated(path, value))


def test_cluster_scoped_kinds_are_kinds_of_kubernetes() -> None:
    """The table of cluster-scoped kinds names no kind of Kubernetes that no version serves."""
    served = {(kind.group, kind.kind) for version in bundled_versions() for kind in kinds(version)}
    own = {pair for pair in CLUSTER_SCOPED if pair[0] == "" or pair[0] in {group for group, _ in served}}
    assert own - served <= {("policy", "PodSecurityPolicy")}
