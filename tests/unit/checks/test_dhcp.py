"""The desk's lease, and servers that lease a wrong range."""

from __future__ import annotations

import re
from dataclasses import dataclass
from ipaddress import IPv4Address
from types import SimpleNamespace
from typing import TYPE_CHECKING, cast

import pytest

from graders.checks.check import CheckFailed
from graders.checks.dhcp import (
    Desk,
    expect_lease,
    expect_only_range_leased,
    expect_range_leased,
    requests_inside,
)
from graders.plan.plan import make_plan
from graders.polling import WAITS, Wait
from graders.probes.dhcp import ANY_ADDRESS, Dhcp
from graders.providers.docker import DockerExec
from graders.providers.machine import Machine, Output
from tests.says import says

if TYPE_CHECKING:
    from graders.checks.session import Session


MAC = "02:42:ac:12:00:05"
HELD = (
    "2: eth0    inet 172.18.100.170/16 scope global secondary eth0:lease"
    "\\       valid_lft forever preferred_lft forever\n"
)
TABLE = f"1795469271 {MAC} 172.18.100.170 desk 01:{MAC}\n"


@dataclass(frozen=True)
class Device(Machine):
    """A desk with an interface; `address` is what `ip` says of it."""

    address: str = HELD

    def run(self, *argv: str, seconds: float = 20, stdin: str = "") -> Output:
        """Answer by the program that is asked."""
        del seconds, stdin
        out = {"cat": f"{MAC.upper()}\n", "ip": self.address}.get(argv[0], "")
        return Output(" ".join(argv), 0, out, "")


def _desk(table: str, address: str = HELD) -> Desk:
    device = Device("desk", DockerExec("metallb-lab-desk"), address)
    return Desk(device, Dhcp(says(table, "dhcp"), says("", "lan-client")))


def test_its_lease_is_found_by_its_mac() -> None:
    """Other devices' leases are not the desk's."""
    other = "1795469272 02:42:ac:12:00:03 172.18.100.153 * 01:86\n"
    lease = _desk(TABLE + other).lease()

    assert lease is not None
    assert lease.address == "172.18.100.170"
    assert _desk(other).lease() is None


@pytest.mark.parametrize(
    ("text", "address"), [(HELD, "172.18.100.170"), ("", "")]
)
def test_what_it_holds(text: str, address: str) -> None:
    """The address with the label of its lease, or none."""
    assert _desk(TABLE, text).held() == address


def test_a_renewed_lease_ends_otherwise() -> None:
    """Later or, leased for a shorter time, earlier; the same is none."""
    desk = _desk(TABLE)

    assert desk.renew(1795469270)
    assert desk.renew(1795469272)
    assert not desk.renew(1795469271)
    assert not _desk("").renew(0)


def test_a_lease_without_end_stays_as_it_is() -> None:
    """The table has 0 for it before and after."""
    assert _desk(TABLE.replace("1795469271", "0")).renew(0)


def test_a_desk_that_is_just_asking_anew_is_waited_for() -> None:
    """Its old lease is in the table until it has taken the new one."""
    old = TABLE.replace(".170", ".200")
    steps = iter([_desk(old, ""), _desk(old), _desk(TABLE)])

    class Asking(Desk):
        """It is a step further whenever it is looked at."""

        def leased_and_held(self) -> tuple[str, str]:
            """Return what the next step has."""
            return next(steps).leased_and_held()

    desk = _desk(TABLE)

    assert expect_lease(Asking(desk.machine, desk.dhcp)) == "172.18.100.170"


@pytest.mark.parametrize(
    ("table", "address", "reason"),
    [
        ("", HELD, "a lease of the DHCP server, not none"),
        (TABLE, "", "172.18.100.170, not nothing"),
        (TABLE.replace(".170", ".200"), HELD, ".200, not 172.18.100.170"),
    ],
)
def test_a_desk_without_its_lease(
    table: str, address: str, reason: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The table and the desk must say the same."""
    monkeypatch.setitem(WAITS, "lease", Wait(0, "a test"))

    with pytest.raises(CheckFailed, match=reason):
        expect_lease(_desk(table, address))


PLAN = make_plan()
FIRST, LAST = PLAN.dhcp_first, PLAN.dhcp_last
LEASED = str(LAST)
LEASES = f"1795469271 02:42:ac:12:00:05 {LEASED} desk 01:02\n"
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
        good = wish not in {ANY_ADDRESS, LEASED} and self._leases(wish)
        got = wish if good else other
        return (
            f"leased {got} to client 01" if got else "no lease for client 01"
        )

    def _leases(self, wish: str) -> bool:
        asked = IPv4Address(wish)
        return any(low <= asked <= high for low, high in self.ranges)


def _lab(*ranges: tuple[IPv4Address, IPv4Address]) -> Session:
    asker = Asker("lan-client", DockerExec("metallb-lab-lan-client"), ranges)
    dhcp = Dhcp(says(LEASES, "dhcp"), asker)
    return cast("Session", SimpleNamespace(plan=PLAN, dhcp=dhcp))


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ask once."""
    monkeypatch.setitem(WAITS, "lease", Wait(0, "a test"))


def test_it_is_asked_for_what_is_free() -> None:
    """Not for reserved addresses, nor for one that somebody holds."""
    wishes = requests_inside(_lab())

    assert not {LEASED, *map(str, RESERVED)} & {*wishes}
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

    expect_range_leased(lab)
    expect_only_range_leased(lab)


@pytest.mark.usefixtures("impatient")
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
        expect_range_leased(_lab(*ranges))


@pytest.mark.usefixtures("impatient")
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
        expect_only_range_leased(lab)


@pytest.mark.usefixtures("impatient")
def test_a_server_that_is_off_leases_nothing() -> None:
    """That is no proof that it leases nobody's addresses."""
    with pytest.raises(CheckFailed, match="none at all"):
        expect_only_range_leased(_lab())
