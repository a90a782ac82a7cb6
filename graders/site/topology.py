"""Draw the network of a lab, with numbers that a page can change.

`topology` in lab.yml adds to what every lab has.
"""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Final

from graders.site.plan_placeholders import leaves

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from graders.course.lab import Lab

_ABOUT: Final = {
    "layer-2": "one node answers ARP for an address of the pool",
    "bgp": "each node's speaker has a BGP session with the router",
    "dhcp": "the DHCP server leases addresses to the desk's devices",
    "storage": "nodes and desk are on a storage network, too",
}
_ALWAYS: Final = (
    "A client outside, the router between it and the LAN; on the LAN a LAN"
    " client, the DHCP server, the desk and the three nodes of the cluster"
)
_ROLES: Final = {
    "lan-client": (136, "LAN client"),
    "dhcp": (266, "DHCP server"),
    "desk": (396, "desk"),
}
_NODES: Final = {"control-plane": 6, "worker": 185, "worker2": 364}


def topology(lab: Lab) -> str:
    """Return the lab's network as a figure in HTML."""
    more = [_ABOUT[feature] for feature in lab.topology]
    text = "; ".join([_ALWAYS, *more])
    height = 352 if "storage" in lab.topology else 300
    name = f"net-{lab.number}"
    title = f"The network of lab {lab.number}"
    parts = "\n".join(_parts(lab.topology))
    return f"""\
<figure class="lab-net">
<svg viewBox="0 0 520 {height}" role="img"
aria-labelledby="{name}-title {name}-desc">
<title id="{name}-title">{title}</title>
<desc id="{name}-desc">{escape(text)}.</desc>
{parts}
</svg>
<figcaption>{title}: {escape(text)}.</figcaption>
</figure>
"""


def _parts(features: Iterable[str]) -> Iterator[str]:
    yield from _outside()
    for role, (x, title) in _ROLES.items():
        yield _line(x + 59, 166, x + 59, 196)
        yield _box((x, 112, 118), title, _plan(f"machines.{role}.lan"))
    yield '<path class="bus" d="M6 196H514"/>'
    yield _text(365, 214, f"LAN {_plan('lan')}", "mid")
    for role, x in _NODES.items():
        yield _line(x + 75, 196, x + 75, 236)
        yield _box((x, 236, 150), role, _plan(f"nodes.{role}.lan"))
    notes: list[tuple[str, str]] = []
    for feature in features:
        yield from _DRAWINGS[feature]()
        notes += _notes(feature)
    for at, (text, classes) in enumerate(notes):
        yield _text(514, 20 + 18 * at, text, f"end {classes}")


def _notes(feature: str) -> list[tuple[str, str]]:
    """Return the notes at the right of the picture, with their classes."""
    if feature == "layer-2":
        return [(f"pool, by ARP: {_plan('pool')}", "ours-text")]
    if feature == "dhcp":
        both = f"{_plan('dhcp_first')} to {_plan('dhcp_last')}"
        return [(f"leases: {both}", "dhcp-text")]
    if feature == "bgp":
        speakers, router = _plan("cluster_asn"), _plan("router_asn")
        return [
            (f"pool, by BGP: {_plan('bgp_pool')}", "bgp-text"),
            (f"speakers AS {speakers}, router AS {router}", "bgp-text"),
        ]
    return []


def _outside() -> Iterator[str]:
    yield _line(65, 60, 65, 112)
    yield _box((6, 6, 118), "client", _plan("machines.client.edge"))
    yield _text(74, 90, f"edge {_plan('edge')}")
    yield _line(65, 166, 65, 196)
    yield _box((6, 112, 118), "router", _plan("machines.router.lan"))


def _layer_2() -> Iterator[str]:
    yield '<path class="ours" d="M290 236V196"/>'


def _bgp() -> Iterator[str]:
    """Draw sessions to the router along the left, under the bus."""
    for x in (50, 226, 405):
        yield f'<path class="bgp" d="M{x} 236V224H36V166"/>'


def _dhcp() -> Iterator[str]:
    yield '<path class="dhcp" d="M325 112V100H455V112"/>'


def _storage() -> Iterator[str]:
    for x in _NODES.values():
        yield _line(x + 75, 290, x + 75, 322)
    yield '<path class="wire" d="M508 166V184H518V322"/>'
    yield '<path class="bus" d="M6 322H518"/>'
    yield _text(6, 342, f"storage network {_plan('storage')}")


_DRAWINGS: Final = {
    "layer-2": _layer_2,
    "bgp": _bgp,
    "dhcp": _dhcp,
    "storage": _storage,
}


def _box(at: tuple[int, int, int], title: str, address: str) -> str:
    x, y, width = at
    middle = x + width // 2
    return (
        f'<rect x="{x}" y="{y}" width="{width}" height="54" rx="6"/>'
        + _text(middle, y + 22, title, "mid name")
        + _text(middle, y + 42, address, "mid")
    )


def _line(x1: int, y1: int, x2: int, y2: int) -> str:
    return f'<path class="wire" d="M{x1} {y1}L{x2} {y2}"/>'


def _text(x: int, y: int, text: str, classes: str = "") -> str:
    return f'<text x="{x}" y="{y}" class="{classes}">{text}</text>'


def _plan(path: str) -> str:
    return f'<tspan data-plan="{path}">{leaves()[path]}</tspan>'
