"""Addresses that show who takes part in announcing them."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import IPv4Address
from types import SimpleNamespace
from typing import Any

import pytest

from graders.checks.check import CheckFailed
from graders.checks.layer2 import (
    address_control_plane_would_win,
    expect_no_static_neighbour,
    expect_off_storage,
)
from graders.checks.services import pool_of, unused_addresses
from graders.errors import CannotCheck
from graders.plan.l2_election import owner
from graders.plan.plan import make_plan
from graders.providers.docker import DockerExec
from graders.providers.machine import Machine, Output
from tests.says import says

PLAN = make_plan()
CONTROL = PLAN.machine_name("control-plane")


def session(*taken: str, pool: str = PLAN.pool) -> Any:  # noqa: ANN401 - a stand-in
    """Return a session with two pools and some addresses taken."""
    cluster = SimpleNamespace(
        pools=lambda: {
            PLAN.private_pool_name: [PLAN.private_pool],
            PLAN.pool_name: [pool],
        },
        vips=lambda: frozenset(taken),
    )
    return SimpleNamespace(plan=PLAN, cluster=cluster)


def test_the_control_plane_is_no_worker() -> None:
    """It is excluded from load balancing."""
    assert {*PLAN.worker_names()} == {*PLAN.node_names()} - {CONTROL}


def test_an_address_tempts_the_control_plane() -> None:
    """By MetalLB's own sum it would be the one to announce it."""
    vip = str(PLAN.l2_vip)
    found = address_control_plane_would_win(session(vip), vip)

    assert owner(PLAN.node_names(), IPv4Address(found)) == CONTROL
    assert found in map(str, unused_addresses(session(), [PLAN.pool]))
    assert address_control_plane_would_win(session(vip, found), vip) not in {
        found,
        vip,
        "",
    }


def test_where_no_address_tempts() -> None:
    """A pool of web's address alone has none, and so has no pool."""
    vip = str(PLAN.l2_vip)

    assert not address_control_plane_would_win(
        session(vip, pool=f"{vip}/32"), vip
    )
    assert not address_control_plane_would_win(session(), "192.0.2.1")


def test_pools_are_found_by_their_addresses() -> None:
    """However they are called."""
    vip = str(PLAN.private_vip)

    assert pool_of(session(), vip) == PLAN.private_pool_name
    assert not pool_of(session(), "192.0.2.1")


def test_addresses_in_use_are_not_free() -> None:
    """Nobody can have them once more."""
    lab = session("192.0.2.1", "192.0.2.2")

    assert [str(one) for one in unused_addresses(lab, ["192.0.2.0/30"])] == [
        "192.0.2.0",
        "192.0.2.3",
    ]


@dataclass(frozen=True)
class Desk(Machine):
    """A desk on a storage network where some addresses are answered for."""

    answered: tuple[str, ...] = ()

    def run(self, *argv: str, seconds: float = 20, stdin: str = "") -> Output:
        """Show its interface, or ask for an address."""
        del seconds, stdin
        if argv[0] == "ip":
            return Output("ip", 0 if self.answered else 1, "", "")
        heard = f"Unicast reply from {argv[-1]} [02:42:0A:00:00:03]  1ms\n"
        known = argv[-1] in self.answered
        return Output("arping", 0, heard if known else "", "")


def storage(*answered: str, there: bool = True) -> Any:  # noqa: ANN401 - a stand-in
    """Return a session whose desk hears answers for these addresses.

    With `there`, the worker has its own.
    """
    desk = Desk("desk", DockerExec("metallb-lab-desk"), answered)
    own = f"5: eth1 inet {PLAN.storage_addresses['worker']}/24 scope global"
    machines = {"desk": desk, "worker": says(own if there else "")}
    return SimpleNamespace(plan=PLAN, machine=machines.get)


def test_the_storage_network_hears_the_node_and_not_the_vip() -> None:
    """Silence counts where the node itself is heard."""
    vip, own = str(PLAN.l2_vip), str(PLAN.storage_addresses["worker"])
    names = [PLAN.machine_name("worker")]

    expect_off_storage(storage(own), vip, names)
    with pytest.raises(
        CheckFailed, match="on the storage network to be answered"
    ):
        expect_off_storage(storage(own, vip), vip, names)
    with pytest.raises(CheckFailed, match=f"{own} to be answered by the node"):
        expect_off_storage(storage("192.0.2.1"), vip, names)
    with pytest.raises(CannotCheck, match="the desk has no eth1"):
        expect_off_storage(storage(), vip, names)
    with pytest.raises(CannotCheck, match=f"worker is not at {own}"):
        expect_off_storage(storage(own, there=False), vip, names)


def test_a_neighbour_entry_by_hand_is_refused() -> None:
    """It is named with the machine that has it."""
    vip = str(PLAN.l2_vip)
    entry = f"{vip} dev eth0 lladdr 02:42:ac:12:01:03 PERMANENT \n"
    machines = {"router": says(entry), "lan-client": says("")}
    lab: Any = SimpleNamespace(machine=machines.get)

    with pytest.raises(
        CheckFailed, match=f"{vip} to be on no machine, not router"
    ):
        expect_no_static_neighbour(lab, vip)
    machines["router"] = says("")
    expect_no_static_neighbour(lab, vip)
