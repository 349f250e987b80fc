"""Kyverno: each construct that the reference page calls supported, both ways; the others by name."""

from __future__ import annotations

import json
from typing import Any

import pytest

from kfm_checks.admission.kyverno_jmespath import ELSEWHERE, search
from kfm_checks.admission.kyverno_leaf import leaf
from kfm_checks.admission.kyverno_match import kind_selector
from kfm_checks.admission.kyverno_pattern import Mismatch, match
from kfm_checks.admission.kyverno_values import compare, wildcard
from kfm_checks.admission.model import NotEvaluated, PolicyError
from tests.admission.helpers import POD, results, said


def policy(validate: str, rest: str = "", match_: str = "{any: [{resources: {kinds: [Pod]}}]}", spec: str = "") -> str:
    """A ClusterPolicy with one enforced rule, in YAML flow style."""
    return f"""
apiVersion: kyverno.io/v1
kind: ClusterPolicy
metadata: {{name: p, annotations: {{pod-policies.kyverno.io/autogen-controllers: none}}}}
spec:
  validationFailureAction: Enforce
{spec}
  rules:
    - name: r
      match: {match_}
{rest}
      validate: {validate}
"""


@pytest.mark.parametrize(
    ("value", "pattern", "ok"),
    [
        ("nginx", "nginx", True),
        ("nginx", "n?inx", True),
        ("nginx", "*x", True),
        ("", "?*", False),
        ("a", "b | a", True),
        ("10", ">5 & <20", True),
        (10, "5-20", True),
        (30, "5-20", False),
        (30, "5!-20", True),
        ("512Mi", "<=1Gi", True),
        ("2Gi", "<=1Gi", False),
        ("latest", "!latest", False),
        (True, True, True),
        ("true", True, False),
        (3, "3", True),
        ("3", 3, True),
        (3.0, 3, True),
        (None, None, True),
        ("x", None, False),
        (None, "?*", False),
        ([], "x", False),
        ("*:latest", "*:latest", True),
    ],
)
def test_leaf(value: Any, pattern: Any, ok: bool) -> None:
    """Operators of patterns."""
    assert leaf(value, pattern) is ok


@pytest.mark.parametrize(
    ("resource", "pattern", "outcome"),
    [
        ({"a": {"b": 1}}, {"a": {"b": 1}}, "pass"),
        ({"a": {"b": 2}}, {"a": {"b": 1}}, "fail"),
        ({}, {"a": "*"}, "fail"),
        ({"a": {}}, {"a": "*"}, "pass"),
        ({"l": [{"n": 1}, {"n": 1}]}, {"l": [{"n": 1}]}, "pass"),
        ({"l": [{"n": 1}, {"n": 2}]}, {"l": [{"n": 1}]}, "fail"),
        ({"l": ["a", "b"]}, {"l": ["a | b"]}, "pass"),
        ({}, {"=(a)": 1}, "pass"),
        ({"a": 2}, {"=(a)": 1}, "fail"),
        ({}, {"X(a)": "null"}, "pass"),
        ({"a": 1}, {"X(a)": "null"}, "fail"),
        ({"t": "LB", "s": 1}, {"(t)": "LB", "s": 1}, "pass"),
        ({"t": "LB", "s": 2}, {"(t)": "LB", "s": 1}, "fail"),
        ({"t": "NP", "s": 2}, {"(t)": "LB", "s": 1}, "skip"),
        ({"s": 2}, {"(t)": "LB", "s": 1}, "skip"),
        ({"s": {"t": "NP"}, "u": 2}, {"s": {"<(t)": "LB"}, "u": 1}, "skip"),
        ({"l": [{"i": "a", "p": 1}, {"i": "b", "p": 2}]}, {"l": [{"(i)": "b", "p": 2}]}, "pass"),
        ({"l": [{"n": 1}, {"n": 2}]}, {"^(l)": [{"n": 2}]}, "pass"),
        ({"l": [{"n": 1}]}, {"^(l)": [{"n": 2}]}, "fail"),
        ({"metadata": {"labels": {"app.x/y": "v"}}}, {"metadata": {"labels": {"app.*/y": "?*"}}}, "pass"),
        ({"metadata": {"labels": {"z": "v"}}}, {"metadata": {"labels": {"app.*/y": "?*"}}}, "fail"),
        ({"a": "x"}, {"a": {"b": 1}}, "fail"),
        ({"a": {"b": 1}}, {"a": [1]}, "fail"),
    ],
)
def test_pattern(resource: Any, pattern: Any, outcome: str) -> None:
    """Anchors: equality, negation, condition, global, existence; lists; wildcards in label keys."""
    try:
        match(resource, pattern)
    except Mismatch as mismatch:
        assert outcome == ("skip" if mismatch.skip else "fail")
    else:
        assert outcome == "pass"


@pytest.mark.parametrize(
    ("operator", "key", "value", "ok"),
    [
        ("Equals", "a", "a", True),
        ("Equals", "abc", "a*", True),
        ("Equals", 1, "1", True),
        ("Equals", "1h", "60m", True),
        ("Equals", "1Gi", "1024Mi", True),
        ("Equals", True, "true", False),
        ("Equals", {"a": 1}, {"a": 1}, True),
        ("NotEquals", "a", "b", True),
        ("AnyIn", "a", ["a", "b"], True),
        ("AnyIn", ["a", "z"], ["a", "b"], True),
        ("AnyIn", 5, "1-10", True),
        ("AnyIn", "a", '["a", "b"]', True),
        ("AllIn", ["a", "z"], ["a", "b"], False),
        ("AnyNotIn", ["a", "z"], ["a", "b"], True),
        ("AllNotIn", ["y", "z"], ["a", "b"], True),
        ("AllNotIn", "livenessProbe", ["image", "name"], True),
        ("In", "a", ["a*"], True),
        ("NotIn", "c", ["a", "b"], True),
        ("GreaterThan", "10", 9, True),
        ("GreaterThanOrEquals", "1Gi", "1024Mi", True),
        ("LessThan", "1h", "2h", True),
        ("LessThanOrEquals", 3, "2", False),
        ("GreaterThan", "1.10.0", "1.9.0", True),
        ("DurationGreaterThan", "1h", 60, True),
        ("AnyIn", None, ["a"], False),
    ],
)
def test_condition(operator: str, key: Any, value: Any, ok: bool) -> None:
    """Operators of conditions."""
    assert compare(operator, key, value) is ok


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("to_upper('a')", "A"),
        ("split('a,b', ',')", ["a", "b"]),
        ("trim('xax', 'x')", "a"),
        ("truncate('abc', `2`)", "ab"),
        ("replace_all('aa', 'a', 'b')", "bb"),
        ("replace('aa', 'a', 'b', `1`)", "ba"),
        ("regex_match('^a+$', 'aaa')", True),
        ("regex_replace_all('a(b)', 'ab', '$1')", "b"),
        ("pattern_match('a*', 'abc')", True),
        ('label_match(`{"a": "b"}`, `{"a": "b", "c": "d"}`)', True),
        ("add(`1`, `2`)", 3),
        ("subtract(`3`, `2`)", 1),
        ("multiply(`3`, `2`)", 6),
        ("divide(`3`, `2`)", 1.5),
        ("modulo(`7`, `4`)", 3),
        ("base64_decode('aGVsbG8=')", "hello"),
        ("base64_encode('hello')", "aGVsbG8="),
        ("path_canonicalize('///var/run///x')", "/var/run/x"),
        ("semver_compare('1.2.0', '>=1.1.0')", True),
        ("parse_json('{\"a\": 1}').a", 1),
        ("parse_yaml('a: [1, 2]').a[1]", 2),
        ("lookup(`{\"a\": 1}`, 'a')", 1),
        ("items(`{\"a\": 1}`, 'k', 'v')", [{"k": "a", "v": 1}]),
        ("object_from_lists(['a'], ['b'])", {"a": "b"}),
        ("image_normalize('nginx')", "docker.io/library/nginx:latest"),
        ("equal_fold('A', 'a')", True),
        ("compare('a', 'b')", -1),
        ("to_boolean('true')", True),
        ("round(`1.234`, `1`)", 1.2),
    ],
)
def test_function(expression: str, expected: Any) -> None:
    """JMESPath functions of Kyverno."""
    assert search(expression, {}) == expected


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("add('10Mi', '2Mi')", "12Mi"),
        ("add('1', '500m')", "1500m"),
        ("add('90s', '1h')", "1h1m30s"),
        ("subtract('1Gi', '1Mi')", "1023Mi"),
        ("multiply('10Mi', `3`)", "30Mi"),
        ("multiply(`2`, '90s')", "3m0s"),
        ("divide('10Mi', '5Mi')", 2),
        ("divide('1h', `2`)", "30m0s"),
        ("divide('1.5', `2`)", "700m"),
        ("modulo('10', '3')", "1"),
        ("modulo('7s', '2s')", "1s"),
        ("sum(['1Gi', '1Gi'])", "2Gi"),
        ("sum([`1`, `2`])", 3),
        ("time_add('2023-01-12T12:00:00Z', '6h')", "2023-01-12T18:00:00Z"),
        ("time_diff('2023-01-12T12:00:00Z', '2023-01-12T13:30:00+01:00')", "30m0s"),
        ("time_to_cron('2023-01-12T12:00:00Z')", "0 12 12 1 4"),
        ("time_parse('02-01-2006', '12-01-2023')", "2023-01-12T00:00:00Z"),
        ("time_parse('1', '1673524800')", "2023-01-12T12:00:00Z"),
        ("time_truncate('2023-01-12T17:37:00Z', '1h')", "2023-01-12T17:00:00Z"),
        ("time_between('2023-01-12T19:00:00Z', '2023-01-12T18:00:00Z', '2023-01-12T20:00:00Z')", True),
        ("time_before('2023-01-12T19:00:00Z', '2023-01-12T18:00:00Z')", False),
        ("time_after('2023-01-12T19:00:00Z', '2023-01-12T18:00:00Z')", True),
        ("time_since('', '2021-01-02T15:04:05-07:00', '2021-01-10T03:14:05-07:00')", "180h10m0s"),
        ("time_utc('2021-01-02T18:04:05-05:00')", "2021-01-02T23:04:05Z"),
        ("semver_compare('4.1.3', '>=4.1.x')", True),
        ("semver_compare('1.2.3', '>=1.0.0 <2.0.0 || >3.0.0')", True),
        ("semver_compare('2.2.3', '>=1.0.0 <2.0.0 || >3.0.0')", False),
        ("semver_compare('1.5.0', '!1.5.x')", False),
        ("is_external_url('http://10.0.0.1')", False),
        ("is_external_url('https://8.8.8.8/x')", True),
        ("regex_replace_all_literal('a+', 'caat', '$1')", "c$1t"),
    ],
)
def test_arithmetic_and_times(expression: str, expected: Any) -> None:
    """Quantities, durations and times, as the Kyverno documentation has them; none of these needs a clock."""
    assert search(expression, {}) == expected


@pytest.mark.parametrize(
    ("expression", "error"),
    [
        ("add('1h', `1`)", PolicyError),
        ("add('a', 'b')", PolicyError),
        ("sum(`[]`)", PolicyError),
        ("modulo(`7`, `2.5`)", PolicyError),
        ("divide('1h', '0s')", PolicyError),
        ("time_add('today', '1h')", PolicyError),
        ("time_add('2023-01-12T12:00:00Z', 'long')", PolicyError),
        ("semver_compare('1.0.0', 'foo')", PolicyError),
        ("time_since('', '2021-01-02T15:04:05Z', '')", NotEvaluated),
        ("time_parse('Q1 2006', 'Q1 2023')", NotEvaluated),
        ("is_external_url('https://a.com')", NotEvaluated),
        ("add('1e3', '1')", NotEvaluated),
    ],
)
def test_arithmetic_that_cannot_be_done(expression: str, error: type[Exception]) -> None:
    """Mixed kinds and nonsense are the rule's error; a clock or a look-up of a name is not evaluated."""
    with pytest.raises(error):
        search(expression, {})


@pytest.mark.parametrize("name", sorted(ELSEWHERE))
def test_function_elsewhere(name: str) -> None:
    """A function that needs a clock, chance, a certificate or the network is not evaluated, by name."""
    with pytest.raises(NotEvaluated, match=name):
        search(f"{name}('a')", {})


@pytest.mark.parametrize("expression", ["nope('a')", "a.[", "divide(`1`, `0`)", "parse_json('{')", "to_upper(`1`)"])
def test_function_errors(expression: str) -> None:
    """A malformed or failing expression is the rule's error."""
    with pytest.raises(PolicyError):
        search(expression, {})


@pytest.mark.parametrize(
    ("match_", "matched"),
    [
        ("{any: [{resources: {kinds: [Pod]}}]}", True),
        ("{resources: {kinds: [v1/Pod]}}", True),
        ("{any: [{resources: {kinds: ['*']}}]}", True),
        ("{any: [{resources: {kinds: [apps/v1/Deployment]}}]}", False),
        ("{any: [{resources: {kinds: [Pod/exec]}}]}", False),
        ("{any: [{resources: {kinds: [Pod], names: ['p*']}}]}", True),
        ("{any: [{resources: {kinds: [Pod], name: q}}]}", False),
        ("{any: [{resources: {kinds: [Pod], namespaces: [ns*]}}]}", True),
        ("{any: [{resources: {kinds: [Pod], selector: {matchLabels: {app: '*'}}}}]}", True),
        ("{any: [{resources: {kinds: [Pod], selector: {matchLabels: {app: q}}}}]}", False),
        ("{any: [{resources: {kinds: [Pod], annotations: {a: b}}}]}", False),
        ("{any: [{resources: {kinds: [Pod], operations: [DELETE]}}]}", False),
        ("{all: [{resources: {kinds: [Pod]}}, {resources: {names: [q]}}]}", False),
    ],
)
def test_match(match_: str, matched: bool) -> None:
    """What a rule is for."""
    text = policy("{message: no, deny: {}}", match_=match_)
    assert results(text, POD) == (["fail"] if matched else [])


@pytest.mark.parametrize(
    ("rest", "expected"),
    [
        ("      exclude: {any: [{resources: {namespaces: [ns1]}}]}", []),
        ("      exclude: {any: [{resources: {namespaces: [other]}}]}", ["fail"]),
        ("      exclude: {any: [{clusterRoles: [cluster-admin]}]}", ["not-evaluated"]),
        (
            '      preconditions: {all: [{key: "{{ request.object.metadata.labels.app }}", operator: Equals, value: p}]}',
            ["fail"],
        ),
        (
            '      preconditions: {all: [{key: "{{ request.object.metadata.labels.no }}", operator: Equals, value: ""}]}',
            ["fail"],
        ),
        ('      preconditions: {any: [{key: "{{ request.operation }}", operator: AnyIn, value: [DELETE]}]}', ["skip"]),
        (
            '      context: [{name: a, variable: {value: p}}]\n      preconditions: {all: [{key: "{{ a }}", operator: Equals, value: p}]}',
            ["fail"],
        ),
        (
            '      context: [{name: a, variable: {jmesPath: nope.x, default: q}}]\n      preconditions: {all: [{key: "{{ a }}", operator: Equals, value: p}]}',
            ["skip"],
        ),
        (
            '      context: [{name: a, apiCall: {urlPath: /api}}]\n      preconditions: {all: [{key: "{{ a }}", operator: Equals, value: p}]}',
            ["not-evaluated"],
        ),
        (
            '      preconditions: {all: [{key: "{{ request.userInfo.username }}", operator: Equals, value: p}]}',
            ["not-evaluated"],
        ),
        ("      preconditions: {all: [{key: a, operator: Like, value: a}]}", ["not-evaluated"]),
    ],
)
def test_conditions_of_a_rule(rest: str, expected: list[str]) -> None:
    """Exclusions, preconditions and context entries."""
    assert results(policy("{message: no, deny: {}}", rest), POD) == expected


@pytest.mark.parametrize(
    ("validate", "expected"),
    [
        ("{pattern: {spec: {containers: [{image: 'nginx:*'}]}}}", ["pass"]),
        ("{pattern: {spec: {containers: [{image: '*:latest'}]}}}", ["fail"]),
        ("{anyPattern: [{spec: {hostNetwork: true}}, {metadata: {name: p}}]}", ["pass"]),
        ("{anyPattern: [{spec: {hostNetwork: true}}, {metadata: {name: q}}]}", ["fail"]),
        (
            '{deny: {conditions: {any: [{key: "{{ request.object.metadata.name }}", operator: Equals, value: p}]}}}',
            ["fail"],
        ),
        (
            '{deny: {conditions: {all: [{key: "{{ request.object.metadata.nope }}", operator: Equals, value: p}]}}}',
            ["error"],
        ),
        ('{foreach: [{list: "request.object.spec.containers", pattern: {image: "nginx*"}}]}', ["pass"]),
        (
            '{foreach: [{list: "request.object.spec.containers", deny: {conditions: [{key: "{{ element.image }}", operator: Equals, value: "nginx:1"}]}}]}',
            ["fail"],
        ),
        ('{foreach: [{list: "request.object.spec.nope", pattern: {image: "x"}}]}', ["skip"]),
        (
            '{foreach: [{list: "request.object.spec.containers", foreach: [{list: "element.ports", pattern: {containerPort: "80"}}]}]}',
            ["pass"],
        ),
        ("{podSecurity: {level: baseline, version: latest}}", ["pass"]),
        ("{podSecurity: {level: restricted, version: v1.34}}", ["fail"]),
        ("{podSecurity: {level: absolute}}", ["not-evaluated"]),
        ("{cel: {expressions: [{expression: \"object.spec.containers.all(c, c.image.contains(':'))\"}]}}", ["pass"]),
        ("{cel: {expressions: [{expression: 'false', message: no}]}}", ["fail"]),
        ("{assert: {any: []}}", ["not-evaluated"]),
        ("{manifests: {attestors: []}}", ["not-evaluated"]),
        ('{pattern: {metadata: {name: "$(./../x)"}}}', ["not-evaluated"]),
        ('{pattern: {metadata: {name: "{{ images.containers.c.name }}"}}}', ["fail"]),
        ('{deny: {conditions: {any: [{key: "{{ time_now() }}", operator: Equals, value: p}]}}}', ["not-evaluated"]),
    ],
)
def test_validate(validate: str, expected: list[str]) -> None:
    """Every kind of validation."""
    assert results(policy(validate), POD) == expected


def test_pod_security_exclusion() -> None:
    """A control that the rule excludes is not judged."""
    privileged = POD.replace("{name: c,", "{name: c, securityContext: {privileged: true},")
    base = "{podSecurity: {level: baseline, version: latest"
    assert results(policy(f"{base}}}}}"), privileged) == ["fail"]
    excluded = f"{base}, exclude: [{{controlName: Privileged Containers, images: ['nginx*']}}]}}}}"
    assert results(policy(excluded), privileged) == ["pass"]


def test_config_map_of_the_render_is_read() -> None:
    """A ConfigMap in the render is known; one that isn't there is not."""
    rest = "      context: [{name: m, configMap: {name: m, namespace: ns1}}]"
    text = policy('{pattern: {spec: {containers: [{image: "{{ m.data.image }}"}]}}}', rest)
    there = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: m, namespace: ns1}\ndata: {image: 'nginx:*'}\n"
    assert results(text, POD, there) == ["pass"]
    assert results(text, POD) == ["not-evaluated"]


def test_action_by_namespace() -> None:
    """An override turns a namespace to Audit."""
    override = "  validationFailureActionOverrides: [{action: Audit, namespaces: [ns1]}]"
    (verdict,) = said(policy("{deny: {}}", spec=override), POD)
    assert verdict.result == "fail" and verdict.reports
    (verdict,) = said(policy("{deny: {}}", spec=override.replace("ns1", "ns2")), POD)
    assert verdict.refuses


def test_exception() -> None:
    """A PolicyException lets off what it names."""
    text = "apiVersion: kyverno.io/v2\nkind: PolicyException\nmetadata: {name: e, namespace: ns1}\nspec:\n"
    text += "  exceptions: [{policyName: p, ruleNames: [r]}]\n  match: {any: [{resources: {names: [p]}}]}\n"
    assert results(policy("{deny: {}}"), POD, text) == ["skip"]
    assert results(policy("{deny: {}}"), POD, text.replace("[p]}}", "[q]}}")) == ["fail"]


def test_autogen() -> None:
    """A rule for Pods is made for workload kinds, unless the annotation says which."""
    workload = """
apiVersion: batch/v1
kind: CronJob
metadata: {name: c, namespace: ns1}
spec:
  schedule: "* * * * *"
  jobTemplate: {spec: {template: {spec: {restartPolicy: Never, containers: [{name: c, image: nginx}]}}}}
"""
    text = policy("{pattern: {spec: {containers: [{image: '*:*'}]}}}")
    assert results(text, workload, kind="CronJob") == []
    (verdict,) = said(text.replace("controllers: none", "controllers: CronJob,Job"), workload, kind="CronJob")
    assert (verdict.rule, verdict.result) == ("autogen-cronjob-r", "fail")
    assert verdict.candidate.source_path(verdict.path)[-2:] == ("image",)[:0] + verdict.path[-2:]
    assert verdict.containers == ("c",)


@pytest.mark.parametrize("namespace", ["kube-system", "kyverno"])
def test_namespaces_that_kyverno_leaves_out(namespace: str) -> None:
    """Kyverno's webhook doesn't see these as it is installed."""
    assert results(policy("{deny: {}}"), POD.replace("ns1", namespace)) == []


def test_message_is_substituted() -> None:
    """Variables of the message stand for their values; the path is Kyverno's."""
    text = policy(
        "{message: '{{ request.object.metadata.name }} has no team', pattern: {metadata: {labels: {team: '?*'}}}}"
    )
    (verdict,) = said(text, POD)
    assert verdict.message == "validation error: p has no team. rule r failed at path /metadata/labels/team/"


def test_endless_variables_end() -> None:
    """A value that brings in itself does not hang."""
    loop = json.dumps("{{ request.object.metadata.annotations.a }}")
    text = policy(f"{{pattern: {{metadata: {{name: {loop}}}}}}}")
    pod = POD.replace("metadata: {", f"metadata: {{annotations: {{a: {loop}}}, ")
    assert results(text, pod) == ["not-evaluated"]


def test_wildcards_end_soon() -> None:
    """Many asterisks on a long text don't explode."""
    assert not wildcard("*a" * 200 + "b", "a" * 5000)


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("Pod", ("*", "*", "Pod", "")),
        ("v1/Pod", ("*", "v1", "Pod", "")),
        ("apps/v1/Deployment", ("apps", "v1", "Deployment", "")),
        ("*/Pod", ("*", "*", "Pod", "")),
        ("Pod/exec", ("*", "*", "Pod", "exec")),
        ("v1/Pod/exec", ("*", "v1", "Pod", "exec")),
        ("apps/v1/Deployment/scale", ("apps", "v1", "Deployment", "scale")),
    ],
)
def test_kind_selector(text: str, parts: tuple[str, ...]) -> None:
    """How a kind may be written."""
    assert kind_selector(text) == parts


NAMESPACE = "apiVersion: v1\nkind: Namespace\nmetadata: {name: ns1, labels: {tier: gold}}\n"


@pytest.mark.parametrize(
    ("call", "expected"),
    [
        ('{urlPath: "/api/v1/namespaces/{{ request.namespace }}", jmesPath: metadata.labels.tier}', ["fail"]),
        ('{urlPath: "/api/v1/namespaces/other", jmesPath: metadata.labels.tier}', ["not-evaluated"]),
        ('{urlPath: "/api/v1/namespaces/ns1/configmaps", jmesPath: "length(items)"}', ["not-evaluated"]),
        ('{urlPath: "/api/v1/namespaces/ns1/secrets/s", jmesPath: data.x}', ["not-evaluated"]),
        ('{urlPath: "/api/v1/namespaces/ns1", method: POST}', ["not-evaluated"]),
        ('{urlPath: "/api/v1/namespaces/ns1/configmaps/m", jmesPath: data.tier}', ["fail"]),
        ('{urlPath: "/api/v1/namespaces/ns1/configmaps/m", jmesPath: data.none, default: silver}', ["pass"]),
    ],
)
def test_api_call_for_one_object_of_the_render(call: str, expected: list[str]) -> None:
    """A rendered object is known by its name; lists, Secrets and what isn't rendered are not."""
    there = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: m, namespace: ns1}\ndata: {tier: gold}\n"
    secret = "apiVersion: v1\nkind: Secret\nmetadata: {name: s, namespace: ns1}\ndata: {x: Z29sZA==}\n"
    rest = f"      context: [{{name: tier, apiCall: {call}}}]"
    text = policy('{deny: {conditions: {any: [{key: "{{ tier }}", operator: Equals, value: gold}]}}}', rest)
    assert results(text, POD, NAMESPACE, there, secret) == expected


@pytest.mark.parametrize(("most", "expected"), [("0", ["fail"]), ("5", ["pass"]), (None, ["error"])])
def test_cel_rule_with_parameters(most: str | None, expected: list[str]) -> None:
    """``validate.cel`` with paramKind and paramRef reads the parameters from the render."""
    cel = "{cel: {paramKind: {apiVersion: v1, kind: ConfigMap}, paramRef: {name: m, namespace: ns1, parameterNotFoundAction: Deny}, "
    cel += 'expressions: [{expression: "size(object.spec.containers) <= int(params.data.most)"}]}}'
    there = f"apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: m, namespace: ns1}}\ndata: {{most: '{most}'}}\n"
    assert results(policy(cel), POD, *([there] if most else [])) == expected


@pytest.mark.parametrize(("control", "expected"), [("Privileged Containers", ["skip"]), ("Host Ports", ["fail"])])
def test_exception_for_one_control(control: str, expected: list[str]) -> None:
    """A PolicyException for single Pod Security controls lets off these alone."""
    privileged = POD.replace("{name: c,", "{name: c, securityContext: {privileged: true},")
    text = "apiVersion: kyverno.io/v2\nkind: PolicyException\nmetadata: {name: e, namespace: ns1}\nspec:\n"
    text += "  exceptions: [{policyName: p, ruleNames: [r]}]\n  match: {any: [{resources: {kinds: [Pod]}}]}\n"
    text += f"  podSecurity: [{{controlName: {control}, images: ['nginx*']}}]\n"
    assert results(policy("{podSecurity: {level: baseline, version: latest}}"), privileged, text) == expected


VALIDATING = """
apiVersion: policies.kyverno.io/v1
kind: ValidatingPolicy
metadata: {name: v}
spec:
  validationActions: [Deny]
  matchConstraints: {resourceRules: [{apiGroups: [""], apiVersions: [v1], operations: [CREATE], resources: [pods]}]}
  validations: [{expression: %s}]
"""


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ('resource.Get("v1", "configmaps", "ns1", "m").data.tier == "gold"', ["pass"]),
        ('resource.Get("v1", "configmaps", "ns1", "m").data.tier == "tin"', ["fail"]),
        ('resource.Get("v1", "configmaps", "ns1", "gone").data.tier == "tin"', ["not-evaluated"]),
        ('resource.Get("v1", "secrets", "ns1", "s").data.x == "tin"', ["not-evaluated"]),
        ('resource.List("v1", "configmaps", "ns1").items.size() > 0', ["not-evaluated"]),
        ('hash.sha256("a").startsWith("ca978112")', ["pass"]),
        ('md5("a") == sha1("a")', ["fail"]),
        ('json.unmarshal("{}").size() == 0 && yaml.parse("a: b").a == "b"', ["pass"]),
        ('json.unmarshal("{").size() == 0', ["error"]),
        ('listObjToMap([{"k": "x"}], [{"v": 1}], "k", "v").x == 1', ["pass"]),
        ('globalContext.Get("a", "") != null', ["not-evaluated"]),
    ],
)
def test_libraries_of_validating_policies(expression: str, expected: list[str]) -> None:
    """Kyverno's CEL libraries: what the render answers, and what only a cluster does."""
    there = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: m, namespace: ns1}\ndata: {tier: gold}\n"
    secret = "apiVersion: v1\nkind: Secret\nmetadata: {name: s, namespace: ns1}\ndata: {x: Z29sZA==}\n"
    assert results(VALIDATING % json.dumps(expression), POD, there, secret) == expected


TWO = """
apiVersion: kyverno.io/v1
kind: ClusterPolicy
metadata: {{name: p}}
spec:
  validationFailureAction: Enforce
  applyRules: {which}
  rules:
    - {{name: first, match: {{any: [{{resources: {{kinds: [Pod]}}}}]}}, validate: {{pattern: {{metadata: {{name: "{name}"}}}}}}}}
    - {{name: second, match: {{any: [{{resources: {{kinds: [Pod]}}}}]}}, validate: {{deny: {{}}}}}}
"""


@pytest.mark.parametrize(
    ("which", "name", "expected"),
    [("All", "p", ["fail", "pass"]), ("One", "p", ["pass"]), ("One", "q", ["fail"])],
)
def test_apply_one_rule(which: str, name: str, expected: list[str]) -> None:
    """With applyRules: One the first rule that judges is the last."""
    assert results(TWO.format(which=which, name=name), POD) == expected


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("object.metadata.name == 'p'", ["fail"]),
        ("object.metadata.name == 'q'", []),
        ("request.userInfo.username != 'x'", ["not-evaluated"]),
        ("object.metadata.name + 1 == 'x' + 1", []),
    ],
)
def test_conditions_of_the_webhook(expression: str, expected: list[str]) -> None:
    """``webhookConfiguration.matchConditions`` decide whether Kyverno is asked at all."""
    spec = f'  webhookConfiguration: {{matchConditions: [{{name: c, expression: "{expression}"}}]}}'
    assert results(policy("{message: no, deny: {}}", spec=spec), POD) == expected
