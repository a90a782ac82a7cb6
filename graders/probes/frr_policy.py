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
# Lines of a clause that decide about nothing: it applies all the same.
_CHANGES: Final = ("set ", "description ")


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

    It must pass all of them. A route map that decides by anything else than
    the prefix is believed to refuse it, a list of AS paths to accept it if it
    permits any: those of one neighbour are alike.

    Example:
        lets_in(router.config(), {("prefix-list", "services")}, prefix)

    """
    lists = _lists(configuration)
    paths = {*_AS_PATH.findall(configuration)}
    return all(
        name in paths
        if kind == "as-path-list"
        else _by_map(configuration, name, lists, prefix)
        if kind == "route-map"
        else _by_list(lists.get((kind, name), []), prefix)
        for kind, name in filters
    )


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


def _by_list(entries: Iterable[_Entry], prefix: IPv4Network) -> bool:
    """Return what the first entry for a prefix says; without one, no."""
    return next((one.permits for one in entries if one.is_for(prefix)), False)


def _by_map(
    configuration: str,
    name: str,
    lists: dict[tuple[str, str], list[_Entry]],
    prefix: IPv4Network,
) -> bool:
    """Return what the first clause for a prefix says; without one, no."""
    for permits, conditions in _clauses(configuration, name):
        verdicts = [_applies(line, lists, prefix) for line in conditions]
        # Of what cannot be told, the stricter: a permission does not apply.
        if all(not permits if one is None else one for one in verdicts):
            return permits
    return False


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


def _applies(
    line: str,
    lists: dict[tuple[str, str], list[_Entry]],
    prefix: IPv4Network,
) -> bool | None:
    """Tell whether a clause's condition is met, None if that is unknown."""
    found = _MATCH.fullmatch(line)
    if not found:
        return None
    kind = "prefix-list" if found[1] else "access-list"
    return _by_list(lists.get((kind, found[2]), []), prefix)
