"""The kind provider, by what docker says and does."""

from __future__ import annotations

import json
from typing import Any

import pytest

from graders.errors import CannotCheck, UsageError
from graders.plan.plan import make_plan
from graders.providers.docker import EngineDown, EngineForbidden
from graders.providers.kind import KindProvider

PLAN = make_plan()
WORKER = PLAN.machine_name("worker")
PREFIX = "metallb-lab."


def container(name: str, network: str, address: object) -> dict[str, Any]:
    """Return what docker says of a running container."""
    end = {"IPAddress": str(address), "MacAddress": "02:42:AC:12:01:03"}
    return {
        "Name": f"/{name}",
        "State": {"Status": "running"},
        "NetworkSettings": {"Networks": {network: end}},
    }


def network(name: str, subnet: object, role: str) -> dict[str, Any]:
    """Return what docker says of a network of the lab."""
    labels = {"student": "demo", "slot": "0", "role": role}
    return {
        "Name": name,
        "Id": name,
        "IPAM": {"Config": [{"Subnet": str(subnet)}]},
        "Labels": {PREFIX + key: value for key, value in labels.items()},
    }


class Engine:
    """An engine that has a whole lab; a test changes what it is about."""

    def __init__(self) -> None:
        """Create all containers and networks."""
        self.calls: list[tuple[str, ...]] = []
        self.pauses_to_fail = 0
        self.networks = [
            network(PLAN.lan_name, PLAN.lan, "lan"),
            network(PLAN.edge_name, PLAN.edge, "edge"),
        ]
        self.volumes = {f"{PLAN.cluster}-state": PLAN.student}
        self.foreign: set[str] = set()
        self.containers = {
            one.name: container(
                one.name,
                PLAN.lan_name if one.lan else PLAN.edge_name,
                one.lan or one.edge,
            )
            for one in (*PLAN.nodes.values(), *PLAN.machines.values())
        }

    def __call__(self, *args: str) -> str:
        """Run a command of docker."""
        self.calls.append(args)
        match args:
            case ("ps", *_):
                lines = [*map(self._listed, self.containers), "x\t\t"]
                return "" if "--quiet" in args else "\n".join(lines)
            case ("volume", "ls", *_):
                return "\n".join(map("\t".join, self.volumes.items()))
            case ("network", "ls", *_):
                return "\n".join(item["Id"] for item in self.networks)
            case ("network", "inspect", *_):
                return json.dumps(self.networks)
            case ("inspect", *names):
                return json.dumps([self.containers[name] for name in names])
            case ("pause", _) if self.pauses_to_fail:
                self.pauses_to_fail -= 1
                raise CannotCheck("could not pause: unable to freeze")
            case ("pause" | "unpause", name):
                state = "paused" if args[0] == "pause" else "running"
                self.containers[name]["State"]["Status"] = state
        return ""

    def _listed(self, name: str) -> str:
        if name in self.foreign:
            return f"{name}\t\t"
        cluster = PLAN.cluster if name in PLAN.node_names() else ""
        return f"{name}\t{cluster}\t{PLAN.student}"

    @property
    def verbs(self) -> list[str]:
        """The first word of each command."""
        return [call[0] for call in self.calls]


@pytest.fixture
def engine() -> Engine:
    """Return an engine that has a whole lab."""
    return Engine()


def test_all_run(engine: Engine) -> None:
    """Docker is asked once for networks and once for containers."""
    status = KindProvider(engine).status("demo")

    assert list(status.machines) == [*PLAN.nodes, *PLAN.machines]
    assert all(one.running for one in status.machines.values())
    assert status.machines["worker"].address == "172.18.1.3"
    assert (status.place, status.needs_doctor) == ("kind", False)
    assert (status.location.plan, status.obstacle) == (PLAN, None)
    assert engine.verbs == ["network", "network", "ps", "inspect"]


def test_a_container_is_missing(engine: Engine) -> None:
    """It is in the status nevertheless."""
    del engine.containers[PLAN.machine_name("desk")]

    desk = KindProvider(engine).machines(PLAN)["desk"]

    assert (desk.address, desk.state) == ("", "not there")
    assert not desk.running
    assert not desk.exists


def test_nothing_exists(engine: Engine) -> None:
    """Docker is not asked about no containers; the doctor has to look."""
    engine.containers.clear()
    engine.networks.clear()

    status = KindProvider(engine).status("demo")

    assert not any(one.exists for one in status.machines.values())
    assert status.needs_doctor
    assert "inspect" not in engine.verbs


@pytest.mark.parametrize("state", ["paused", "exited", "created"])
def test_a_container_does_not_run(engine: Engine, state: str) -> None:
    """A container that is paused or stopped is not running."""
    engine.containers[WORKER]["State"]["Status"] = state

    worker = KindProvider(engine).machines(PLAN)["worker"]

    assert (worker.state, worker.running) == (state, False)


@pytest.mark.parametrize("role", ["worker", "client"])
def test_a_container_has_moved(engine: Engine, role: str) -> None:
    """A container at an address of docker's choice is not in place."""
    name = PLAN.machine_name(role)
    at = PLAN.edge_name if role == "client" else PLAN.lan_name
    engine.containers[name] = container(name, at, "192.0.2.1")

    assert not KindProvider(engine).machines(PLAN)[role].running


def test_a_container_without_networks(engine: Engine) -> None:
    """It has no address."""
    item = engine.containers[WORKER]
    item["NetworkSettings"]["Networks"] = {}

    worker = KindProvider(engine).machines(PLAN)["worker"]

    assert (worker.address, worker.running) == ("", False)


def test_address_on_the_lan_comes_first(engine: Engine) -> None:
    """The router, on both networks, is shown at its LAN address."""
    item = engine.containers[PLAN.machine_name("router")]
    ends = item["NetworkSettings"]["Networks"]
    ends[PLAN.edge_name] = {"IPAddress": "10.90.0.2"}

    machines = KindProvider(engine).machines(PLAN)

    assert machines["router"].address == "172.18.0.2"


def test_a_foreign_cluster(engine: Engine) -> None:
    """A cluster of the lab's name on other networks stops a lab."""
    for name in PLAN.node_names():
        engine.containers[name] = container(name, "other", "192.0.2.1")

    obstacle = KindProvider(engine).status("demo").obstacle

    assert isinstance(obstacle, UsageError)
    assert "kind cluster metallb-lab exists here" in str(obstacle)


@pytest.mark.parametrize("role", ["client", "worker"])
def test_a_foreign_container(engine: Engine, role: str) -> None:
    """A container that only has a name of the lab stops it and stays."""
    name = PLAN.machine_name(role)
    engine.foreign.add(name)

    status = KindProvider(engine).status("demo")
    _, left_alone = KindProvider(engine).removal("demo")

    assert isinstance(status.obstacle, UsageError)
    assert f"docker container {name} is not of this lab" in str(
        status.obstacle
    )
    assert f"`docker container rm {name}`" in str(status.obstacle)
    assert not status.machines[role].exists
    assert [line.split()[2] for line in left_alone] == [name]


def test_a_foreign_volume(engine: Engine) -> None:
    """Before the DHCP server exists, a volume of another owner stops it."""
    engine.volumes = {f"{PLAN.cluster}-state": ""}
    del engine.containers[PLAN.machine_name("dhcp")]

    status = KindProvider(engine).status("demo")
    _, left_alone = KindProvider(engine).removal("demo")

    assert "docker volume metallb-lab-state is not" in str(status.obstacle)
    assert [line.split()[2] for line in left_alone] == ["metallb-lab-state"]


def test_node_macs(engine: Engine) -> None:
    """Nodes are known by their MAC on the LAN, in small letters."""
    engine.containers = {
        name: container(name, PLAN.lan_name, "172.18.1.3")
        for name in PLAN.node_names()
    }

    macs = KindProvider(engine).node_macs(PLAN)

    assert macs == {"02:42:ac:12:01:03": PLAN.node_names()[-1]}


def test_macs_of_a_disconnected_node(engine: Engine) -> None:
    """It is named, with the remedy."""
    engine.containers[WORKER] = container(WORKER, "bridge", "172.17.0.2")

    with pytest.raises(CannotCheck, match="-worker is not on kind; `lab up`"):
        KindProvider(engine).node_macs(PLAN)


@pytest.mark.parametrize("failures", [0, 2])
def test_silence(engine: Engine, failures: int) -> None:
    """A node that cannot be paused at once is tried again, resumed once."""
    engine.pauses_to_fail = failures
    kind = KindProvider(engine)

    kind.silence(PLAN, WORKER)
    assert engine.verbs == ["pause"] * (failures + 1)

    assert [kind.resume(PLAN, WORKER) for _ in "12"] == [True, False]
    assert engine.verbs.count("unpause") == 1


def test_silence_fails(engine: Engine) -> None:
    """The engine's reason is passed on."""
    engine.pauses_to_fail = 9

    with pytest.raises(CannotCheck, match="unable to freeze"):
        KindProvider(engine).silence(PLAN, WORKER)


def test_late_pause(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    """An engine that pauses after its client has given up is waited for."""
    waited: list[float] = []

    def sleep(seconds: float) -> None:
        waited.append(seconds)
        if sum(waited) >= 1:
            engine("pause", WORKER)

    monkeypatch.setattr("graders.providers.kind.time.sleep", sleep)

    assert KindProvider(engine).resume(PLAN, WORKER)
    assert engine.calls[-1] == ("unpause", WORKER)


@pytest.mark.parametrize("error", [EngineDown, EngineForbidden])
def test_removal_without_engine(error: type[CannotCheck]) -> None:
    """Without docker nothing is as good as removed."""

    def docker(*_: str) -> str:
        raise error("no")

    with pytest.raises(error):
        KindProvider(docker).removal("demo")


def test_removal_of_a_broken_lab(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Labels say what is the lab's; its plan is for names only."""
    monkeypatch.setattr("graders.providers.kind_location.host_routes", list)
    engine.networks[0]["Labels"]["metallb-lab.slot"] = "many"

    plan, left_alone = KindProvider(engine).removal("demo")

    assert (plan.cluster, left_alone) == (PLAN.cluster, [])
