"""FRR's filters, as its running configuration has them."""

from __future__ import annotations

from ipaddress import IPv4Network
from typing import TYPE_CHECKING

import pytest

from graders.probes.frr_policy import lets_in

if TYPE_CHECKING:
    from graders.probes.frr_policy import FilterKind

CONFIGURATION = """\
ip prefix-list services seq 20 permit any
ip prefix-list services seq 5 deny 172.18.0.0/16 le 32
ip prefix-list services seq 10 permit 10.0.100.0/24 le 32
ip prefix-list agreed seq 10 permit 10.0.100.0/24 ge 32
ip prefix-list blocks seq 10 permit 192.0.2.0/24
access-list old seq 5 permit 192.0.2.0/24
access-list exact seq 5 permit 192.0.2.0/24 exact-match
bgp as-path access-list none seq 5 deny .*
bgp as-path access-list own seq 5 permit ^64500$
!
route-map open permit 10
 description everything
 set local-preference 200
exit
!
route-map listed permit 20
 match ip address prefix-list services
exit
!
route-map listed deny 10
 match ip address old
exit
!
route-map guarded permit 10
 match ip address prefix-list services
 match source-protocol bgp
exit
!
route-map guarded permit 20
 match ip address prefix-list nowhere
exit
!
route-map doubted deny 10
 match source-protocol bgp
exit
!
route-map doubted permit 20
exit
!
route-map avoided deny 10
 match community blocked
exit
!
route-map avoided permit 20
exit
!
route-map origins permit 10
 match as-path ours
exit
!
route-map tagged permit 10
 match ip address prefix-list services
 match large-community mine
exit
!
route-map hosts permit 10
 match ip address prefix-len 24
exit
!
route-map calls permit 10
 call listed
exit
!
route-map calls permit 20
exit
!
route-map circle permit 10
 call circle
exit
"""


@pytest.mark.parametrize(
    ("kind", "name", "prefix", "accepted"),
    [
        ("prefix-list", "services", "172.18.1.7/32", False),
        ("prefix-list", "services", "192.0.2.7/32", True),
        ("prefix-list", "agreed", "10.0.100.7/32", True),
        ("prefix-list", "agreed", "10.0.100.0/28", False),
        ("prefix-list", "blocks", "192.0.2.0/24", True),
        ("prefix-list", "blocks", "192.0.2.7/32", False),
        ("prefix-list", "nowhere", "192.0.2.7/32", False),
        ("access-list", "old", "192.0.2.7/32", True),
        ("access-list", "exact", "192.0.2.7/32", False),
        ("as-path-list", "none", "192.0.2.7/32", False),
        ("as-path-list", "own", "192.0.2.7/32", True),
        ("as-path-list", "nowhere", "192.0.2.7/32", False),
        ("route-map", "open", "192.0.2.7/32", True),
        ("route-map", "listed", "192.0.2.7/32", False),
        ("route-map", "listed", "198.51.100.7/32", True),
        ("route-map", "guarded", "198.51.100.7/32", False),
        ("route-map", "doubted", "198.51.100.7/32", False),
        ("route-map", "avoided", "198.51.100.7/32", True),
        ("route-map", "origins", "198.51.100.7/32", True),
        ("route-map", "tagged", "198.51.100.7/32", True),
        ("route-map", "tagged", "172.18.1.7/32", False),
        ("route-map", "hosts", "198.51.100.7/32", True),
        ("route-map", "calls", "198.51.100.7/32", True),
        ("route-map", "calls", "192.0.2.7/32", False),
        ("route-map", "circle", "192.0.2.7/32", False),
        ("route-map", "nowhere", "198.51.100.7/32", False),
    ],
)
def test_a_filter(
    kind: FilterKind, name: str, prefix: str, *, accepted: bool
) -> None:
    """The first entry decides; what cannot be told is not held against it."""
    network = IPv4Network(prefix)

    assert lets_in(CONFIGURATION, [(kind, name)], network) == accepted


def test_several_filters() -> None:
    """A prefix must pass all of them."""
    filters: list[tuple[FilterKind, str]] = [
        ("route-map", "open"),
        ("prefix-list", "agreed"),
    ]

    assert not lets_in(CONFIGURATION, filters, IPv4Network("192.0.2.7/32"))
    assert lets_in(CONFIGURATION, filters, IPv4Network("10.0.100.7/32"))
