"""Which programs of a machine are stopped."""

from __future__ import annotations

from graders.probes.processes import frozen, halted
from tests.fakes import says

_LISTED = "Ss   watchfrr\nTsl  bgpd\nS<s  zebra\nZ    staticd\n"


def test_frozen() -> None:
    """A signal has stopped them, and they could go on."""
    assert frozen(says(_LISTED)) == {"bgpd"}


def test_halted() -> None:
    """One that is frozen, has ended or is not there serves no one."""
    names = ("zebra", "bgpd", "staticd", "mgmtd")

    assert halted(says(_LISTED), names) == ["bgpd", "staticd", "mgmtd"]


def test_not_listed() -> None:
    """Without a list, nothing is said of any program."""
    assert halted(says(""), ("zebra",)) == []
