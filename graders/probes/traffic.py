"""Many flows at once, and one watch over time, as a client sees them."""

from __future__ import annotations

import threading
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Self

from graders.errors import CannotCheck

if TYPE_CHECKING:
    from graders.providers.machine import Machine

# Every request is a TCP connection of its own, from a port of its own.
_FLOWS: Final = """\
d=$(mktemp -d)
curl -s --parallel --parallel-immediate --parallel-max 30 --max-time 2 \
  ${3:+--interface $3} -H 'Connection: close' -o "$d/#1#2" "$1?[1-$2]"
for answer in "$d"/*; do
  [ ! -s "$answer" ] || { cat "$answer"; echo; }
done
rm -r "$d"
"""
# Each request in the background: one that hangs must not thin the samples.
_WATCH: Final = """\
n=0
rm -f "$3"
while [ "$n" -lt "$2" ] && [ ! -e "$3" ]; do
  ( t=$(date +%s%3N)
    curl -s -o /dev/null --max-time 1 "$1" && echo "$t 1" || echo "$t 0" ) &
  sleep 0.2
  n=$((n + 1))
done
wait
rm -f "$3"
"""
# After each answer, how many connections curl opened for it.
_CONNECTS: Final = " %{num_connects}\n"
_RATE: Final = 5
_STOP: Final = "/tmp/lab-watch-stop"  # noqa: S108 - in the client's container
# What a request may take before it counts as lost, seconds; see _WATCH.
_LOST: Final = 1.0


@dataclass(frozen=True)
class Flows:
    """What many connections came to: bodies with their number, and losses."""

    command: str
    answers: Counter[str]
    failed: int


@dataclass(frozen=True)
class PersistentConnection:
    """What requests over one connection came to, and how many it took."""

    command: str
    answers: list[str]
    connections: int


def flows(machine: Machine, url: str, count: int, source: str = "") -> Flows:
    """Open `count` connections to `url`, 30 at a time, 2 s each at most.

    Where `url` has curl's braces, {this,that}, each of them is asked `count`
    times. The flows come from the address `source`, where one is given.

    Raises:
        CannotCheck: the machine is not there.

    """
    done = machine.run(
        *("sh", "-c", _FLOWS, "flows", url, str(count), source),
        seconds=20 + count / 15,
    )
    answers = Counter(line for line in done.out.splitlines() if line)
    curl = f"curl -sm2 --interface {source}" if source else "curl -sm2"
    shown = f"for i in $(seq {count}); do {curl} {url}; echo; done"
    total = count * len(url.partition("{")[2].split(","))
    return Flows(shown, answers, total - answers.total())


def persistent_connection(
    machine: Machine, url: str, count: int
) -> PersistentConnection:
    """Send `count` requests over one connection, one after the other.

    Raises:
        CannotCheck: the machine is not there.

    """
    argv = ("curl", "-s", "--max-time", "2")
    asked = f"{url}?[1-{count}]"
    done = machine.run(*argv, "-w", _CONNECTS, asked)
    rows = [line.rpartition(" ") for line in done.out.splitlines() if line]
    told = "'" + _CONNECTS.encode("unicode_escape").decode() + "'"
    return PersistentConnection(
        f"{' '.join(argv)} -w {told} '{asked}'",
        [body for body, _, _ in rows if body],
        sum(int(opened) for *_, opened in rows),
    )


@dataclass
class AvailabilityMonitor:
    """One request each 0.2 s in the background, from `with` to its end.

    It ends by itself after `seconds`. The figures are there once the
    `with` is over.
    """

    machine: Machine
    url: str
    seconds: float
    samples: list[tuple[float, bool]] = field(default_factory=list)
    _thread: threading.Thread | None = None
    _trouble: Exception | None = None

    def __enter__(self) -> Self:
        """Begin."""
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        """End early, and collect what was seen.

        Raises:
            CannotCheck: nothing was seen, which is not to say that nothing
                was lost.

        """
        self.machine.run("touch", _STOP)
        assert self._thread  # noqa: S101 - made by __enter__
        self._thread.join(self.seconds + 10)
        if kind is not None:
            return
        if self._trouble:
            raise self._trouble
        if not self.samples:
            raise CannotCheck(
                f"the watch of {self.url} on {self.machine.role} saw nothing",
                way_out="grade again",
            )

    @property
    def total(self) -> int:
        """How many requests were sent."""
        return len(self.samples)

    @property
    def failed(self) -> int:
        """How many got no answer within a second."""
        return sum(not good for _, good in self.samples)

    @property
    def window(self) -> float:
        """Seconds from the first lost request until none was lost."""
        lost = [at for at, good in self.samples if not good]
        return lost[-1] - lost[0] + _LOST if lost else 0.0

    @property
    def told(self) -> str:
        """What was lost, in words."""
        return (
            f"{self.failed} of {self.total} connections lost,"
            f" within {self.window:.1f} s"
        )

    @property
    def longest(self) -> float:
        """Seconds of the longest stretch without any answer."""
        return max(self.outages(), default=0.0)

    def outages(self) -> list[float]:
        """Return how long each stretch without any answer took, seconds."""
        found, begun, last = [], None, 0.0
        for at, good in self.samples:
            if good and begun is not None:
                found.append(at - begun)
                begun = None
            elif not good and begun is None:
                begun = at
            last = at
        if begun is not None:
            found.append(last - begun + _LOST)
        return found

    def _run(self) -> None:
        """Watch; what goes wrong in this thread is told at the end."""
        try:
            self._look()
        except Exception as error:  # noqa: BLE001 - it is raised by __exit__
            self._trouble = error

    def _look(self) -> None:
        count = str(int(self.seconds * _RATE))
        done = self.machine.run(
            *("sh", "-c", _WATCH, "watch", self.url, count, _STOP),
            seconds=self.seconds * 2 + 10,
        )
        rows = [line.split() for line in done.out.splitlines()]
        self.samples = sorted(
            (int(at) / 1000, good == "1") for at, good in rows
        )
