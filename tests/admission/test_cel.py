"""CEL: Kubernetes' function libraries, what the type check refuses, and expressions that would never end."""

from __future__ import annotations

import time
from typing import Any

import pytest

from kfm_checks.admission.cel import Refused, compile_cel
from kfm_checks.admission.cel_scan import calls, chains, tokens
from kfm_checks.admission.model import NotEvaluated, PolicyError

VARIABLES = frozenset({("object", "dyn")})
OBJECT: dict[str, Any] = {"list": [3, 1, 2], "text": "a-b", "map": {"k": "v"}, "none": None}


def value(text: str, result: str = "") -> Any:
    """The value of an expression over OBJECT."""
    program = compile_cel(text, VARIABLES, result=result)
    return program.run(program.activation({"object": OBJECT}))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("quantity('1Gi').isGreaterThan(quantity('500Mi'))", True),
        ("quantity('1') == quantity('1000m')", True),
        ("quantity('50k').add(20).asInteger()", 50020),
        ("quantity('50k').sub(quantity('1k')).compareTo(quantity('49k'))", 0),
        ("quantity('1.5').isInteger()", False),
        ("quantity('-1').sign()", -1),
        ("quantity('1500m').asApproximateFloat()", 1.5),
        ("isQuantity('1.3Gi') && !isQuantity('1,3G')", True),
        ("url('https://a.b:80/x y?z=1'.replace(' ', '%20')).getHostname()", "a.b"),
        ("url('https://[::1]:80/x?y=1&y=2').getHost()", "[::1]:80"),
        ("url('https://a.b/x?y=1&y=2').getQuery()['y']", ["1", "2"]),
        ("url('/path').getScheme()", ""),
        ("isURL('../x')", False),
        ("ip('192.168.0.1').family()", 4),
        ("ip('127.0.0.1').isLoopback() && !ip('127.0.0.1').isGlobalUnicast()", True),
        ("ip('fe80::1').isLinkLocalUnicast()", True),
        ("isIP('::ffff:1.2.3.4')", False),
        ("ip.isCanonical('2001:db8::1') && !ip.isCanonical('2001:DB8::1')", True),
        ("cidr('10.0.0.0/8').containsIP('10.1.2.3')", True),
        ("cidr('10.0.0.0/8').containsCIDR(cidr('10.1.0.0/16'))", True),
        ("cidr('10.1.2.3/8').masked().prefixLength()", 8),
        ("isCIDR('10.0.0.0/33')", False),
        ("'abc 123'.find('[0-9]+')", "123"),
        ("'123 abc 456'.findAll('[0-9]+')", ["123", "456"]),
        ("'123 abc 456'.findAll('[0-9]*', 1)", ["123"]),
        ("'2024-01'.find('([0-9]+)-([0-9]+)')", "2024-01"),
        ("object.list.isSorted()", False),
        ("object.list.sum()", 6),
        ("[1.0, 3.0].max() == 3.0", True),
        ("object.list.indexOf(1)", 1),
        ("['a', 'b', 'a'].lastIndexOf('a')", 2),
        ("'hello'.indexOf('l', 3)", 3),
        ("'a,b'.split(',').join('-').upperAscii()", "A-B"),
        ("'%s is %d'.format(['x', 3])", "x is 3"),
        ("strings.quote('a')", '"a"'),
        ("sets.contains([1, 2], [1])", True),
        ("sets.intersects(object.list, [9, 3])", True),
        ("semver('1.2.3').isLessThan(semver('1.10.0'))", True),
        ("semver('1.0.0-alpha').compareTo(semver('1.0.0'))", -1),
        ("semver('v1.2', true).minor()", 2),
        ("isSemver('1.2')", False),
        ("!format.dns1123Label().validate('my-label').hasValue()", True),
        ("format.dns1123Label().validate('My_Label').hasValue()", True),
        ("format.labelValue().validate(object.text + '.').hasValue()", True),
        ("object.?nope.orValue('x')", "x"),
        ("object.map[?'k'].orValue('x')", "v"),
        ("optional.of(1).optMap(x, x + 1).value()", 2),
        ("object.list.all(i, v, v > i - 3)", True),
        ("object.map.exists(k, v, v == 'v')", True),
        ("object.map.transformList(k, v, k + v)", ["kv"]),
        ("object.map.transformMap(k, v, v + '!')", {"k": "v!"}),
        ("object.list.exists_one(x, x == 1)", True),
        ("image('nginx').registry()", "index.docker.io"),
        ("image('a.b/c/d:1@sha256:' + 'abcdef0123456789'.split('').map(c, c+c+c+c).join('')).tag()", "1"),
        ("duration('1h') > duration('59m')", True),
        ("timestamp('2026-11-22T10:00:00Z').getFullYear()", 2026),
        ("type(object.list[0]) == int", True),
    ],
)
def test_function(text: str, expected: Any) -> None:
    """Each function gives what the Kubernetes documentation says."""
    assert value(text) == expected


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("object.nope == 1", "no such key: nope"),
        ("object.list > 'a'", "no such overload"),
        ("1 / (size(object.list) - 3)", "division by zero"),
        ("quantity(object.text)", "quantities must match"),
        ("ip(object.text)", "does not appear"),
        ("object.text.matches('(')", "missing"),
        ("object.none.x", "no such overload"),
    ],
)
def test_error(text: str, error: str) -> None:
    """An error at run time is an error, in the words of the API server's runtime."""
    with pytest.raises(PolicyError, match=error):
        value(text)


@pytest.mark.parametrize(
    "text",
    [
        "1 + 'a'",
        "object.x +",
        "nope",
        "object.list.all(x, x > 0",
        "'a' == 1",
        "quantity(1)",
        "ip('a').major()",
        "\x00",
        "",
    ],
)
def test_refused(text: str) -> None:
    """The type check refuses what the API server's refuses."""
    with pytest.raises(Refused):
        compile_cel(text, VARIABLES)


def test_type_of_the_place_is_demanded() -> None:
    """A validation that isn't known to give a bool is refused, as the server does."""
    with pytest.raises(Refused, match="must evaluate to bool but got dyn"):
        compile_cel("object.flag", VARIABLES, result="BOOL")


@pytest.mark.parametrize("text", ["cel.bind(x, 1, x)", "[2, 1].sort()", "string(ip('1.2.3.4'))", "[1].flatten()"])
def test_not_evaluated(text: str) -> None:
    """What some version of the server may have and the environment here has not is not evaluated, not refused."""
    with pytest.raises(NotEvaluated):
        compile_cel(text, VARIABLES)


@pytest.mark.parametrize("hostile", [2**70, {1, 2}, {None: 1}, object()])
def test_value_that_the_runtime_cannot_take(hostile: Any) -> None:
    """A value of a strange type makes no verdict."""
    program = compile_cel("object.x == object.x", VARIABLES)
    with pytest.raises(NotEvaluated):
        program.run(program.activation({"object": {"x": hostile}}))


TEN = "[0,1,2,3,4,5,6,7,8,9]"
NESTED = "true"
for _letter in "abcdefgh":
    NESTED = f"{TEN}.all({_letter}, {NESTED})"


@pytest.mark.parametrize(
    "text",
    [
        NESTED,
        "!" * 200_000 + "true",
        "(" * 500 + "1" + ")" * 500,
        "object.list.map(x, " * 20 + "x" + ")" * 20,
        "'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!'.matches('(a+)+$')",
        "'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!'.find('(a+)+$')",
    ],
)
def test_hostile_expression_ends(text: str) -> None:
    """An expression made to run for ever ends soon: in an error, at a limit, or with a value."""
    started = time.monotonic()
    try:
        value(text)
    except (Refused, NotEvaluated, PolicyError) as error:
        assert str(error)
    assert time.monotonic() - started < 5


def test_chains_pass_over_strings_and_comments() -> None:
    """A name in a string is no name."""
    text = "object.a.b == 'authorizer.x' // request.userInfo\n && request.?userInfo.x"
    assert chains(text) == {("object", "a", "b"), ("request", "userInfo", "x")}
    assert calls("has(a.b) && x.map(y, 'f(')") == {"has", "map"}
    assert "".join(token.text for token in tokens(text)) == text
