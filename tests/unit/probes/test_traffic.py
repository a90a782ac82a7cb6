"""Flows, persistent connections and the availability monitor."""

from __future__ import annotations

import time
from dataclasses import dataclass

import pytest

from graders.errors import CannotCheck
from graders.probes.traffic import (
    AvailabilityMonitor,
    flows,
    persistent_connection,
)
from graders.providers.docker import DockerExec
from graders.providers.machine import Machine, Output
from tests.fakes import says


def test_flows() -> None:
    """Answers are counted by their text; the other flows are lost."""
    found = flows(says("a\nb\na\n"), "http://10.0.100.7/", 5)

    assert found.answers == {"a": 2, "b": 1}
    assert found.failed == 2


def test_flows_of_several_paths() -> None:
    """Each path in braces is requested as often, from the source address."""
    machine = says("a\na\n192.0.2.1:5\n")
    url = "http://10.0.100.7/{hostname,clientip}"
    found = flows(machine, url, 2, "10.90.0.99")

    assert found.failed == 1
    assert "--interface 10.90.0.99" in found.command
    assert machine.asked[0].endswith(f"{url} 2 10.90.0.99")


def test_long_flow() -> None:
    """Answers are in order, with the number of connections."""
    found = persistent_connection(
        says("a 1\na 0\nb 1\n"), "http://10.0.100.7/", 3
    )

    assert found.answers == ["a", "a", "b"]
    assert found.connections == 2
    assert found.command.endswith(
        r"-w ' %{num_connects}\n' 'http://10.0.100.7/?[1-3]'"
    )


def test_long_flow_without_an_answer() -> None:
    """A failed request may have opened a connection."""
    found = persistent_connection(says(" 1\n 0\n"), "http://10.0.100.7/", 2)

    assert found.answers == []
    assert found.connections == 1


@pytest.mark.parametrize(
    ("rows", "outages", "window", "failed"),
    [
        ("1.00 1\n1.20 1\n", [], 0.0, 0),
        # In the order in which they end, not in which they were sent.
        ("1.00 1\n1.60 1\n1.20 0\n1.40 0\n", [0.4], 1.2, 2),
        ("1.00 0\n1.20 1\n1.40 0\n", [0.2, 1.0], 1.4, 2),
    ],
)
def test_watch(
    rows: str, outages: list[float], window: float, failed: int
) -> None:
    """Outages, and the time until no request is lost."""
    with AvailabilityMonitor(says(rows), "http://10.0.100.7/", 1) as watch:
        pass

    outage = watch.outage("bgp")
    assert outage.stretches() == pytest.approx(outages)
    assert outage.longest == pytest.approx(max([0, *outages]))
    assert outage.summary.startswith(f"{failed} of {outage.total} connections")
    assert outage.window == pytest.approx(window)
    assert (len(outage.lost), outage.total) == (failed, rows.count("\n"))


@dataclass(frozen=True)
class Clock(Machine):
    """A machine that was started `since` seconds before this computer."""

    since: float = 500
    end: str = "{:.2f}\n"

    def run(self, *argv: str, seconds: float = 20, stdin: str = "") -> Output:
        """Send one request, or tell the time."""
        del seconds, stdin
        now = time.monotonic() + self.since
        ended = argv[3] == "end"
        text = self.end.format(now) if ended else f"{now:.2f} 1\n"
        return Output("sh", 0, text, "")


def test_events() -> None:
    """They are on the clock of the requests."""
    machine = Clock("client", DockerExec("metallb-lab-client"))
    with AvailabilityMonitor(machine, "http://10.0.100.7/", 1) as watch:
        watch.mark("silent", "worker2")

    outage = watch.outage("bgp")
    (event,) = outage.events
    assert (event.kind, event.node) == ("silent", "worker2")
    assert event.seconds == pytest.approx(0, abs=0.5)
    assert (outage.answered, outage.url) == ((0.0,), "http://10.0.100.7/")


def test_events_without_a_clock() -> None:
    """When they happened is not known, and not invented."""
    machine = Clock("client", DockerExec("metallb-lab-client"), end="?")
    with AvailabilityMonitor(machine, "http://10.0.100.7/", 1) as watch:
        watch.mark("silent", "worker2")

    assert watch.outage("bgp").events == ()


@dataclass(frozen=True)
class Fails(Machine):
    """A machine on which the requests cannot be sent."""

    def run(self, *argv: str, seconds: float = 20, stdin: str = "") -> Output:
        """Stop the requests, but do not send any."""
        del seconds, stdin
        if argv[3] == "end":
            return Output("sh", 0, "", "")
        raise CannotCheck("client is gone")


def test_no_samples() -> None:
    """Without samples, nothing can be judged."""
    with (
        pytest.raises(CannotCheck, match="on client saw nothing"),
        AvailabilityMonitor(says(""), "http://10.0.100.7/", 1),
    ):
        pass


def test_error_of_the_monitor() -> None:
    """It is raised, unless another error comes first."""
    gone = Fails("client", DockerExec("metallb-lab-client"))

    with (
        pytest.raises(CannotCheck, match="client is gone"),
        AvailabilityMonitor(gone, "http://10.0.100.7/", 1),
    ):
        pass
    with (
        pytest.raises(KeyboardInterrupt),
        AvailabilityMonitor(gone, "http://10.0.100.7/", 1),
    ):
        raise KeyboardInterrupt
