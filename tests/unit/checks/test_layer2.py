"""Addresses of the control plane, and speakers that diverged."""

from __future__ import annotations

from ipaddress import IPv4Address
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from graders.checks import layer2
from graders.checks.layer2 import (
    address_control_plane_would_win,
    speakers_diverged,
    until_converged,
)
from graders.checks.pools import unused_addresses
from graders.plan.l2_election import owner
from graders.plan.plan import make_plan
from graders.probes.static_entries import COMMANDS
from tests.fakes import says

if TYPE_CHECKING:
    from collections.abc import Callable


PLAN = make_plan()
CONTROL = PLAN.machine_name("control-plane")


def session(*taken: str, pool: str = PLAN.pool) -> Any:  # noqa: ANN401 - a stand-in
    """Return a session with two pools, where addresses are in use."""
    cluster = SimpleNamespace(
        pools=lambda: {
            PLAN.private_pool_name: [PLAN.private_pool],
            PLAN.pool_name: [pool],
        },
        vips=lambda: frozenset(taken),
    )
    return SimpleNamespace(plan=PLAN, cluster=cluster)


def test_workers() -> None:
    """The control plane is none."""
    assert {*PLAN.worker_names()} == {*PLAN.node_names()} - {CONTROL}


def test_address_of_control_plane() -> None:
    """MetalLB's election would choose the control plane."""
    vip = str(PLAN.l2_vip)
    found = address_control_plane_would_win(session(vip), vip)

    assert owner(PLAN.node_names(), IPv4Address(found)) == CONTROL
    assert found in map(str, unused_addresses(session(), [PLAN.pool]))
    assert address_control_plane_would_win(session(vip, found), vip) not in {
        found,
        vip,
        "",
    }


def test_no_address_of_control_plane() -> None:
    """A pool with web's address only has none, nor has a missing pool."""
    vip = str(PLAN.l2_vip)

    assert not address_control_plane_would_win(
        session(vip, pool=f"{vip}/32"), vip
    )
    assert not address_control_plane_would_win(session(), "192.0.2.1")


VIP = str(PLAN.l2_vip)
ONE, TWO, OTHER = (f"02:00:00:00:00:0{last}" for last in "123")


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Record the names of waits; probe once for each."""
    asked: list[str] = []

    def until(
        wait: str,
        probe: Callable[[], int],
        _: Callable[[int], object],
        **_hopeless: Callable[[int], object],
    ) -> int:
        asked.append(wait)
        return probe()

    monkeypatch.setattr(layer2, "until", until)
    return asked


def _converge(values: list[int], *, diverged: bool) -> int:
    results = iter(values)
    return until_converged(
        "arp", lambda: next(results), (1).__eq__, lambda: diverged
    )


def test_right_at_once(waits: list[str]) -> None:
    """A right value is not waited for."""
    assert _converge([1], diverged=True) == 1
    assert waits == ["arp"]


def test_diverged_speakers(waits: list[str]) -> None:
    """They are waited for, and may or may not converge."""
    found = [_converge([2, last], diverged=True) for last in (1, 2)]

    assert found == [1, 2]
    assert waits == ["arp", "diverged"] * 2


def test_wrong_without_divergence(waits: list[str]) -> None:
    """A longer wait would change nothing; they may just have agreed."""
    found = [_converge([2, last], diverged=False) for last in (1, 2)]

    assert found == [1, 2]
    assert waits == ["arp"] * 2


def test_hopeless_although_diverged(waits: list[str]) -> None:
    """What speakers cannot change is not waited for."""
    found = until_converged(
        "arp", lambda: 0, bool, lambda: True, hopeless=lambda value: not value
    )

    assert found == 0
    assert waits == ["arp"]


# The other tables of a machine are empty.
_NO_MORE = "=-=-=\n" * (len(COMMANDS) - 1)


def _lab(macs: tuple[str, ...], carried: str = "") -> Any:  # noqa: ANN401 - a stand-in
    """Return a lab where `macs` answer; `carried` is a worker's output."""
    answer = SimpleNamespace(macs=macs, command="arping", text="")
    return SimpleNamespace(
        plan=PLAN,
        node_macs={ONE: "worker", TWO: "worker2"},
        cluster=SimpleNamespace(items=lambda _: []),
        lan_client=SimpleNamespace(arping=lambda *_: answer),
        machine=lambda role: says(
            (f"{carried}\n" if role == "worker" else "") + _NO_MORE, role
        ),
    )


def test_speakers_diverged() -> None:
    """Two nodes answer, and neither has the address on an interface."""
    assert speakers_diverged(_lab((ONE, TWO)), VIP)


@pytest.mark.parametrize(
    ("macs", "carried"),
    [
        ((), ""),
        ((ONE,), ""),
        ((ONE, OTHER), ""),
        ((ONE, TWO), f"1: lo inet {VIP}/32 scope global lo"),
    ],
)
def test_other_responders(macs: tuple[str, ...], carried: str) -> None:
    """One node, a machine that is no node, or a node with the address."""
    assert not speakers_diverged(_lab(macs, carried), VIP)
