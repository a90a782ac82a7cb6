"""Layer 2 beside BGP: on numbers of passed checks, and on no others."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from graders.grading.comparison import (
    Measurement,
    comparison,
    comparison_lines,
    measurements,
)
from graders.grading.result import GradeResult
from graders.probes.outage import Event, Outage

GOLDEN = Path(__file__).parents[2] / "golden"
RESULT = GradeResult.model_validate_json((GOLDEN / "result.json").read_text())
AT = "2026-11-30T03:00:00+00:00"
BGP = Measurement("bgp", "lab-3-bgp-ecmp", AT, 200, 12, 0.6, 9.1)
ARP = Measurement("layer-2", "lab-2-layer-2", AT, 210, 36, 7.2, None)


def test_both() -> None:
    """The table has a column for each, and names the labs."""
    assert comparison_lines([BGP, ARP]) == [
        "Layer 2 beside BGP, as you measured them:",
        " " * 40 + "Layer 2, lab 2    BGP, lab 3",
        f"{'requests lost':40}36 of 210         12 of 200",
        f"{'longest time without an answer':40}7.2 s             0.6 s",
        f"{'until traffic took another way':40}not known         9.1 s",
    ]


def test_one() -> None:
    """Nothing is compared; the other one is named."""
    assert comparison([BGP]) == []
    assert comparison_lines([BGP]) == [
        "Once grade --full has measured Layer 2, too, both are compared."
    ]
    assert comparison_lines([]) == []


def test_the_latest_counts() -> None:
    """Of two measurements of one mode."""
    later = replace(BGP, at="2026-11-30T04:00:00+00:00", lost=3)

    (_, lost, *_) = comparison([later, ARP, BGP])

    assert lost == ("requests lost", "36 of 210", "3 of 200")


def test_what_was_measured() -> None:
    """A check that failed measured something else than the mode."""
    events = (Event(0.5, "silent", "w"), Event(9, "hop-dropped", "w"))
    outage = Outage("bgp", "http://10.0.0.1/", (0.0, 2.0), (0.5,), events)
    passed, failed = (
        check.model_copy(update={"outage": outage})
        for check in (RESULT.checks[0], RESULT.checks[2])
    )
    result = RESULT.model_copy(update={"checks": (passed, failed)})

    (one,) = measurements(result, AT)

    assert one == Measurement("bgp", RESULT.lab, AT, 3, 1, 1.5, 8.5)
