"""The FRR router: sessions, accepted prefixes, next hops, its FIB."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, cast

from graders.errors import CannotCheck

if TYPE_CHECKING:
    from graders.providers.machine import Machine, Output

_TABLE: Final = "show bgp ipv4 unicast json"
_NEIGHBORS: Final = "show bgp neighbors json"
# Printed by FRR if its configuration has no router bgp.
_NO_BGP: Final = re.compile("BGP instance not found|no BGP process")
# Printed by vtysh if of FRR's programs only this one does not run.
_STOPPED: Final = "bgpd is not running"


@dataclass(frozen=True)
class BgpSession:
    """A session of the router with one neighbour.

    `state` is FRR's word, "Established" if the session is up, `hold_time` is
    in seconds, and `families` are the activated address families.
    """

    state: str
    local_as: int
    remote_as: int
    hold_time: float
    families: frozenset[str]

    @property
    def established(self) -> bool:
        """Whether the session is up."""
        return self.state == "Established"


@dataclass(frozen=True)
class Route:
    """A route of the kernel, which packets follow."""

    prefix: str
    protocol: str
    next_hops: frozenset[str]


@dataclass(frozen=True)
class Router:
    """The FRR router between the node LAN and the edge."""

    machine: Machine

    def vtysh(self, *commands: str) -> Output:
        """Run commands in FRR's shell.

        Raises:
            CannotCheck: the router does not answer.

        """
        argv = [word for command in commands for word in ("-c", command)]
        return self.machine.run("vtysh", *argv)

    def sessions(self) -> dict[str, BgpSession]:
        """Return the sessions by neighbours' addresses, none without BGP.

        Raises:
            CannotCheck: FRR does not answer.

        """
        return {
            address: _session(neighbour)
            for address, neighbour in self.ask(_NEIGHBORS).items()
            if isinstance(neighbour, dict) and "bgpState" in neighbour
        }

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
        return frozenset(
            str(hop["ip"])
            for path in self._routes().get(prefix, [])
            if path.get("valid")
            for hop in path.get("nexthops", [])
        )

    def fib(self, address: str) -> Route | None:
        """Return the kernel's most specific route to `address`.

        The default route does not count.

        Raises:
            CannotCheck: the router does not answer.

        """
        result = self.machine.run(
            "ip", "-j", "route", "show", "match", address
        )
        routes = [
            route
            for route in json.loads(result.out or "[]")
            if route["dst"] != "default"
        ]
        return _route(max(routes, key=_length)) if routes else None

    def config(self) -> str:
        """Return FRR's running configuration.

        Raises:
            CannotCheck: the router does not answer.

        """
        return self.vtysh("show running-config").out

    def ask(self, command: str) -> dict[str, Any]:
        """Return the JSON of an FRR command, {} without router bgp.

        If bgpd does not run, it may have been stopped or have crashed: that
        is neither a failure nor a pass.

        Raises:
            CannotCheck: FRR or its bgpd does not answer.

        """
        output = self.vtysh(command)
        if _NO_BGP.search(output.text):
            return {}
        if _STOPPED in output.text:
            raise CannotCheck(
                f"{_STOPPED} on the router",
                # A restart would also undo what the lab is about.
                remedy="`lab reset` makes the router as it was",
            )
        try:
            return cast("dict[str, Any]", json.loads(output.out))
        except json.JSONDecodeError:
            raise CannotCheck(
                "FRR on the router does not answer"
                f" vtysh -c '{command}': {output.text or 'nothing'}",
                remedy="`lab reset` makes the router as it was",
            ) from None

    def _routes(self) -> dict[str, list[dict[str, Any]]]:
        routes = self.ask(_TABLE).get("routes", {})
        return cast("dict[str, list[dict[str, Any]]]", routes)


def _session(neighbour: dict[str, Any]) -> BgpSession:
    return BgpSession(
        state=neighbour["bgpState"],
        local_as=neighbour["localAs"],
        remote_as=neighbour["remoteAs"],
        hold_time=neighbour.get("bgpTimerHoldTimeMsecs", 0) / 1000,
        families=frozenset(neighbour.get("addressFamilyInfo", {})),
    )


def _length(route: dict[str, Any]) -> int:
    """Return a route's prefix length; `ip` omits /32."""
    return int(([*str(route["dst"]).split("/"), "32"])[1])


def _route(route: dict[str, Any]) -> Route:
    hops = route.get("nexthops") or [route]
    dst = str(route["dst"])
    return Route(
        prefix=dst if "/" in dst else f"{dst}/32",
        protocol=str(route.get("protocol", "")),
        next_hops=frozenset(
            str(hop["gateway"]) for hop in hops if "gateway" in hop
        ),
    )
