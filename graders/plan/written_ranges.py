"""Address ranges as people write them, in a table or in a sentence.

Everything that has one meaning is accepted: `A-B` with any dash, `A to B`,
`between A and B`, `A and B`, `A and the next`, `a hundred addresses from A
on`, `A-250` or `A - .250` for the last octet, a network, and `without` between
two of these; and how many addresses it are, in brackets.
"""

from __future__ import annotations

import re
from ipaddress import IPv4Address
from typing import TYPE_CHECKING, Final

from graders.plan.ip_ranges import networks

if TYPE_CHECKING:
    from collections.abc import Iterator

_ADDRESS: Final = r"(?<!\d)\d+\.\d+\.\d+\.\d+"
_NUMBERS: Final = {"a hundred": 100, "fifty-one": 51, "two": 2}
# What YAML's own lists add, and words that change nothing.
_FILLERS: Final = re.compile(
    r"[\[\]'\"]|\(\d{1,6}(?: addresses)?\)|\b(?:of these|from)\b"
)
_AND: Final = re.compile(r"[&+]|\bplus\b")
_WITHOUT: Final = re.compile(r"\b(?:without|except|but not)\b")
_COUNT: Final = re.compile(
    rf"\b(\d+|{'|'.join(_NUMBERS)})\s+addresses,?\s+({_ADDRESS})(?:\s+on)?\b"
)
_NEXT: Final = re.compile(rf"({_ADDRESS}),?\s+and\s+the\s+next(?:\s+one)?\b")
_BETWEEN: Final = re.compile(rf"\bbetween ({_ADDRESS}) and ({_ADDRESS})")
# The last octet of a second address, after a dot.
_OCTET: Final = re.compile(
    rf"({_ADDRESS})( ?(?:[-\u2013\u2014,]|to|through|until|and) ?)"
    r"\.(\d{1,3})(?![\d.])"
)
# A hyphen, an en or em dash, or a word, and the whole end or its last octet.
_RANGE: Final = re.compile(
    rf"({_ADDRESS})\s*(?:[-\u2013\u2014]|\.\.+|to|through|until)\s*"
    rf"({_ADDRESS}|\d{{1,3}})(?![\d./])"
)
_SEPARATORS: Final = re.compile(r"[\s,;]+(?:and\s+)?")
# The shortest prefix of a LAN in any plan.
_LAN_PREFIX: Final = 16
# No plan has more addresses than a LAN, however often they are written.
_MOST: Final = 1 << 18


def written_addresses(text: str) -> set[int] | None:
    """Return the addresses that `text` names, None if it names no ranges.

    Example:
        written_addresses("192.0.2.1 to 192.0.2.3")  # three numbers

    """
    short = _AND.sub(" and ", _FILLERS.sub(" ", text.lower()))
    plain = _OCTET.sub(_octet, " ".join(short.split()))
    first, *others = _WITHOUT.split(plain)
    try:
        found = {*_addresses(first)}
        for other in others:
            found -= {*_addresses(other)}
    except ValueError:
        return None
    return found or None


def _addresses(text: str) -> Iterator[int]:
    """Yield the addresses of several ranges, as numbers."""
    count = 0
    text = _BETWEEN.sub(r"\1-\2", text)
    for pattern, end in ((_COUNT, _after), (_NEXT, _next), (_RANGE, _range)):
        text = pattern.sub(end, text)
    for part in filter(None, _SEPARATORS.split(f" {text} ")):
        for network in networks(part):
            count += network.num_addresses
            if network.prefixlen < _LAN_PREFIX or count > _MOST:
                raise ValueError(network)
            yield from range(int(network[0]), int(network[-1]) + 1)


def _octet(match: re.Match[str]) -> str:
    first, between, last = match.groups()
    return f"{first}{between}{first.rpartition('.')[0]}.{last}"


def _after(match: re.Match[str]) -> str:
    count = _NUMBERS.get(match[1]) or int(match[1])
    return f"{match[2]}-{IPv4Address(match[2]) + count - 1}"


def _next(match: re.Match[str]) -> str:
    return f"{match[1]}-{IPv4Address(match[1]) + 1}"


def _range(match: re.Match[str]) -> str:
    first, last = match.groups()
    if "." not in last:
        last = f"{first.rpartition('.')[0]}.{last}"
    return f"{first}-{last}"
