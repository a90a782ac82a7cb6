"""The user's environment does not mislead the kit's calls."""

from __future__ import annotations

import re

import pytest

from graders import environment
from graders.environment import MISLEADING, playbook_proxies, remove_misleading
from graders.settings import ANSIBLE


@pytest.mark.parametrize(
    "name",
    [
        "KIND_EXPERIMENTAL_PROVIDER",
        "KIND_CLUSTER_NAME",
        "DOCKER_DEFAULT_PLATFORM",
        "KUBECONFIG",
        "HELM_NAMESPACE",
        "HELM_KUBECONTEXT",
        "CURL_HOME",
        "ANSIBLE_STRATEGY",
        "ANSIBLE_CALLBACK_PLUGINS",
        "BASH_ENV",
        "GOOS",
    ],
)
def test_removed(name: str) -> None:
    """What would mislead a call is gone."""
    variables = {name: "x", "PATH": "/bin"}

    assert remove_misleading(variables) == [name]
    assert variables == {"PATH": "/bin"}


@pytest.mark.parametrize(
    "name",
    [
        "DOCKER_HOST",
        "DOCKER_CONTEXT",
        "DOCKER_CONFIG",
        "HELM_MIRROR",
        "KIND_MIRROR",
        "KUBECTL_MIRROR",
        "GOPROXY",
        "https_proxy",
        "HOME",
        "CLUSTER",
        "HOSTS",
        "IMAGES",
    ],
)
def test_kept(name: str) -> None:
    """What chooses an engine or a mirror, and the kit's own, stays."""
    variables = {name: "x"}

    assert remove_misleading(variables) == []
    assert variables == {name: "x"}


def test_reasons() -> None:
    """Each variable has its reason, and they are in order."""
    assert all(MISLEADING.values())
    assert list(MISLEADING) == sorted(MISLEADING)


@pytest.fixture(autouse=True)
def _no_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in environment.PROXIES:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.delenv("NO_PROXY", raising=False)


@pytest.mark.parametrize("name", ["lab", "reset", "down"])
def test_playbook_without_proxies(
    monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """What talks to the lab alone has no proxy."""
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy:3128")

    variables = playbook_proxies(name, [])

    assert variables["HTTPS_PROXY"] == variables["https_proxy"] == ""
    assert variables["NO_PROXY"] == "*"


def test_playbooks_that_download() -> None:
    """They are those with a role that downloads."""
    downloading = {
        file.stem
        for file in ANSIBLE.glob("*.yml")
        if re.search(r"_role: \{name: (images|engine)\}", file.read_text())
    }

    assert downloading == environment._DOWNLOADING


@pytest.mark.parametrize("name", ["up", "images", "engine"])
def test_playbook_that_downloads(
    monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """It keeps the user's proxies, but not for the lab's own places."""
    assert playbook_proxies(name, ["172.18.0.0/16"]) == {}
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy:3128")
    monkeypatch.setenv("NO_PROXY", ".school.example")

    variables = playbook_proxies(name, ["172.18.0.0/16"])

    wanted = ".school.example,localhost,127.0.0.1,::1,172.18.0.0/16"
    assert variables == {"no_proxy": wanted, "NO_PROXY": wanted}
