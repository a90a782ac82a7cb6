"""What the router knows: sessions, accepted prefixes, next hops, its FIB."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, cast

from graders.errors import CannotCheck

if TYPE_CHECKING:
    from graders.providers.machine import Machine, Output

_TABLE: Final = "show bgp ipv4 unicast json"
_SUMMARY: Final = "show bgp ipv4 unicast summary json"
# FRR's words where router bgp is gone from its configuration.
_NO_BGP: Final = re.compile("BGP instance not found|no BGP process")
# vtysh's, where only that one of FRR's programs does not run.
_STOPPED: Final = "bgpd is not running"


@dataclass(frozen=True)
class Peer:
    """One neighbour of the router.

    `state` is FRR's word, "Established" when the session is up; `accepted`
    counts the prefixes that passed its filter, `dropped` how often the
    session was lost, and `seconds` is the age of the session.
    """

    state: str
    remote_as: int
    accepted: int
    dropped: int
    seconds: float


@dataclass(frozen=True)
class Route:
    """A route of the kernel's table, which is what packets follow."""

    prefix: str
    protocol: str
    next_hops: frozenset[str]


@dataclass(frozen=True)
class Router:
    """The FRR router between the node LAN and the edge."""

    machine: Machine

    def vtysh(self, *commands: str) -> Output:
        """Run commands of FRR's own shell.

        Raises:
            CannotCheck: the router is not there.

        """
        argv = [word for one in commands for word in ("-c", one)]
        return self.machine.run("vtysh", *argv)

    def peers(self) -> dict[str, Peer]:
        """Return the neighbours by address, none without router bgp.

        Raises:
            CannotCheck: FRR does not answer.

        """
        found = self.ask(_SUMMARY).get("peers", {})
        return {address: _peer(told) for address, told in found.items()}

    def prefixes(self) -> list[str]:
        """Return every prefix that the router has accepted by BGP.

        Raises:
            CannotCheck: FRR does not answer.

        """
        return sorted(self._routes())

    def next_hops(self, prefix: str) -> frozenset[str]:
        """Return the next hops of all valid paths to exactly `prefix`.

        Raises:
            CannotCheck: FRR does not answer.

        """
        return _hops(self._routes().get(prefix, []), "valid")

    def multipath(self, prefix: str) -> frozenset[str]:
        """Return the next hops of the paths to `prefix` that are used.

        Raises:
            CannotCheck: FRR does not answer.

        """
        paths = self._routes().get(prefix, [])
        return _hops(paths, "multipath") | _hops(paths, "bestpath")

    def fib(self, address: str) -> Route | None:
        """Return the kernel's most specific route to `address` but default.

        Raises:
            CannotCheck: the router is not there.

        """
        done = self.machine.run("ip", "-j", "route", "show", "match", address)
        routes = [
            route
            for route in json.loads(done.out or "[]")
            if route["dst"] != "default"
        ]
        return _route(max(routes, key=_length)) if routes else None

    def config(self) -> str:
        """Return FRR's running configuration.

        Raises:
            CannotCheck: the router is not there.

        """
        return self.vtysh("show running-config").out

    def ask(self, command: str) -> dict[str, Any]:
        """Return what FRR says in JSON, nothing without router bgp.

        Whether somebody stopped it or it died, nobody can tell from here: so
        it is no failure, and no pass.

        Raises:
            CannotCheck: FRR, or the part of it that speaks BGP, does not
                answer.

        """
        done = self.vtysh(command)
        if _NO_BGP.search(done.text):
            return {}
        if _STOPPED in done.text:
            raise CannotCheck(
                f"{_STOPPED} on the router",
                # A restart by hand would also undo what the lab is about.
                way_out="`lab reset` makes the router as it was",
            )
        try:
            return cast("dict[str, Any]", json.loads(done.out))
        except json.JSONDecodeError:
            raise CannotCheck(
                "FRR on the router does not answer"
                f" vtysh -c '{command}': {done.text or 'nothing'}",
                way_out="`lab reset` makes the router as it was",
            ) from None

    def _routes(self) -> dict[str, list[dict[str, Any]]]:
        found = self.ask(_TABLE).get("routes", {})
        return cast("dict[str, list[dict[str, Any]]]", found)


def _peer(told: dict[str, Any]) -> Peer:
    return Peer(
        state=str(told.get("state", "")),
        remote_as=int(told.get("remoteAs", 0)),
        accepted=int(told.get("pfxRcd", 0)),
        dropped=int(told.get("connectionsDropped", 0)),
        seconds=int(told.get("peerUptimeMsec", 0)) / 1000,
    )


def _hops(paths: list[dict[str, Any]], mark: str) -> frozenset[str]:
    """Return the next hops of the paths that FRR marks so."""
    return frozenset(
        str(hop["ip"])
        for path in paths
        if path.get(mark)
        for hop in path.get("nexthops", [])
    )


def _length(route: dict[str, Any]) -> int:
    """Return a route's prefix length; the kernel leaves /32 out."""
    return int(([*str(route["dst"]).split("/"), "32"])[1])


def _route(told: dict[str, Any]) -> Route:
    hops = told.get("nexthops") or [told]
    dst = str(told["dst"])
    return Route(
        prefix=dst if "/" in dst else f"{dst}/32",
        protocol=str(told.get("protocol", "")),
        next_hops=frozenset(
            str(hop["gateway"]) for hop in hops if "gateway" in hop
        ),
    )
