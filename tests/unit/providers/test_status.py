"""Whether everything but a lab stands, by what docker and the API say."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from graders.errors import CannotCheck
from graders.plan.plan import make_plan
from graders.providers import status
from graders.providers.docker import EngineDown

if TYPE_CHECKING:
    from pathlib import Path

PLAN = make_plan()
Host = dict[str, dict[str, Any]]


def _container(name: str, network: str, address: object) -> dict[str, Any]:
    """Return what docker says of a container that runs."""
    return {
        "Name": f"/{name}",
        "State": {"Status": "running"},
        "NetworkSettings": {
            "Networks": {network: {"IPAddress": str(address)}}
        },
    }


@pytest.fixture
def host(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Host:
    """Let a whole lab stand; a test takes away what it is about."""
    monkeypatch.setenv("METALLB_LAB_CACHE", str(tmp_path))
    monkeypatch.setenv("METALLB_LAB_STATE", str(tmp_path / "state"))
    (tmp_path / "bin").mkdir()
    for tool in ("kubectl", "helm"):
        (tmp_path / "bin" / tool).touch()
    there = {
        one.name: _container(
            one.name,
            PLAN.lan_name if one.lan else PLAN.edge_name,
            one.lan or one.edge,
        )
        for one in (*PLAN.nodes.values(), *PLAN.machines.values())
    }

    def docker(*args: str) -> str:
        if args[0] == "ps":
            return "\n".join([*there, "somebody-elses"])
        return json.dumps([there[name] for name in args[1:]])

    monkeypatch.setattr(status, "docker", docker)
    _nodes(monkeypatch, ["True"] * 3)
    return there


def _nodes(monkeypatch: pytest.MonkeyPatch, ready: list[str]) -> None:
    """Let the API server know these nodes."""
    nodes = [
        {
            "status": {
                "conditions": [
                    {"type": "DiskPressure", "status": "False"},
                    {"type": "Ready", "status": status},
                ]
            }
        }
        for status in ready
    ]

    class Answers:
        def __init__(self, *_: object) -> None:
            """Connect."""

        def close(self) -> None:
            """Disconnect."""

        def items(self, path: str) -> list[dict[str, Any]]:
            """Return the nodes."""
            assert path == "/api/v1/nodes"
            return nodes

    monkeypatch.setattr(status, "cluster_client", Answers)


@pytest.mark.usefixtures("host")
def test_all_stands() -> None:
    """With all containers, addresses and nodes it stands."""
    assert status.is_up(PLAN)


def test_one_is_gone(host: Host) -> None:
    """A container that was removed is found missing."""
    del host["metallb-lab-router"]

    assert "metallb-lab-router" not in status.containers(PLAN)
    assert not status.is_up(PLAN)


def test_none_is_there(host: Host) -> None:
    """Without any, docker is not asked about none."""
    host.clear()

    assert status.containers(PLAN) == {}
    assert not status.is_up(PLAN)


@pytest.mark.parametrize("word", ["paused", "exited", "created"])
def test_one_does_not_run(host: Host, word: str) -> None:
    """A container that is paused or stopped does not stand."""
    host["metallb-lab-worker2"]["State"]["Status"] = word

    assert not status.is_up(PLAN)


@pytest.mark.parametrize("role", ["worker", "client"])
def test_one_has_moved(host: Host, role: str) -> None:
    """A container at an address of docker's choice does not stand."""
    name = PLAN.machine_name(role)
    network = PLAN.edge_name if role == "client" else PLAN.lan_name
    host[name] = _container(name, network, "192.0.2.1")

    assert not status.is_up(PLAN)


def test_one_is_disconnected(host: Host) -> None:
    """A container that is on no network has no address."""
    item = host["metallb-lab-dhcp"]
    item["NetworkSettings"]["Networks"] = {}

    assert status.address(PLAN, item) == ""
    assert not status.is_up(PLAN)


def test_the_lan_s_address_comes_first(host: Host) -> None:
    """The router, on both networks, is shown at its LAN address."""
    item = host["metallb-lab-router"]
    ends = item["NetworkSettings"]["Networks"]
    ends[PLAN.edge_name] = {"IPAddress": "10.90.0.2"}

    assert status.address(PLAN, item) == "172.18.0.2"


@pytest.mark.usefixtures("host")
@pytest.mark.parametrize(
    "ready",
    [[], ["True"] * 2, ["True", "False", "True"], ["True", "True", "Unknown"]],
)
def test_nodes_are_not_ready(
    monkeypatch: pytest.MonkeyPatch, ready: list[str]
) -> None:
    """Three nodes have to be Ready, no fewer."""
    _nodes(monkeypatch, ready)

    assert not status.is_up(PLAN)


@pytest.mark.usefixtures("host")
def test_tools_are_gone(tmp_path: Path) -> None:
    """Without the kit's own kubectl nothing can be done: up has to."""
    (tmp_path / "bin" / "kubectl").unlink()

    assert not status.is_up(PLAN)


@pytest.mark.usefixtures("host")
@pytest.mark.parametrize("name", ["docker", "cluster_client"])
def test_no_answer_is_no(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """What does not answer does not stand, and it is no error."""

    def silent(*_: object) -> None:
        raise (EngineDown if name == "docker" else CannotCheck)("no answer")

    monkeypatch.setattr(status, name, silent)

    assert not status.is_up(PLAN)


@pytest.mark.usefixtures("host")
@pytest.mark.parametrize("ours", [True, False])
def test_on_hosts(monkeypatch: pytest.MonkeyPatch, *, ours: bool) -> None:
    """There it is the hosts that are asked, and docker is not."""
    monkeypatch.setattr(status, "inventory", object)
    monkeypatch.setattr(status, "all_ready", lambda _: ours)
    monkeypatch.delattr(status, "docker")

    assert status.is_up(PLAN) is ours


def test_rows(host: Host) -> None:
    """Each machine has a line, also one that is not there."""
    del host["metallb-lab-desk"]

    found = {role: rest for role, *rest in status.status_rows(PLAN)}

    assert list(found) == [*PLAN.nodes, *PLAN.machines]
    assert found["worker"] == ["172.18.1.3", "running"]
    assert found["desk"] == ["", "not there"]


@pytest.mark.usefixtures("hosts_file")
def test_rows_of_hosts() -> None:
    """What keeps a host from answering is told in its line."""
    found = {role: rest for role, *rest in status.status_rows(PLAN)}

    assert found["router"] == [
        "172.18.0.2/16 10.90.0.2/24",
        "debian@127.0.0.13 port 1 cannot be reached: Connection refused",
    ]
    assert len(found) == 8
