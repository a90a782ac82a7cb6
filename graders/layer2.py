"""What a lab about Layer 2 asks of the pools and the nodes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from graders.election import winner
from graders.outside import free, pool_of

if TYPE_CHECKING:
    from graders.session import Session


def workers(lab: Session) -> frozenset[str]:
    """Return the names of the nodes that may announce a VIP."""
    return frozenset(
        node.name
        for role, node in lab.plan.nodes.items()
        if role != "control-plane"
    )


def tempting(lab: Session, vip: str) -> str:
    """Return a free address that the control plane would announce, if let.

    It is of the pool that has `vip`; "" if there is none. Of an address
    that a worker wins anyway nobody can tell who else may take part.
    """
    pools = lab.cluster.pools()
    control = lab.plan.docker_name("control-plane")
    names = lab.plan.node_names()
    return next(
        (
            str(address)
            for address in free(lab, pools.get(pool_of(lab, vip), []))
            if winner(names, address) == control
        ),
        "",
    )
