"""The address plan as a student writes it down, compared with the site's."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from graders.plan.ip_ranges import networks

if TYPE_CHECKING:
    from graders.plan.plan import Plan

# Ranges are parted by commas; what YAML's own lists add is no part of them.
_BETWEEN: Final = re.compile(r"[\s,;\[\]'\"]+")
# Of one range, with blanks or as a document has it: an en dash.
_TO: Final = re.compile("\\s*[-\u2013]\\s*")


def wrong_rows(table: dict[str, str], plan: Plan) -> list[str]:
    """Return the rows of the plan that `table` has not, or has wrong.

    A row is right when it means the same addresses, however it is written.
    Left open is whether the ingress VIPs count among the leases, from which
    they are held back, and the ends of the range for Services as free ones.
    """
    service = _of(str(plan.service_range))
    apps, ingress = _of(plan.pool), _of(plan.ingress_pool)
    leases = _of(f"{plan.dhcp_first}-{plan.dhcp_last}")
    free, first, last = service - apps, {min(service)}, {max(service)}
    right = {
        plan.ingress_pool_name: [ingress],
        plan.app_pool_name: [apps],
        "dhcp": [leases, leases - ingress],
        "nodes": [_of(str(plan.node_range))],
        "free": [free, free - first, free - last, free - first - last],
    }
    return [
        row
        for row, meant in right.items()
        if _written(table.get(row, "")) not in meant
    ]


def _written(text: str) -> set[int] | None:
    """Return the addresses that a row names; None if it names no ranges."""
    parts = [part for part in _BETWEEN.split(_TO.sub("-", text)) if part]
    try:
        return set().union(*(_of(part) for part in parts)) or None
    except ValueError:
        return None


def _of(text: str) -> set[int]:
    """Return the addresses of one range, as numbers.

    Raises:
        ValueError: it is none, or larger than any LAN of the kit.

    """
    found: set[int] = set()
    for net in networks(text):
        if net.prefixlen < 16:  # noqa: PLR2004 - the LAN's own, as planned
            raise ValueError(net)
        found.update(range(int(net[0]), int(net[-1]) + 1))
    return found
