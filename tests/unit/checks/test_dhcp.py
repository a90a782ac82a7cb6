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
from tests.fakes import says

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
    """A desk; `address` is the output of `ip address`."""

    address: str = HELD

    def run(self, *argv: str, seconds: float = 20, stdin: str = "") -> Output:
        """Print what the program would."""
        del seconds, stdin
        out = {"cat": f"{MAC.upper()}\n", "ip": self.address}.get(argv[0], "")
        return Output(" ".join(argv), 0, out, "")


def _desk(table: str, address: str = HELD) -> Desk:
    device = Device("desk", DockerExec("metallb-lab-desk"), address)
    return Desk(device, Dhcp(says(table, "dhcp"), says("", "lan-client")))


def test_lease() -> None:
    """The desk's lease is found by its MAC."""
    other = "1795469272 02:42:ac:12:00:03 172.18.100.153 * 01:86\n"
    lease = _desk(TABLE + other).lease()

    assert lease is not None
    assert lease.address == "172.18.100.170"
    assert _desk(other).lease() is None


@pytest.mark.parametrize(
    ("text", "address"), [(HELD, "172.18.100.170"), ("", "")]
)
def test_held_address(text: str, address: str) -> None:
    """Only the address with the lease's label counts."""
    assert _desk(TABLE, text).held() == address


def test_renewed_lease() -> None:
    """It ends later, or earlier if the lease time is shorter."""
    desk = _desk(TABLE)

    assert desk.renew(1795469270)
    assert desk.renew(1795469272)
    assert not desk.renew(1795469271)
    assert not _desk("").renew(0)


def test_infinite_lease() -> None:
    """The table has 0 before and after the renewal."""
    assert _desk(TABLE.replace("1795469271", "0")).renew(0)


def test_desk_that_is_renewing() -> None:
    """Its old lease is in the table until it has the new one."""
    old = TABLE.replace(".170", ".200")
    steps = iter([_desk(old, ""), _desk(old), _desk(TABLE)])

    class Asking(Desk):
        """A desk in another step at each look."""

        def leased_and_held(self) -> tuple[str, str]:
            """Return the addresses of the next step."""
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
    """The lease and the desk's address must be the same."""
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
    """A machine whose server leases `ranges`, without leased addresses."""

    ranges: tuple[tuple[IPv4Address, IPv4Address], ...] = ()

    def run(self, *argv: str, seconds: float = 20, stdin: str = "") -> Output:
        """Print what dhcp-try would; ANY_ADDRESS gets the middle."""
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
    """Probe once."""
    monkeypatch.setitem(WAITS, "lease", Wait(0, "a test"))


def test_requests_inside() -> None:
    """Reserved and leased addresses are not requested."""
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
def test_right_range(
    ranges: list[tuple[IPv4Address, IPv4Address]],
) -> None:
    """It is one range, or two around the reserved addresses."""
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
def test_range_too_small(
    ranges: list[tuple[IPv4Address, IPv4Address]], named: IPv4Address
) -> None:
    """A device gets another address than the one requested."""
    with pytest.raises(CheckFailed, match=rf"for {re.escape(str(named))}"):
        expect_range_leased(_lab(*ranges))


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize(
    ("low", "high", "named"),
    [(FIRST, LAST + 1, LAST + 1), (PLAN.lan[1], LAST, FIRST - 1)],
)
def test_range_too_large(
    low: IPv4Address, high: IPv4Address, named: IPv4Address
) -> None:
    """One address beyond either end fails."""
    lab = _lab((low, high))

    with pytest.raises(CheckFailed, match=re.escape(str(named))):
        expect_only_range_leased(lab)


@pytest.mark.usefixtures("impatient")
def test_server_is_off() -> None:
    """Without any lease, the positive control fails."""
    with pytest.raises(CheckFailed, match="none at all"):
        expect_only_range_leased(_lab())
