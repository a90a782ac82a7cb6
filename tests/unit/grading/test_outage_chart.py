"""A timeline is readable in 80 columns, without colour."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from graders.grading.outage_chart import chart, timeline
from graders.probes.outage import Event, Outage

URL = "http://10.0.100.7/"
TIMES = st.floats(0, 10_000, allow_nan=False)


def test_chart() -> None:
    """Answers and losses have a row each, on the axis of the events."""
    answered = [at / 5 for at in range(5)] + [at / 5 for at in range(45, 75)]
    lost = [at / 5 for at in range(3, 45)]
    events = (
        Event(0.6, "silent", "worker2"),
        Event(8.1, "hop-dropped", "worker2"),
        Event(12.0, "back", "worker2"),
        Event(12.1, "hop-restored", "worker2"),
    )

    lines = chart(Outage("bgp", URL, (*answered,), (*lost,), events), 80)

    assert [line.text for line in lines] == [
        "Requests to http://10.0.100.7/, a column is 0.5 s:",
        "answered   ===               =============",
        "lost         xxxxxxxxxxxxxxxxx",
        "             a              b      cd",
        "seconds      0         5         10",
        "  a   0.0 s  worker2 is cut off",
        "  b   7.5 s  the router has dropped the next hop worker2",
        "  c  11.4 s  worker2 is back",
        "  d  11.5 s  the router has the next hop worker2 again",
    ]


def test_unknown_events() -> None:
    """Seconds then count from the first request."""
    lines = chart(Outage("layer-2", URL, (0.0, 1.0), ()), 80)

    rows = ["answered   = =", "lost", "", "seconds    0"]
    assert [line.text for line in lines[1:]] == rows


@given(st.lists(TIMES, max_size=9), st.lists(TIMES), st.integers(40, 200))
def test_any_outage(
    lost: list[float], events: list[float], width: int
) -> None:
    """Whatever was measured, the rows fit, and each request is in one."""
    happened = tuple(Event(at, "back", "worker") for at in events)
    outage = Outage("bgp", URL, (), (*sorted(lost),), happened)

    line = timeline(outage, width)

    assert line.width <= width
    columns = {*line.lost} | {mark.column for mark in line.marks}
    assert columns <= {*range(line.width)}
    assert bool(line.lost) == bool(lost)
