"""What the desk holds, and what the server says of it."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from graders.checks.check import CheckFailed
from graders.checks.desk import Desk, expect_lease
from graders.polling import WAITS, Wait
from graders.probes.dhcp import Dhcp
from graders.providers.docker import DockerExec
from graders.providers.machine import Machine, Output
from tests.says import says

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

        def both(self) -> tuple[str, str]:
            """Return what the next step has."""
            return next(steps).both()

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
