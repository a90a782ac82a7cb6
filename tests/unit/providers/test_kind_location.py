"""Networks of a lab on this computer, and free ones for it."""

from __future__ import annotations

import json
import os
from ipaddress import IPv4Network
from typing import TYPE_CHECKING, Any

import pytest

from graders.errors import CannotCheck, UsageError
from graders.plan.plan import make_plan
from graders.providers.base import Location
from graders.providers.docker_networks import DockerNetwork, Route
from graders.providers.kind_location import (
    UsedSubnet,
    account_name,
    first_free_plan,
    foreign_cluster,
    locate,
    plan_from_routes,
    running_students,
    used_subnets,
)
from tests.tickets import NONCE, install

if TYPE_CHECKING:
    from pathlib import Path


def network(name: str, subnet: str, **labels: str) -> dict[str, Any]:
    """Write a network as `docker network inspect` does."""
    return {
        "Name": name,
        "Id": (name + "0" * 64)[:64],
        "IPAM": {"Config": [{"Subnet": subnet}] if subnet else None},
        "Options": {},
        "Labels": {f"metallb-lab.{k}": v for k, v in labels.items()},
    }


class FakeDocker:
    """An engine with these networks and cluster nodes."""

    def __init__(
        self,
        *networks: dict[str, Any],
        nodes: dict[str, list[str]] | None = None,
    ) -> None:
        """Keep what the engine has."""
        self.networks = networks
        self.nodes = nodes or {}

    def __call__(self, *args: str) -> str:
        """Answer what the kit asks."""
        if args[:2] == ("network", "ls"):
            return "\n".join(item["Id"] for item in self.networks)
        if args[:2] == ("network", "inspect"):
            return json.dumps(self.networks)
        if args[0] == "ps":
            return "\n".join(self.nodes)
        return json.dumps(
            [
                {"NetworkSettings": {"Networks": dict.fromkeys(on)}}
                for on in self.nodes.values()
            ]
        )


def locate_among(
    docker: FakeDocker, *routes: Route, student: str = "demo"
) -> Location:
    """Locate a lab on an engine and among routes."""
    return locate(student, docker, lambda: list(routes))


BRIDGE = network("bridge", "172.17.0.0/16")
OURS = (
    network("kind", "172.18.0.0/16", student="demo", slot="0", role="lan"),
    network(
        "metallb-lab-edge",
        "10.90.0.0/24",
        student="demo",
        slot="0",
        role="edge",
    ),
)


def route(net: str, device: str = "eth0") -> Route:
    """Make a route."""
    return Route(IPv4Network(net), device)


def test_first_choice() -> None:
    """On an empty host the plan is the first choice and does not exist."""
    found = locate_among(FakeDocker(BRIDGE), route("192.168.1.0/24"))

    assert found == Location(make_plan(), exists=False)


def test_standing_lab_stays() -> None:
    """A lab that exists keeps its plan; it owns the routes to its bridges."""
    found = locate_among(
        FakeDocker(BRIDGE, *OURS), route("172.18.0.0/16", "br-x")
    )

    assert found == Location(make_plan(), exists=True)


def test_route_moves_the_plan() -> None:
    """A conflicting route moves the plan and is named."""
    found = locate_among(FakeDocker(BRIDGE), route("172.18.4.0/22", "tun0"))

    assert found.plan == make_plan(slot=1)
    assert found.moved_from == IPv4Network("172.18.0.0/16")
    assert found.moved_because == "route to 172.18.4.0/22 on tun0"


def test_edge_moves_the_plan_too() -> None:
    """A network in the way of the edge moves the plan."""
    found = locate_among(FakeDocker(), route("10.90.0.0/16", "tun0"))

    assert found.plan.slot == 13


def test_docker_network_moves_the_plan() -> None:
    """Another docker network in the way is named, not its route."""
    found = locate_among(
        FakeDocker(network("shop", "172.18.0.0/16")),
        route("172.18.0.0/16", "br-shop00000000"),
    )

    assert found.moved_because == "docker network shop"


def test_another_students_lab_is_in_the_way() -> None:
    """Another student's networks count as taken."""
    ann = make_plan("ann")
    other = network("other", str(ann.lan), student="bob", slot="0")

    assert locate_among(FakeDocker(other), student="ann").plan.slot == 1


def test_moved_lab_is_found_again() -> None:
    """The slot of a lab that moved comes from its label."""
    nets = (
        network("kind", "172.19.0.0/16", student="demo", slot="1", role="lan"),
        network(
            "metallb-lab-edge",
            "10.90.1.0/24",
            student="demo",
            slot="1",
            role="edge",
        ),
    )

    assert locate_among(FakeDocker(*nets)) == Location(
        make_plan(slot=1),
        exists=True,
        moved_from=IPv4Network("172.18.0.0/16"),
    )


def test_half_made_lab_keeps_its_slot() -> None:
    """After an interrupted `lab up` one network is enough to find it."""
    found = locate_among(FakeDocker(OURS[1]))

    assert found == Location(make_plan(), exists=True)


def test_foreign_kind_network_is_left_alone() -> None:
    """If another owner has a network `kind`, demo uses another name."""
    found = locate_among(FakeDocker(network("kind", "172.18.0.0/16")))

    assert found.plan.lan_name == "metallb-lab"
    assert found.plan.lan == IPv4Network("172.19.0.0/16")


def test_fallback_name_is_found_again() -> None:
    """A lab on the fallback network is found by its label."""
    lan = network(
        "metallb-lab", "172.19.0.0/16", student="demo", slot="1", role="lan"
    )

    found = locate_among(FakeDocker(network("kind", "172.18.0.0/16"), lan))

    assert found.plan == make_plan(slot=1, lan_name="metallb-lab")


@pytest.mark.parametrize(
    ("student", "name"),
    [
        ("demo", "metallb-lab-edge"),
        ("ann", "metallb-lab-ann"),
        ("ann", "metallb-lab-ann-edge"),
    ],
)
def test_foreign_network_of_our_name(student: str, name: str) -> None:
    """A network that is not the kit's but has its name is named."""
    rule = f"docker network {name} is not of this lab .*docker network rm"
    with pytest.raises(CannotCheck, match=rule):
        locate_among(FakeDocker(network(name, "10.1.0.0/16")), student=student)


def test_both_demo_names_are_foreign() -> None:
    """Where `kind` and the fallback are foreign, the fallback is named."""
    nets = [network(name, "") for name in ("kind", "metallb-lab")]

    with pytest.raises(CannotCheck, match="network metallb-lab is not"):
        locate_among(FakeDocker(*nets))


@pytest.mark.parametrize("slot", ["", "x", "-1", "63", "01"])
def test_broken_label(slot: str) -> None:
    """A slot that no plan has is an error with the remedy."""
    net = network("kind", "172.18.0.0/16", student="demo", slot=slot)

    with pytest.raises(CannotCheck, match=r"0 to 62; run `lab down`"):
        locate_among(FakeDocker(net))


def test_labels_disagree() -> None:
    """Two networks of one lab must be of one slot."""
    other = network("x", "172.19.0.0/16", student="demo", slot="1")

    with pytest.raises(CannotCheck, match="one and the same label"):
        locate_among(FakeDocker(*OURS, other))


def test_network_of_another_kits_plan() -> None:
    """A network with our label but another subnet is an error."""
    net = network(
        "kind", "172.30.0.0/16", student="demo", slot="0", role="lan"
    )

    with pytest.raises(
        CannotCheck, match=r"must have 172.18.0.0/16 .* not 172.30.0.0/16"
    ):
        locate_among(FakeDocker(net))


def test_vpn_over_everything_leaves_the_spare_networks() -> None:
    """Routes to all private networks leave the spare ones."""
    found = locate_among(
        FakeDocker(), route("10.0.0.0/8"), route("172.16.0.0/12")
    )

    assert found.plan.lan.subnet_of(IPv4Network("100.64.0.0/10"))
    assert found.plan.edge.subnet_of(IPv4Network("198.18.0.0/16"))


def test_nothing_is_free() -> None:
    """Where every slot collides, the error says who is in the way."""
    nets = ("10.0.0.0/8", "172.16.0.0/12", "100.64.0.0/10")
    taken = [UsedSubnet(IPv4Network(net), "the VPN") for net in nets]

    with pytest.raises(CannotCheck, match=r"172\.18\.0\.0/16 by the VPN"):
        first_free_plan(make_plan(), taken)


def test_a_replay_has_one_slot(monkeypatch: pytest.MonkeyPatch) -> None:
    """What was typed has its addresses: no other one will do."""
    monkeypatch.setenv("METALLB_LAB_SLOT", "2")
    plan = make_plan("ada", 2)

    assert first_free_plan(make_plan("ada"), []).plan == plan
    with pytest.raises(CannotCheck, match=f"{plan.lan} by the VPN"):
        first_free_plan(make_plan("ada"), [UsedSubnet(plan.lan, "the VPN")])


def test_own_networks_are_not_taken() -> None:
    """Neither a lab's own networks nor the routes to them are taken."""
    ours = DockerNetwork(
        "kind",
        "br-1",
        (IPv4Network("172.18.0.0/16"),),
        {"metallb-lab.student": "demo"},
    )
    routes = [route("172.18.0.0/16", "br-1"), route("10.1.0.0/16")]

    found = used_subnets("demo", [ours], routes)

    assert [str(item.network) for item in found] == ["10.1.0.0/16"]


def test_no_cluster() -> None:
    """Without containers of the cluster's name there is no foreign one."""
    assert foreign_cluster(make_plan(), FakeDocker(*OURS)) is None


def test_own_cluster() -> None:
    """One node on a network of ours is enough while others are re-pinned."""
    nodes: dict[str, list[str]] = {
        "metallb-lab-worker": [],
        "metallb-lab-control-plane": ["kind"],
    }

    assert foreign_cluster(make_plan(), FakeDocker(*OURS, nodes=nodes)) is None


@pytest.mark.parametrize("ours", [(), OURS])
def test_foreign_cluster(ours: tuple[dict[str, Any], ...]) -> None:
    """A cluster of our name on other networks is foreign."""
    docker = FakeDocker(*ours, nodes={"metallb-lab-worker": ["other"]})

    assert foreign_cluster(make_plan(), docker) == "metallb-lab-worker"


def _owned(owner: str) -> FakeDocker:
    labels = {"student": "demo", "slot": "0", "role": "lan", "owner": owner}
    return FakeDocker(network("kind", "172.18.0.0/16", **labels))


def test_lab_of_this_account() -> None:
    """It is found as before; earlier versions noted no account."""
    assert locate_among(_owned(str(os.getuid()))).exists


def test_lab_of_another_account() -> None:
    """Its state is not here, so it is named and left alone."""
    rule = r"lab of student demo .* belongs to account 4000000000; use another"

    with pytest.raises(UsageError, match=rule):
        locate_among(_owned("4000000000"))


def test_any_account() -> None:
    """Its networks are known to whoever need not work in the lab."""
    found = locate("demo", _owned("4000000000"), list, any_owner=True)

    assert found == Location(make_plan(), exists=True)


@pytest.mark.parametrize("uid", ["4000000000", "x"])
def test_account_without_a_name(uid: str) -> None:
    """Its number stands for it."""
    assert account_name(uid) == uid


def test_name_of_an_account() -> None:
    """It is that of the system."""
    assert account_name("0") == "root"


def test_running_students() -> None:
    """Each is named once."""
    assert running_students(lambda *_: "ada\nbob\nada") == {"ada", "bob"}


def _of_ada(**labels: str) -> tuple[dict[str, Any], ...]:
    """Make the networks of a lab of Ada's."""
    nonce = labels.get("nonce", "")
    plan, common = make_plan("ada", nonce=nonce), {"student": "ada"}
    return tuple(
        network(name, str(subnet), role=role, slot="0", **common, **labels)
        for name, subnet, role in (
            (plan.cluster, plan.lan, "lan"),
            (plan.edge_name, plan.edge, "edge"),
        )
    )


@pytest.fixture
def ticket(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Give Ada a ticket."""
    monkeypatch.setenv("METALLB_LAB_CONFIG", str(tmp_path))
    install("ada")


@pytest.mark.usefixtures("ticket")
def test_a_new_lab_has_the_ticket_s_numbers() -> None:
    """So does its plan before an engine runs; nobody else's."""
    found = locate_among(FakeDocker(), student="ada")

    assert found.plan == make_plan("ada", nonce=NONCE)
    assert plan_from_routes("ada").plan.nonce == NONCE
    assert locate_among(FakeDocker(), student="bob").plan == make_plan("bob")


@pytest.mark.usefixtures("ticket")
def test_a_lab_keeps_what_it_was_made_with() -> None:
    """A ticket that comes later changes nothing, nor does one that goes."""
    before = locate_among(FakeDocker(*_of_ada()), student="ada")
    other = locate_among(FakeDocker(*_of_ada(nonce="ff" * 8)), student="ada")

    assert before == Location(make_plan("ada"), exists=True)
    assert other.plan == make_plan("ada", nonce="ff" * 8)


@pytest.mark.usefixtures("ticket")
def test_a_lab_that_is_made_again_keeps_its_numbers() -> None:
    """A reset that recreates everything asks for the same nonce."""
    found = locate("ada", FakeDocker(), list, nonce="")

    assert found.plan == make_plan("ada")


@pytest.mark.parametrize("nonces", [("", "ff" * 8), ("no", "no")])
def test_networks_must_agree_on_the_nonce(nonces: tuple[str, str]) -> None:
    """Half of a lab with other numbers is none."""
    lan, edge = (
        {**net, "Labels": {**net["Labels"], "metallb-lab.nonce": nonce}}
        for net, nonce in zip(_of_ada(), nonces, strict=True)
    )

    with pytest.raises(CannotCheck, match=r"metallb-lab\.nonce.*lab down"):
        locate_among(FakeDocker(lan, edge), student="ada")
