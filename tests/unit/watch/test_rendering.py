"""A view fits into a screen of any width, with or without colours."""

from __future__ import annotations

from dataclasses import replace

import pytest

from graders.watch.rendering import checks, heading, verdict
from graders.watch.view import Row, View
from tests.watching import VIEW, spec


@pytest.mark.parametrize("width", [20, 40, 79, 200])
def test_width(width: int) -> None:
    """No line is longer than the screen is wide."""
    lines = checks(VIEW, width).plain.splitlines()

    assert max(map(len, lines)) <= max(width, 27)


def test_failure() -> None:
    """A failed check has its reason, and the command that shows it."""
    text = checks(VIEW, 100).plain

    assert " FAIL  neighbour      The router has one BGP session" in text
    assert "       expected the session with metallb-lab-worker" in text
    assert "       seen by  vtysh -c 'show bgp neighbors" in text


def test_without_colours() -> None:
    """Marks are words."""
    words = [line[1:5] for line in checks(VIEW, 200).plain.splitlines()]

    assert [word for word in words if word.strip()] == [
        *("PASS", "PASS", "FAIL", "----", " ?? ", "----"),
    ]


def test_narrow() -> None:
    """On a narrow screen a layer is a line by itself."""
    lines = checks(VIEW, 40).plain.splitlines()

    assert lines[:2] == ["allocation", " PASS  web has the VIP 10.0.100.7"]


def test_layer_once() -> None:
    """A layer is named once, above all of its checks."""
    rows = (Row(spec("vip"), "pass"), Row(spec("pool"), "pass"))

    text = checks(replace(VIEW, rows=rows), 80).plain

    assert text.count("allocation") == 1


def test_escapes() -> None:
    """What a machine wrote does not act upon the terminal."""
    row = Row(spec("vip"), "fail", "not \x1b[2J", "cat \x07")

    text = checks(replace(VIEW, rows=(row,)), 80).plain

    assert "\x1b" not in text
    assert "\x07" not in text
    assert "\\x1b[2J" in text
    assert verdict(View("ada", message="\x1b[2J")).plain == "\\x1b[2J"


def test_heading() -> None:
    """It has lab, student, attempts and minutes; in two lines if narrow."""
    wide = heading(VIEW, 80, 725.0).plain

    assert wide.startswith("lab-3  BGP and ECMP ")
    assert wide.endswith("student ada   attempts 2   12 min")
    assert len(wide) == 80
    assert heading(VIEW, 40, 725.0).plain.count("\n") == 1
    assert heading(View("ada"), 80, 0).plain == "lab watch"
