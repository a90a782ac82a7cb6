"""Draw the network of a lab.

`topology` in lab.yml adds to what every lab has. Who draws decides how a
number of the plan is written: a page of the site can change it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, Final, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterator

    from graders.course.lab import Lab

# How a number of the plan is written, by its name: "machines.router.lan".
Number: TypeAlias = Callable[[str], str]

_ABOUT: Final = {
    "layer-2": "one node answers ARP for an address of the pool",
    "bgp": "each node's speaker has a BGP session with the router",
    "dhcp": "the DHCP server leases addresses to the desk's devices",
    "storage": "nodes and desk are on a storage network, too",
    "gateway": (
        "one node answers ARP for the Gateway's VIP, and the proxies on the"
        " workers lead to the applications"
    ),
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

# What is drawn below the nodes.
_BELOW: Final = frozenset({"storage", "gateway"})

# Where a layer is, as x, y, width and height.
_PLACES: Final = {
    "allocation": (2, 232, 158, 62),
    "advertisement": (181, 232, 337, 62),
    "neighbour": (2, 187, 516, 18),
    "route": (2, 108, 126, 62),
    "forwarding": (2, 187, 516, 18),
    "endpoint": (181, 232, 337, 62),
    "source-ip": (2, 2, 126, 62),
    "policy": (2, 232, 516, 62),
}


def topology(lab: Lab, number: Number, broken: str = "") -> str:
    """Return the lab's network as a figure in HTML.

    The layer that is `broken`, if there is one, is marked where it is.
    """
    more = [_ABOUT[feature] for feature in lab.topology]
    text = "; ".join([_ALWAYS, *more])
    height = 300 if _BELOW.isdisjoint(lab.topology) else 352
    name = f"net-{lab.number}"
    title = f"The network of lab {lab.number}"
    marked = f". Broken: {broken}" if broken else ""
    parts = "\n".join([*_Drawing(lab, number).parts(), *_mark(broken)])
    return f"""\
<figure class="lab-net">
<svg viewBox="0 0 520 {height}" role="img"
aria-labelledby="{name}-title {name}-desc">
<title id="{name}-title">{title}</title>
<desc id="{name}-desc">{escape(text)}{marked}.</desc>
{parts}
</svg>
<figcaption>{title}: {escape(text)}{marked}.</figcaption>
</figure>
"""


def _mark(layer: str) -> Iterator[str]:
    if layer in _PLACES:
        x, y, width, height = _PLACES[layer]
        yield (
            f'<rect class="broken" x="{x}" y="{y}" width="{width}"'
            f' height="{height}" rx="8"/>'
        )


@dataclass(frozen=True)
class _Drawing:
    """The parts of the picture."""

    lab: Lab
    number: Number

    def parts(self) -> Iterator[str]:
        """Yield what each lab has, and then what this one has."""
        yield from self._outside()
        for role, (x, title) in _ROLES.items():
            yield _line(x + 59, 166, x + 59, 196)
            lan = self.number(f"machines.{role}.lan")
            yield _box((x, 112, 118), title, lan)
        yield '<path class="bus" d="M6 196H514"/>'
        yield _text(365, 214, f"LAN {self.number('lan')}", "mid")
        for role, x in _NODES.items():
            yield _line(x + 75, 196, x + 75, 236)
            yield _box((x, 236, 150), role, self.number(f"nodes.{role}.lan"))
        drawings = {
            "layer-2": self._layer_2,
            "bgp": self._bgp,
            "dhcp": self._dhcp,
            "storage": self._storage,
            "gateway": self._gateway,
        }
        notes: list[tuple[str, str]] = []
        for feature in self.lab.topology:
            yield from drawings[feature]()
            notes += self._notes(feature)
        for at, (text, classes) in enumerate(notes):
            yield _text(514, 20 + 18 * at, text, f"end {classes}")

    def _notes(self, feature: str) -> list[tuple[str, str]]:
        """Return the notes at the right of the picture, with classes."""
        number = self.number
        if feature == "layer-2":
            return [(f"pool, by ARP: {number('pool')}", "ours-text")]
        if feature == "gateway":
            pool = number("shared_pool")
            return [(f"pool, by ARP: {pool}", "ours-text")]
        if feature == "dhcp":
            both = f"{number('dhcp_first')} to {number('dhcp_last')}"
            return [(f"leases: {both}", "dhcp-text")]
        if feature == "bgp":
            speakers, router = number("cluster_asn"), number("router_asn")
            return [
                (f"pool, by BGP: {number('bgp_pool')}", "bgp-text"),
                (f"speakers AS {speakers}, router AS {router}", "bgp-text"),
            ]
        return []

    def _outside(self) -> Iterator[str]:
        yield _line(65, 60, 65, 112)
        client = self.number("machines.client.edge")
        yield _box((6, 6, 118), "client", client)
        yield _text(74, 90, f"edge {self.number('edge')}")
        yield _line(65, 166, 65, 196)
        router = self.number("machines.router.lan")
        yield _box((6, 112, 118), "router", router)

    def _layer_2(self) -> Iterator[str]:
        yield '<path class="ours" d="M290 236V196"/>'

    def _bgp(self) -> Iterator[str]:
        """Draw sessions to the router along the left, under the bus."""
        for x in (50, 226, 405):
            yield f'<path class="bgp" d="M{x} 236V224H36V166"/>'

    def _dhcp(self) -> Iterator[str]:
        yield '<path class="dhcp" d="M325 112V100H455V112"/>'

    def _storage(self) -> Iterator[str]:
        for x in _NODES.values():
            yield _line(x + 75, 290, x + 75, 322)
        yield '<path class="wire" d="M508 166V184H518V322"/>'
        yield '<path class="bus" d="M6 322H518"/>'
        yield _text(6, 342, f"storage network {self.number('storage')}")

    def _gateway(self) -> Iterator[str]:
        yield from self._layer_2()
        for role in ("worker", "worker2"):
            middle = _NODES[role] + 75
            yield f'<path class="ours" d="M{middle} 290V316"/>'
            yield _text(middle, 336, "Envoy proxy", "mid ours-text")


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
