"""The provider that the environment chooses."""

from __future__ import annotations

import pathlib

import pytest

from graders import settings
from graders.errors import UsageError
from graders.plan.plan import make_plan
from graders.providers.docker import DockerExec
from graders.providers.registry import exec_prefixes, machine_of, provider
from graders.providers.ssh import SshTransport

PLAN = make_plan("ada")


@pytest.mark.parametrize("given", [None, "", "kind"])
def test_kind(monkeypatch: pytest.MonkeyPatch, given: str | None) -> None:
    """By default labs run in containers here, whatever HOSTS names."""
    if given is not None:
        monkeypatch.setenv("CLUSTER", given)
    monkeypatch.setenv("HOSTS", "/none")

    assert provider().name == "kind"
    assert provider().extra_vars(PLAN)["host_addresses"] == {}


@pytest.mark.parametrize("given", ["k3s", "Hosts", "host", "kind "])
def test_unknown(monkeypatch: pytest.MonkeyPatch, given: str) -> None:
    """Another word is not guessed at."""
    monkeypatch.setenv("CLUSTER", given)

    with pytest.raises(UsageError, match=f"be kind or hosts, not '{given}'"):
        provider()


def test_prefixes_of_containers() -> None:
    """Every node and machine has one, by role."""
    found = exec_prefixes(PLAN)

    assert list(found) == [*PLAN.nodes, *PLAN.machines]
    assert found["worker2"] == [
        *("docker", "exec", "-i", "metallb-lab-ada-worker2")
    ]
    assert machine_of(PLAN, "desk").transport == DockerExec(
        "metallb-lab-ada-desk"
    )


@pytest.mark.usefixtures("hosts_file")
def test_prefixes_of_hosts() -> None:
    """Every node and machine is a host of the inventory."""
    found = exec_prefixes(PLAN)

    assert list(found) == [*PLAN.nodes, *PLAN.machines]
    assert found["client"][-3:] == ["sudo", "-n", "--"]
    assert isinstance(machine_of(PLAN, "desk").transport, SshTransport)


@pytest.mark.usefixtures("hosts_file")
@pytest.mark.parametrize("role", ["control-plane", "desk"])
def test_providers_are_alike(
    monkeypatch: pytest.MonkeyPatch, role: str
) -> None:
    """Playbooks get the same variables, but for names of containers."""
    of_hosts = provider().extra_vars(PLAN)
    monkeypatch.setenv("CLUSTER", "kind")
    of_kind = provider().extra_vars(PLAN)

    assert set(of_kind) - set(of_hosts) == {"state_volume"}
    assert set(of_hosts) <= set(of_kind)
    assert of_hosts["host_addresses"][role].startswith("127.")


def test_docker_exec_is_spelled_in_one_module() -> None:
    """No other Python of the kit builds such a command line."""
    spelled = [
        path.name
        for path in pathlib.Path(settings.ROOT, "graders").rglob("*.py")
        if '"docker", "exec"' in path.read_text(encoding="utf-8")
    ]

    assert spelled == ["docker.py"]
