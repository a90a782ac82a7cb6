"""Customers whom nobody knows: addresses that the outside client lends."""

from __future__ import annotations

import contextlib
import random
from typing import TYPE_CHECKING, Final

from graders.errors import CannotCheck

if TYPE_CHECKING:
    from collections.abc import Iterator

    from graders.session import Session

# The clients' own interface, and where docker and the lab's machines are.
_DEV: Final = "eth0"
_TAKEN: Final = 16


@contextlib.contextmanager
def newcomers(lab: Session) -> Iterator[list[str]]:
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
    run = lab.client.machine.run
    try:
        for address in held:
            done = run("ip", "address", "replace", address, "dev", _DEV)
            if done.code:
                raise CannotCheck(
                    f"client took no second address: {done.text}",
                    way_out="`lab reset` makes the client as it was",
                )
        yield [str(address) for address in drawn]
    finally:
        for address in held:
            run("ip", "address", "del", address, "dev", _DEV)
