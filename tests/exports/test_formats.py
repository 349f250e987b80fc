"""What holds for every format: the same bytes, text that stays text, no value of a secret."""

from __future__ import annotations

import base64

import pytest

from kfm_checks.errors import UsageError
from kfm_checks.exports import FORMATS, write_all, writer
from kfm_checks.model import Report

from .conftest import made

#: Values of the kinds that people commit by mistake; none may come out anywhere.
CANARIES = {
    "password": "Tr0ub4dor-canary-7731",
    "aws": "AKIAQ3EGRLNB5X7TCANA",
    "github": "ghp_c4naryC4naryC4naryC4naryC4nary12345678",
    "url": "canary-pw-55aa71",
    "jwt": "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJjYW5hcnkifQ.c2lnbmF0dXJlLWNhbmFyeS0xMjM0",
}
OVERLAY = {
    "kustomization.yaml": f"""
resources: [secret.yaml, deployment.yaml, config.yaml]
secretGenerator:
  - name: generated
    literals: ["password={CANARIES["password"]}"]
""",
    "secret.yaml": f"""
apiVersion: v1
kind: Secret
metadata: {{name: plain, namespace: app}}
stringData: {{password: {CANARIES["password"]}, token: {CANARIES["github"]}}}
data: {{encoded: {base64.b64encode(CANARIES["password"].encode()).decode()}}}
""",
    "deployment.yaml": f"""
apiVersion: apps/v1
kind: Deployment
metadata:
  name: api
  namespace: app
  annotations: {{note: "postgres://admin:{CANARIES["url"]}@db.app.svc:5432/kfm"}}
spec:
  selector: {{matchLabels: {{app: api}}}}
  template:
    metadata: {{labels: {{app: api}}}}
    spec:
      containers:
        - name: api
          image: "registry.example/api:latest"
          env:
            - {{name: DB_PASSWORD, value: {CANARIES["password"]}}}
            - {{name: AWS_ACCESS_KEY_ID, value: {CANARIES["aws"]}}}
            - {{name: TOKEN, value: {CANARIES["jwt"]}}}
          args: ["--password={CANARIES["password"]}", "--dsn=postgres://u:{CANARIES["url"]}@db/x"]
""",
    "config.yaml": f"""
apiVersion: v1
kind: ConfigMap
metadata: {{name: settings, namespace: app}}
data:
  app.properties: |
    db.password={CANARIES["password"]}
    github.token={CANARIES["github"]}
  DATABASE_URL: postgres://admin:{CANARIES["url"]}@db.app.svc:5432/kfm
""",
    "README.md": f"# Overlay\n\n- [ ] password: {CANARIES['password']}\n",
    ".env": f"AWS_SECRET_ACCESS_KEY={CANARIES['aws']}\nPASSWORD={CANARIES['password']}\n",
    "governance/waivers.yaml": """
schema: kfm-checks/records/v1
records:
  - {kind: waiver, requirement: RAIL-06, check: images-are-not-latest, subject: app/Deployment/api, reason: old,
     by: Ada, role: platform-operator, date: "2026-11-01", expires: "2027-01-01"}
""",
}


@pytest.fixture(scope="module")
def leaky(tmp_path_factory: pytest.TempPathFactory) -> Report:
    """The report on an overlay with secrets in every place."""
    from kfm_checks.run import check_overlay

    folder = tmp_path_factory.mktemp("leaky") / "overlay"
    for name, text in OVERLAY.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return check_overlay(folder, as_of="2026-11-22")


@pytest.mark.parametrize("format", FORMATS)
def test_no_value_of_a_secret_comes_out(format: str, leaky: Report) -> None:
    """An overlay with canaries in manifests, configuration, README and dot files leaks none of them."""
    assert leaky.requirement("SEC-01").status == "not-met"
    text = writer(format)(leaky)
    for name, canary in CANARIES.items():
        assert canary not in text, name
        assert base64.b64encode(canary.encode()).decode() not in text, name


@pytest.mark.parametrize("format", FORMATS)
def test_same_report_same_bytes(format: str) -> None:
    """Two equal reports give equal text: no clock, no order of a set, no random identifier."""
    assert writer(format)(made()) == writer(format)(made())


@pytest.mark.parametrize("format", FORMATS)
def test_text_is_utf8_and_printable(format: str, report: Report) -> None:
    """Lone surrogates and control characters of a manifest don't reach a file or a terminal."""
    text = writer(format)(report)
    text.encode("utf-8")
    assert "\x00" not in text
    assert "\x1b" not in text


@pytest.mark.parametrize("format", FORMATS)
def test_several_overlays_make_one_document(format: str, prod: Report) -> None:
    """Several reports are one well-formed document in each format."""
    import json
    from xml.etree import ElementTree

    import yaml

    text = write_all([prod, prod], format)
    if format in {"json", "sarif", "sarif-upload", "oscal", "codequality"}:
        json.loads(text)
    elif format == "junit":
        assert len(ElementTree.fromstring(text).findall("testsuite")) > 20
    elif format in {"openreports", "policyreport"}:
        assert len(list(yaml.safe_load_all(text))) == 2
    elif format == "csv":
        assert text.count("overlay,check,") == 1


def test_an_unknown_format_is_refused() -> None:
    """The error names the formats that there are."""
    with pytest.raises(UsageError, match="sarif"):
        writer("sarf")
