"""An outage is values: requests, losses and events."""

from __future__ import annotations

import pytest

from graders.probes.outage import Event, Outage

URL = "http://10.0.100.7/"
SILENT = Event(0.5, "silent", "worker")


@pytest.mark.parametrize(
    ("events", "seconds"),
    [
        ([], None),
        ([SILENT], None),
        ([Event(8, "taken-over", "worker2")], None),
        ([SILENT, Event(8, "taken-over", "worker2")], 7.5),
        ([SILENT, Event(9, "hop-dropped", "worker")], 8.5),
    ],
)
def test_when_traffic_took_another_way(
    events: list[Event], seconds: float | None
) -> None:
    """It is known if both the failure and the other way were seen."""
    outage = Outage("bgp", URL, (0.0,), (), (*events,))

    assert outage.rerouted_after == seconds


def test_nothing_lost() -> None:
    """Then all figures are 0."""
    outage = Outage("layer-2", URL, (0.0, 0.2), ())

    assert (outage.longest, outage.window) == (0, 0)
    assert outage.summary == "0 of 2 connections lost, within 0.0 s"
