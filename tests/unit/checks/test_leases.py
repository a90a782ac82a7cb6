"""What a DHCP server that has the wrong range is told apart by."""

from __future__ import annotations

import re
from dataclasses import dataclass
from ipaddress import IPv4Address
from types import SimpleNamespace
from typing import TYPE_CHECKING, cast

import pytest

from graders.checks.check import CheckFailed
from graders.checks.leases import expect_no_other, expect_own_range, own_wishes
from graders.plan.plan import make_plan
from graders.polling import WAITS, Wait
from graders.probes.dhcp import ANY, Dhcp
from graders.providers.docker import DockerExec
from graders.providers.machine import Machine, Output
from tests.says import says

if TYPE_CHECKING:
    from graders.checks.session import Session

PLAN = make_plan()
FIRST, LAST = PLAN.dhcp_first, PLAN.dhcp_last
HELD = str(LAST)
TABLE = f"1795469271 02:42:ac:12:00:05 {HELD} desk 01:02\n"
RESERVED = (PLAN.ingress_first, PLAN.ingress_last)


@dataclass(frozen=True)
class Asker(Machine):
    """A machine whose server leases these ranges, and what is not held."""

    ranges: tuple[tuple[IPv4Address, IPv4Address], ...] = ()

    def run(self, *argv: str, seconds: float = 20, stdin: str = "") -> Output:
        """Answer as dhcp-try does; who asks for none gets the middle."""
        del seconds, stdin
        if argv[0] == "cat":
            return Output("cat", 0, "02:42:ac:12:00:03", "")
        lines = [f"{wish}: {self._given(wish)}" for wish in argv[1:]]
        return Output(" ".join(argv), 0, "\n".join(lines), "")

    def _given(self, wish: str) -> str:
        other = str(self.ranges[0][0] + 10) if self.ranges else ""
        good = wish not in {ANY, HELD} and self._leases(wish)
        got = wish if good else other
        return (
            f"leased {got} to client 01" if got else "no lease for client 01"
        )

    def _leases(self, wish: str) -> bool:
        asked = IPv4Address(wish)
        return any(low <= asked <= high for low, high in self.ranges)


def _lab(*ranges: tuple[IPv4Address, IPv4Address]) -> Session:
    asker = Asker("lan-client", DockerExec("metallb-lab-lan-client"), ranges)
    dhcp = Dhcp(says(TABLE, "dhcp"), asker)
    return cast("Session", SimpleNamespace(plan=PLAN, dhcp=dhcp))


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ask once."""
    monkeypatch.setitem(WAITS, "lease", Wait(0, "a test"))


def test_it_is_asked_for_what_is_free() -> None:
    """Not for reserved addresses, nor for one that somebody holds."""
    wishes = own_wishes(_lab())

    assert not {HELD, *map(str, RESERVED)} & {*wishes}
    assert {str(FIRST), str(RESERVED[0] - 1), str(RESERVED[1] + 1)} <= {
        *wishes
    }
    assert all(FIRST <= IPv4Address(wish) <= LAST for wish in wishes)
    assert len({*wishes}) == len(wishes) == 5


@pytest.mark.parametrize(
    "ranges",
    [
        [(FIRST, LAST)],
        [(FIRST, RESERVED[0] - 1), (RESERVED[1] + 1, LAST)],
    ],
)
def test_the_whole_range_is_right(
    ranges: list[tuple[IPv4Address, IPv4Address]],
) -> None:
    """In one piece or around the reserved addresses."""
    lab = _lab(*ranges)

    expect_own_range(lab)
    expect_no_other(lab)


@pytest.mark.parametrize(
    ("ranges", "named"),
    [
        ([(RESERVED[1] + 1, LAST)], FIRST),
        ([(FIRST, RESERVED[0] - 2), (RESERVED[1] + 1, LAST)], RESERVED[0] - 1),
        ([(FIRST + 1, LAST)], FIRST),
        ([], FIRST),
    ],
)
def test_a_part_of_the_range_is_too_little(
    ranges: list[tuple[IPv4Address, IPv4Address]], named: IPv4Address
) -> None:
    """A device that asks for what is left out gets another address."""
    with pytest.raises(CheckFailed, match=rf"for {re.escape(str(named))}"):
        expect_own_range(_lab(*ranges))


@pytest.mark.parametrize(
    ("low", "high", "named"),
    [(FIRST, LAST + 1, LAST + 1), (PLAN.lan[1], LAST, FIRST - 1)],
)
def test_more_than_the_range_is_too_much(
    low: IPv4Address, high: IPv4Address, named: IPv4Address
) -> None:
    """One address beyond either end is enough."""
    lab = _lab((low, high))

    with pytest.raises(CheckFailed, match=re.escape(str(named))):
        expect_no_other(lab)


def test_a_server_that_is_off_leases_nothing() -> None:
    """That is no proof that it leases nobody's addresses."""
    with pytest.raises(CheckFailed, match="none at all"):
        expect_no_other(_lab())
