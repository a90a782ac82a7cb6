"""Flows of a client to a VIP: many at once, one that persists, over time."""

from __future__ import annotations

import re
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Self

from graders.errors import CannotCheck
from graders.probes.outage import Event, Outage
from graders.probes.programs import NEEDS_CURL, run_program

if TYPE_CHECKING:
    from graders.probes.outage import EventKind, Mode
    from graders.providers.machine import Machine

# Without a proxy, or a configuration that a student has given curl. A page
# without an end must not fill the machine.
CURL: Final = ("curl", "-q", "--noproxy", "*", "--max-filesize", "500000")
# Every request is a new TCP connection, from another port.
_FLOWS: Final = (
    NEEDS_CURL
    + """\
d=$(mktemp -d)
curl -q --noproxy '*' --max-filesize 500000 -s --max-time 2 \
  --parallel --parallel-immediate --parallel-max 30 \
  ${3:+--interface $3} -H 'Connection: close' -o "$d/#1#2" "$1?[1-$2]"
for answer in "$d"/*; do
  [ ! -s "$answer" ] || { head -c 4096 "$answer"; echo; }
done
rm -r "$d"
"""
)
# Requests run in the background: one that hangs must not delay the others.
# The time is the kernel's, in seconds: no clock is set in between.
_WATCH: Final = (
    NEEDS_CURL
    + """\
n=0
rm -f "$3"
while [ "$n" -lt "$2" ] && [ ! -e "$3" ]; do
  ( read -r t _ < /proc/uptime
    curl -q --noproxy '*' --max-filesize 500000 -so /dev/null -m 1 "$1"
    echo "$t $(($? == 0))" ) &
  sleep 0.2
  n=$((n + 1))
done
wait
rm -f "$3"
"""
)
# Stop the requests; the machine's time is on the clock of the samples.
_END: Final = 'read -r t _ < /proc/uptime; touch "$1"; echo "$t"'
# Printed by curl after each answer: how many connections it opened for it.
_CONNECTS: Final = " %{num_connects}\n"
_ANSWER: Final = re.compile(r"^(?P<body>.*) (?P<opened>[0-9]{1,6})")
_SAMPLE: Final = re.compile(r"([0-9]{1,15}\.[0-9]{1,3}) ([01])")
_UPTIME: Final = re.compile(r"[0-9]{1,15}\.[0-9]{1,3}")
_RATE: Final = 5
_STOP: Final = "/tmp/lab-watch-stop"  # noqa: S108 - in the client's container


@dataclass(frozen=True)
class Flows:
    """The outcome of many connections: answers by their text, and losses."""

    command: str
    answers: Counter[str]
    failed: int


@dataclass(frozen=True)
class PersistentConnection:
    """The answers over one connection, and how many it took instead."""

    command: str
    answers: list[str]
    connections: int


def flows(machine: Machine, url: str, count: int, source: str = "") -> Flows:
    """Open `count` connections to `url`, 30 at a time, 2 s each at most.

    If `url` has curl's braces, {this,that}, each alternative is requested
    `count` times. The flows come from the address `source`, if there is one.

    Raises:
        CannotCheck: the machine does not answer.

    """
    result = run_program(
        machine,
        *("sh", "-c", _FLOWS, "flows", url, str(count), source),
        program="curl",
        seconds=20 + count / 15,
    )
    answers = Counter(line for line in result.out.splitlines() if line)
    curl = f"curl -sm2 --interface {source}" if source else "curl -sm2"
    command = f"for i in $(seq {count}); do {curl} {url}; echo; done"
    total = count * len(url.partition("{")[2].split(","))
    return Flows(command, answers, total - answers.total())


def persistent_connection(
    machine: Machine, url: str, count: int
) -> PersistentConnection:
    """Send `count` requests over one connection, one after the other.

    Raises:
        CannotCheck: the machine does not answer.

    """
    argv = ("-s", "--max-time", "2")
    urls = f"{url}?[1-{count}]"
    result = run_program(machine, *CURL, *argv, "-w", _CONNECTS, urls)
    rows = [*map(_ANSWER.fullmatch, result.out.splitlines())]
    write_out = _CONNECTS.encode("unicode_escape").decode()
    return PersistentConnection(
        f"curl {' '.join(argv)} -w '{write_out}' '{urls}'",
        [row["body"] for row in rows if row and row["body"]],
        sum(int(row["opened"]) for row in rows if row),
    )


@dataclass
class AvailabilityMonitor:
    """A request every 0.2 s in the background, while the context is open.

    It stops by itself after `seconds`. `outage` is valid once the context is
    closed.
    """

    machine: Machine
    url: str
    seconds: float
    samples: list[tuple[float, bool]] = field(default_factory=list)
    _thread: threading.Thread | None = None
    _error: Exception | None = None
    _marks: list[tuple[float, EventKind, str]] = field(default_factory=list)
    # Seconds by which the machine's clock is ahead of this computer's.
    _ahead: float | None = None

    def __enter__(self) -> Self:
        """Start the requests."""
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        """Stop the requests and collect the samples.

        Raises:
            CannotCheck: there are no samples.

        """
        self._stop()
        assert self._thread  # noqa: S101 - set by __enter__
        self._thread.join(self.seconds + 10)
        if kind is not None:
            return
        if self._error:
            raise self._error
        if not self.samples:
            raise CannotCheck(
                f"the watch of {self.url} on {self.machine.role} saw nothing",
                remedy="grade again",
            )

    def mark(self, kind: EventKind, node: str) -> None:
        """Note that something has just happened to a node."""
        self._marks.append((time.monotonic(), kind, node))

    def outage(self, mode: Mode) -> Outage:
        """Return what was seen, in seconds from the first request."""
        first = self.samples[0][0]
        times = {
            good: tuple(
                round(at - first, 2) for at, ok in self.samples if ok is good
            )
            for good in (True, False)
        }
        events = [
            Event(round(at + self._ahead - first, 2), kind, node)
            for at, kind, node in self._marks
            if self._ahead is not None
        ]
        return Outage(mode, self.url, times[True], times[False], (*events,))

    def _stop(self) -> None:
        """Stop the requests, and compare the machine's clock with this one."""
        before = time.monotonic()
        result = self.machine.run("sh", "-c", _END, "end", _STOP)
        if uptime := _UPTIME.fullmatch(result.out.strip()):
            self._ahead = float(uptime[0]) - (before + time.monotonic()) / 2

    def _run(self) -> None:
        """Send the requests; keep an error of this thread for __exit__."""
        try:
            self._sample()
        except Exception as error:  # noqa: BLE001 - it is raised by __exit__
            self._error = error

    def _sample(self) -> None:
        count = str(int(self.seconds * _RATE))
        result = run_program(
            self.machine,
            *("sh", "-c", _WATCH, "watch", self.url, count, _STOP),
            program="curl",
            seconds=self.seconds * 2 + 10,
        )
        rows = map(_SAMPLE.fullmatch, result.out.splitlines())
        self.samples = sorted(
            (float(row[1]), row[2] == "1") for row in rows if row
        )
