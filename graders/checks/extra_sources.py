"""Customers whom nobody knows: addresses that the outside client lends."""

from __future__ import annotations

import contextlib
import random
from typing import TYPE_CHECKING, Final

from graders.checks.traffic import ClientPath, expect_no_loss
from graders.errors import CannotCheck

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from graders.checks.session import Session
    from graders.probes.traffic import Flows
    from graders.providers.machine import Output

# They are to be seen, not counted: each has a way of its own to get lost.
_FLOWS: Final = 6
# Docker and the lab's machines are at the lower end.
_TAKEN: Final = 16


@contextlib.contextmanager
def extra_source_addresses(lab: Session) -> Iterator[list[str]]:
    """Give the outside client an address of each half of the edge network.

    They are others each time: a way that was made for one client, or for
    half of the network, does not lead to both.

    Raises:
        CannotCheck: the client is not there, or takes no address.

    """
    halves = lab.plan.edge.subnets()
    drawn = [
        random.choice(list(half.hosts())[_TAKEN:])  # noqa: S311 - no secret
        for half in halves
    ]
    length = lab.plan.edge.prefixlen
    held = [f"{address}/{length}" for address in drawn]
    try:
        done = _each(lab, "replace", held)
        if done.code:
            raise CannotCheck(
                f"client took no second address: {done.text}",
                way_out="`lab reset` makes the client as it was",
            )
        yield [str(address) for address in drawn]
    finally:
        _each(lab, "del", held)


def paths_from(
    lab: Session, drawn: Sequence[str], *vips: str
) -> list[ClientPath]:
    """Return the way of each newcomer to each of `vips`."""
    return [
        ClientPath(lab.client, vip, own, own) for own in drawn for vip in vips
    ]


def expect_welcome(way: ClientPath, where: str = "") -> Flows:
    """Return what some flows of a newcomer came to; fail if one was lost.

    `where` is the node that the pod is on, if it is not the lab's own.
    """
    return expect_no_loss(way, _FLOWS, where=where)


def _each(lab: Session, verb: str, addresses: list[str]) -> Output:
    """Add or remove all addresses by one command."""
    command = f'ip address {verb} "$a" dev eth0 || failed=1'
    script = f"failed=0; for a; do {command}; done; exit $failed"
    return lab.client.machine.run("sh", "-c", script, "sh", *addresses)
