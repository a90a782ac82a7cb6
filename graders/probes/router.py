"""The FRR router: sessions, accepted prefixes, next hops, its FIB."""

from __future__ import annotations

import json
import math
import re
from dataclasses import dataclass
from functools import partial
from ipaddress import IPv4Network
from typing import TYPE_CHECKING, Any, Final, cast

from graders.errors import CannotCheck, CheckFailed, parsing
from graders.polling import until
from graders.probes.processes import frozen
from graders.probes.programs import run_program
from graders.providers.machine import MachineError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from graders.probes.frr_policy import FilterKind
    from graders.providers.machine import Machine, Output

_TABLE: Final = "show bgp ipv4 unicast json"
_NEIGHBORS: Final = "show bgp neighbors json"
_IPV4: Final = "ipv4Unicast"
# Printed by FRR if its configuration has no router bgp.
_NO_BGP: Final = re.compile("BGP instance not found|no BGP process")
# Printed by vtysh if one, or none, of FRR's programs runs. Only people stop
# them: watchfrr starts one that has crashed.
_STOPPED: Final = re.compile(r"\b(\w+) is not running|connect to any daemons")
# FRR's programs, and what its shell runs as.
_PROGRAMS: Final = frozenset(
    {"bgpd", "mgmtd", "staticd", "vtysh", "watchfrr", "zebra"}
)
# Exit codes of a shell that cannot run vtysh.
_NO_VTYSH: Final = frozenset({126, 127})
# As many flows as $2 says, each with another port; $1 is what they share.
_ROUTE_GET: Final = """\
for port in $(seq 20001 $((20000 + $2))); do
  echo "route get $1 sport $port"
done | ip -o -batch -
"""
# What FRR calls the filters of a neighbour's prefixes.
_FILTERS: Final[dict[str, FilterKind]] = {
    "routeMapForIncomingAdvertisements": "route-map",
    "incomingUpdatePrefixFilterList": "prefix-list",
    "incomingUpdateNetworkFilterList": "access-list",
    "incomingUpdateAsPathFilterList": "as-path-list",
}
# Without a policy it may refuse all.
_REFUSES_ALL: Final = "inboundEbgpRequiresPolicy"
_REMEDY: Final = "`lab reset` makes the router as it was"
_of_frr = parsing("what FRR says of its table", _REMEDY)
_of_ip = parsing("what `ip -j route` says on the router", _REMEDY)
_NO_NEXT_HOP: Final = "0.0.0.0"  # noqa: S104 - how FRR writes its own routes


@dataclass(frozen=True)
class BgpSession:
    """A session of the router with one neighbour.

    `state` is FRR's word, "Established" if the session is up, `hold_time` is
    in seconds, and `families` are the activated address families. The session
    is `filtered` if something decides which prefixes come in; `filters` are
    the lists and route maps that do, by kind and name.
    """

    state: str
    local_as: int
    remote_as: int
    hold_time: float
    families: frozenset[str]
    seconds_up: float = 0
    seconds_quiet: float = 0
    keeps_refused: bool = False
    filtered: bool = True
    filters: frozenset[tuple[FilterKind, str]] = frozenset()

    @property
    def established(self) -> bool:
        """Whether the session is up."""
        return self.state == "Established"


@dataclass(frozen=True)
class Route:
    """A route of the kernel, which packets follow, or one that FRR knows."""

    prefix: str
    protocol: str
    next_hops: frozenset[str]

    @property
    def network(self) -> IPv4Network:
        """The addresses that it is for."""
        return IPv4Network(self.prefix)

    def __str__(self) -> str:
        """Return it in `ip route`'s words."""
        hops = [f"via {hop}" for hop in sorted(self.next_hops)]
        return " ".join([self.prefix, *hops, f"proto {self.protocol}"])


@dataclass(frozen=True)
class Router:
    """The FRR router between the node LAN and the edge."""

    machine: Machine

    def vtysh(self, *commands: str) -> Output:
        """Run commands in FRR's shell.

        Raises:
            CheckFailed: a program of FRR is frozen.
            CannotCheck: the router does not answer.

        """
        argv = [word for command in commands for word in ("-c", command)]
        try:
            return self.machine.run("vtysh", *argv)
        except MachineError:
            self._expect_awake()
            raise

    @_of_frr
    def sessions(self) -> dict[str, BgpSession]:
        """Return the sessions by neighbours' addresses, none without BGP.

        Raises:
            CannotCheck: FRR does not answer.

        """
        return {
            # FRR marks neighbours of a listen range.
            address.lstrip("*"): _session(neighbour)
            for address, neighbour in self.ask(_NEIGHBORS).items()
            if isinstance(neighbour, dict) and "bgpState" in neighbour
        }

    def seconds_running(self) -> float:
        """Return for how long bgpd has run, infinite if it does not run.

        Raises:
            CannotCheck: the router does not answer.

        """
        said = self.machine.run("ps", "-C", "bgpd", "-o", "etimes=").out
        return min(map(int, re.findall(r"\d+", said)), default=math.inf)

    @_of_frr
    def prefixes(self) -> list[str]:
        """Return every prefix that the router has accepted from a neighbour.

        Raises:
            CannotCheck: FRR does not answer.

        """
        return sorted(
            prefix
            for prefix, paths in self._routes().items()
            if _hops(paths) - {_NO_NEXT_HOP}
        )

    def next_hops(self, prefix: str, *, used: bool = False) -> frozenset[str]:
        """Return the next hops of all valid paths to exactly `prefix`.

        With `used`, only those of the paths that BGP has chosen.

        Raises:
            CannotCheck: FRR does not answer.

        """
        return self.routes(used=used).get(prefix, frozenset())

    @_of_frr
    def routes(self, *, used: bool = False) -> dict[str, frozenset[str]]:
        """Return the next hops of all valid paths, by prefix; see next_hops.

        Raises:
            CannotCheck: FRR does not answer.

        """
        return {
            prefix: _hops(
                path
                for path in paths
                if path.get("valid") and not (used and not _is_used(path))
            )
            for prefix, paths in self._routes().items()
        }

    @_of_ip
    def fib(self, address: str) -> Route | None:
        """Return the kernel's most specific route to `address`.

        The default route does not count.

        Raises:
            CannotCheck: the router does not answer.

        """
        command = ("ip", "-j", "route", "show", "match", address)
        result = run_program(self.machine, *command)
        routes = [
            route
            for route in json.loads(result.out or "[]")
            if route["dst"] != "default"
        ]
        return _route(max(routes, key=_length)) if routes else None

    @_of_ip
    def kernel_routes(self) -> list[Route]:
        """Return the routes of the kernel's main table.

        Raises:
            CannotCheck: the router does not answer.

        """
        result = run_program(self.machine, "ip", "-j", "-4", "route", "show")
        return [*map(_route, json.loads(result.out or "[]"))]

    @_of_frr
    def own_routes(self) -> list[Route]:
        """Return all that FRR knows, also what it has not chosen.

        Raises:
            CannotCheck: FRR does not answer.

        """
        return [
            Route(
                prefix,
                str(entry["protocol"]),
                frozenset(
                    str(hop["ip"])
                    for hop in entry.get("nexthops", [])
                    if "ip" in hop
                ),
            )
            for prefix, entries in self.ask("show ip route json").items()
            for entry in entries
        ]

    def next_hops_by_port(
        self, source: str, address: str, count: int
    ) -> list[str]:
        """Return the kernel's next hop for each of `count` flows.

        They come from `source`, behind the router, and differ in their port.

        Raises:
            CannotCheck: the router does not answer.

        """
        flow = f"{address} from {source} iif eth1 ipproto tcp dport 80"
        result = self.machine.run(
            *("sh", "-c", _ROUTE_GET, "ports", flow, str(count))
        )
        return re.findall(r" via (\S+) ", result.out)

    def config(self) -> str:
        """Return FRR's running configuration.

        Raises:
            CannotCheck: the router does not answer.

        """
        return self.vtysh("show running-config").out

    def ask(self, command: str) -> dict[str, Any]:
        """Return the JSON of an FRR command, {} without router bgp.

        Raises:
            CheckFailed: FRR or its bgpd is stopped, or vtysh is gone.
            CannotCheck: FRR does not answer.

        """
        output = until("frr", partial(self.vtysh, command), _is_running)
        if _NO_BGP.search(output.text):
            return {}
        if not _is_running(output):
            stopped = _STOPPED.search(output.text)
            name = (stopped[1] or "bgpd") if stopped else "vtysh"
            raise CheckFailed(
                f"{name} is not running on the router",
                expected=f"{name} to run on the router",
                actual=output.text or "nothing",
                seen_by=f"vtysh -c '{command}' on router",
            )
        try:
            answer = json.loads(output.out)
        except (ValueError, RecursionError):
            answer = None
        if not isinstance(answer, dict):
            raise CannotCheck(
                "FRR on the router does not answer"
                f" vtysh -c '{command}': {output.text or 'nothing'}",
                remedy=_REMEDY,
            )
        return answer

    def _expect_awake(self) -> None:
        """Fail if `kill -STOP` is why FRR's shell gets no answer."""
        names = sorted(frozen(self.machine) & _PROGRAMS)
        if names:
            expected = f"{' and '.join(names)} to run on the router"
            raise CheckFailed(
                f"expected {expected}, not to be frozen by a signal",
                expected=expected,
                actual="frozen by a signal",
                seen_by=f"ps -C {','.join(names)} -o stat,args on router",
            )

    def _routes(self) -> dict[str, list[dict[str, Any]]]:
        routes = self.ask(_TABLE).get("routes", {})
        return cast("dict[str, list[dict[str, Any]]]", routes)


def _is_running(output: Output) -> bool:
    """Tell whether vtysh found bgpd, and was found itself."""
    return output.code not in _NO_VTYSH and not _STOPPED.search(output.text)


def _is_used(path: dict[str, Any]) -> bool:
    return bool(path.get("bestpath") or path.get("multipath"))


def _hops(paths: Iterable[dict[str, Any]]) -> frozenset[str]:
    return frozenset(
        str(hop["ip"]) for path in paths for hop in path.get("nexthops", [])
    )


def _session(neighbour: dict[str, Any]) -> BgpSession:
    families = neighbour.get("addressFamilyInfo", {})
    return BgpSession(
        state=neighbour["bgpState"],
        local_as=neighbour["localAs"],
        remote_as=neighbour["remoteAs"],
        hold_time=neighbour.get("bgpTimerHoldTimeMsecs", 0) / 1000,
        families=frozenset(families),
        seconds_up=neighbour.get("bgpTimerUpMsec", 0) / 1000,
        seconds_quiet=neighbour.get("bgpInUpdateElapsedTimeMsecs", 0) / 1000,
        keeps_refused=any(
            family.get("inboundSoftConfigPermit")
            for family in families.values()
        ),
        filtered=all(
            family.keys() & {*_FILTERS, _REFUSES_ALL}
            for family in families.values()
        ),
        filters=frozenset(
            (kind, str(families[_IPV4][key]))
            for key, kind in _FILTERS.items()
            if key in families.get(_IPV4, {})
        ),
    )


def _length(route: dict[str, Any]) -> int:
    """Return a route's prefix length; `ip` omits /32."""
    return int(([*str(route["dst"]).split("/"), "32"])[1])


def _route(route: dict[str, Any]) -> Route:
    hops = route.get("nexthops") or [route]
    dst = str(route["dst"]).replace("default", "0.0.0.0/0")
    return Route(
        prefix=dst if "/" in dst else f"{dst}/32",
        # `ip` omits that of routes which are added manually.
        protocol=str(route.get("protocol", "")),
        next_hops=frozenset(
            str(hop["gateway"]) for hop in hops if "gateway" in hop
        ),
    )
