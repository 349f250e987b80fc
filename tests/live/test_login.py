"""Logging in by a context: a plugin has its time, and nobody is impersonated unsaid."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest
import yaml

from kfm_checks.errors import UsageError
from kfm_checks.live import login
from kfm_checks.live.client import Connection, Refusal, connect


def connected(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *users: dict[str, Any]) -> Connection:
    """A connection by a kubeconfig with these users; the context `here` names the user `me`."""
    content = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "here", "cluster": {"server": "http://127.0.0.1:1"}}],
        "users": list(users),
        "contexts": [{"name": "here", "context": {"cluster": "here", "user": "me"}}],
    }
    (tmp_path / "config").write_text(yaml.safe_dump(content), encoding="utf-8")
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "config"))
    return connect("here", tmp_path / "overlay")


def test_a_plugin_that_takes_too_long(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is not waited for: one that asks a person who is not there would hold the run for ever."""
    monkeypatch.setattr(login, "PLUGIN", 0.5)
    plugin = {"apiVersion": "client.authentication.k8s.io/v1", "command": "sleep", "args": ["20"]}
    started = time.monotonic()
    with pytest.raises(Refusal, match="the context's plugin gave no credentials within 0 s"):
        connected(tmp_path, monkeypatch, {"name": "me", "user": {"exec": plugin}})
    assert time.monotonic() - started < 15


def test_what_goes_wrong_in_time_is_what_went_wrong(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An error is the same as without the limit."""
    connected(tmp_path, monkeypatch, {"name": "me", "user": {"token": "t"}})
    with pytest.raises(UsageError, match="the context 'gone' can't be used"):
        connect("gone", tmp_path / "overlay")
    assert login.in_time(lambda: 5) == 5


def test_a_context_that_acts_as_somebody_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """kubectl would impersonate; the official client would ask as the user, with other rights than the context's."""
    with pytest.raises(UsageError, match="acts as another user"):
        connected(tmp_path, monkeypatch, {"name": "me", "user": {"token": "t", "as": "reader"}})


@pytest.mark.parametrize(
    "users",
    [(), ({"name": "me"},), ({"name": "me", "user": None},), ({"name": "other", "user": {"as": "reader"}},),
     ({"name": "me", "user": {"token": "t", "as": ""}},)],
)  # fmt: skip
def test_users_that_act_as_themselves(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, users: tuple[dict[str, Any], ...]
) -> None:
    """Also one of whom the file says nothing: the server takes it for anonymous."""
    try:
        assert connected(tmp_path, monkeypatch, *users).context == "here"
    except UsageError as error:
        assert "acts as" not in str(error)
        assert "\n" not in str(error)
