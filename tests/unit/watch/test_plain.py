"""Changes are printed as lines."""

from __future__ import annotations

from dataclasses import replace

from graders.watch.plain import PlainReport
from graders.watch.view import View
from tests.watching import VIEW


def _report() -> tuple[PlainReport, list[str]]:
    lines: list[str] = []
    return PlainReport(lines.append, lambda: "12:00:00"), lines


def test_first() -> None:
    """The first view is printed whole."""
    report, lines = _report()

    report(VIEW)

    assert lines[0] == (
        "12:00:00 lab-3, BGP and ECMP: student ada, attempts 2"
    )
    assert lines[1] == "12:00:00 PASS allocation: web has the VIP 10.0.100.7"
    assert lines[3] == (
        "12:00:00 FAIL neighbour: The router has one BGP session with each"
        " node, at BGP's port; expected the session with metallb-lab-worker"
        " to be Established, not Active; seen by: vtysh -c 'show bgp"
        " neighbors 172.18.0.3' on router"
    )
    assert lines[4].endswith("; needs sessions")
    assert lines[5].startswith("12:00:00 cannot check forwarding: ")
    assert lines[-1] == "12:00:00 First broken layer: neighbour."


def test_change() -> None:
    """Of the next view only what has changed is printed."""
    report, lines = _report()
    report(VIEW)
    lines.clear()

    rows = (*VIEW.rows[:2], replace(VIEW.rows[2], mark="pass", reason=""))
    report(replace(VIEW, rows=(*rows, *VIEW.rows[3:])))
    report(replace(VIEW, rows=(*rows, *VIEW.rows[3:])))

    assert [line.split(":")[2][3:] for line in lines] == [
        "PASS neighbour",
        "Nothing failed, but not all could be checked.",
    ]


def test_pause() -> None:
    """While a command holds the lab, its name is all that is printed."""
    report, lines = _report()
    report(VIEW)
    lines.clear()

    report(VIEW.without_verdicts("waiting for `grade`"))
    report(VIEW)

    assert [line[9:] for line in lines] == [
        "waiting for `grade`",
        "First broken layer: neighbour.",
    ]


def test_no_lab() -> None:
    """Without a lab, the reason is printed."""
    report, lines = _report()

    report(View("ada", message="no lab is running"))

    assert lines == ["12:00:00 no lab is running"]
