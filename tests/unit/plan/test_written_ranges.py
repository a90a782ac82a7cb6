"""Ranges as people write them, and texts that are none."""

from __future__ import annotations

from ipaddress import IPv4Address

import pytest

from graders.plan.written_ranges import written_addresses

FIRST = int(IPv4Address("192.0.2.10"))


@pytest.mark.parametrize(
    "text",
    [
        "192.0.2.10-192.0.2.13",
        "192.0.2.10 - 192.0.2.13",
        "192.0.2.10\u2013192.0.2.13",
        "192.0.2.10 \u2014 192.0.2.13",
        "192.0.2.10..192.0.2.13",
        "192.0.2.10 to 192.0.2.13",
        "From 192.0.2.10 to 192.0.2.13",
        "192.0.2.10 through 192.0.2.13",
        "192.0.2.10-13",
        "192.0.2.10/31 and 192.0.2.12/31",
        "192.0.2.10, 192.0.2.11; 192.0.2.12 192.0.2.13",
        "192.0.2.10, 192.0.2.11, and 192.0.2.12-192.0.2.13",
        "192.0.2.10 and the next, 192.0.2.12 and the next one",
        "['192.0.2.10 to 192.0.2.12', '192.0.2.13']",
        "between 192.0.2.10 and 192.0.2.13 (4)",
        "192.0.2.10 - .13 (4 addresses)",
        "192.0.2.10 & .11 + 192.0.2.12 plus 192.0.2.13",
        "192.0.2.10, .11, 192.0.2.12 to .13",
        "4 addresses, from 192.0.2.10 on",
        "2 addresses from 192.0.2.10, two of these addresses, 192.0.2.12 on",
        "192.0.2.8/29 without 192.0.2.8 and the next, 192.0.2.14-192.0.2.15",
        "192.0.2.10-192.0.2.20 except 192.0.2.14 to 192.0.2.20",
    ],
)
def test_forms(text: str) -> None:
    """All of these are the same four addresses."""
    assert written_addresses(text) == {*range(FIRST, FIRST + 4)}


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("a hundred addresses, from 192.0.2.10 on", 100),
        ("fifty-one of these addresses, from 192.0.2.10 on", 51),
    ],
)
def test_numbers_in_words(text: str, count: int) -> None:
    """The brief writes these two."""
    assert written_addresses(text) == {*range(FIRST, FIRST + count)}


@pytest.mark.parametrize(
    "text",
    [
        "",
        "none",
        "and",
        "192.0.2.10 - ",
        "192.0.2.13-192.0.2.10",
        "192.0.2.10-300",
        "192.0.2.10 or 192.0.2.11",
        "192.0.2.10 (or 192.0.2.11)",
        ".10 to .13",
        "192.0.2.10-192.0.2.11-192.0.2.12",
        "10.0.0.0/8",
        "192.0.2.10 without 192.0.2.10",
        "999999999999 addresses from 192.0.2.10",
        "255.255.255.255 and the next",
    ],
)
def test_no_ranges(text: str) -> None:
    """Anything else has no meaning, or too many addresses."""
    assert written_addresses(text) is None
