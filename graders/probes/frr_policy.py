"""What FRR's lists and route maps let in, by its running configuration."""

from __future__ import annotations

import re
from dataclasses import dataclass
from ipaddress import IPv4Network
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterable

# How a neighbour's filter is written.
FilterKind: TypeAlias = Literal[
    "route-map", "prefix-list", "access-list", "as-path-list"
]

_HOST: Final = 32
_EVERYTHING: Final = IPv4Network("0.0.0.0/0")
# `ip prefix-list NAME seq 5 permit 192.0.2.0/24 le 32`, and `access-list NAME
# seq 5 permit 192.0.2.0/24 exact-match`.
_ENTRY: Final = re.compile(
    r"^(?:ip )?(prefix-list|access-list) (\S+) seq (\d+) (permit|deny)"
    r" (\S+/\d+|any)(?: ge (\d+))?(?: le (\d+))?( exact-match)?$",
    re.MULTILINE,
)
_AS_PATH: Final = re.compile(
    r"^bgp as-path access-list (\S+)(?: seq \d+)? permit ", re.MULTILINE
)
_CLAUSE: Final = re.compile(r"^route-map (\S+) (permit|deny) (\d+)$")
_MATCH: Final = re.compile(r"^match ip address (prefix-list )?(\S+)$")
_CALL: Final = re.compile(r"^call (\S+)$")
_MAX_CALLS: Final = 5
# What a neighbour chooses for what it announces.
_CHOSEN: Final = re.compile(
    r"^match (as-path|(large-|ext)?community|metric|origin|ip next-hop) "
)
# Lines of a clause that decide about nothing: it applies all the same. Of
# lengths only zebra takes notice.
_CHANGES: Final = ("set ", "description ", "match ip address prefix-len ")


@dataclass(frozen=True)
class _Entry:
    """An entry of a list: it decides about prefixes of some lengths."""

    permits: bool
    network: IPv4Network
    least: int
    most: int

    def is_for(self, prefix: IPv4Network) -> bool:
        """Tell whether it decides about a prefix."""
        return (
            prefix.subnet_of(self.network)
            and self.least <= prefix.prefixlen <= self.most
        )


def lets_in(
    configuration: str,
    filters: Iterable[tuple[FilterKind, str]],
    prefix: IPv4Network,
) -> bool:
    """Tell whether a neighbour's filters certainly accept a prefix.

    It must pass all of them. What a neighbour writes into its announcement,
    it writes so that it gets in; a list of AS paths accepts it if it permits
    any, since those of one neighbour are alike. A route map that decides by
    anything else is believed to refuse it.

    Example:
        lets_in(router.config(), {("prefix-list", "services")}, prefix)

    """
    policy = _Policy(configuration, _lists(configuration), prefix)
    paths = {*_AS_PATH.findall(configuration)}
    return all(
        name in paths
        if kind == "as-path-list"
        else policy.maps(name)
        if kind == "route-map"
        else policy.lists(kind, name)
        for kind, name in filters
    )


@dataclass(frozen=True)
class _Policy:
    """The router's lists and route maps, applied to one prefix."""

    configuration: str
    entries: dict[tuple[str, str], list[_Entry]]
    prefix: IPv4Network

    def lists(self, kind: str, name: str) -> bool:
        """Return what the first entry for it says; without one, no."""
        rows = self.entries.get((kind, name), [])
        return next(
            (row.permits for row in rows if row.is_for(self.prefix)), False
        )

    def maps(self, name: str, calls: int = _MAX_CALLS) -> bool:
        """Return what the first clause for it says; without one, no.

        A clause that permits may call another route map, which must, too.
        """
        for permits, lines in _clauses(self.configuration, name):
            called = [
                found[1] for line in lines if (found := _CALL.match(line))
            ]
            conditions = [line for line in lines if not _CALL.match(line)]
            if all(self._applies(line, permits) for line in conditions):
                return permits and all(
                    calls > 0 and self.maps(other, calls - 1)
                    for other in called
                )
        return False

    def _applies(self, line: str, permits: bool) -> bool:  # noqa: FBT001 - of the clause
        """Tell whether a condition of a clause is met."""
        if _CHOSEN.match(line):
            return permits
        if found := _MATCH.fullmatch(line):
            kind = "prefix-list" if found[1] else "access-list"
            return self.lists(kind, found[2])
        # Of what cannot be told, the stricter.
        return not permits


def _lists(configuration: str) -> dict[tuple[str, str], list[_Entry]]:
    """Return all lists' entries, in their order."""
    found: dict[tuple[str, str], list[tuple[int, _Entry]]] = {}
    for kind, name, at, action, text, *ends in _ENTRY.findall(configuration):
        is_any = text == "any"
        net = _EVERYTHING if is_any else IPv4Network(text, strict=False)
        least, most, exact = ends
        open_end = is_any or least or (kind == "access-list" and not exact)
        entry = _Entry(
            action == "permit",
            net,
            int(least or net.prefixlen),
            int(most or (_HOST if open_end else net.prefixlen)),
        )
        found.setdefault((kind, name), []).append((int(at), entry))
    return {
        key: [entry for _, entry in sorted(rows, key=lambda row: row[0])]
        for key, rows in found.items()
    }


def _clauses(configuration: str, name: str) -> list[tuple[bool, list[str]]]:
    """Return a route map's clauses in order, each with its conditions."""
    found: dict[int, tuple[bool, list[str]]] = {}
    conditions: list[str] | None = None
    for line in configuration.splitlines():
        if clause := _CLAUSE.fullmatch(line.rstrip()):
            conditions = []
            if clause[1] == name:
                found[int(clause[3])] = (clause[2] == "permit", conditions)
        elif not line.startswith(" "):
            conditions = None
        elif conditions is not None and not line.strip().startswith(_CHANGES):
            conditions.append(line.strip())
    return [found[at] for at in sorted(found)]
