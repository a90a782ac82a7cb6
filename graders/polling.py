"""Every named wait of a check, its seconds and why.

What a playbook waits for, it names itself and says how long: `until_none`.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Protocol, TypeVar

from graders.errors import KitError

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")

FIRST_PAUSE: Final = 0.1
LONGEST_PAUSE: Final = 0.5


@dataclass(frozen=True)
class Wait:
    """How many seconds a check is patient, and why so many."""

    seconds: float
    why: str


# A wait costs its time only when the thing is not there; all that one broken
# lab waits for must fit in 15 s.
WAITS: Final[dict[str, Wait]] = {
    "allocation": Wait(4, "the controller allocates within a second"),
    "arp": Wait(5, "a new announcer needs about a second, then 3 tries"),
    "announce": Wait(5, "a speaker decides within a second or two"),
    "opening": Wait(1, "a first packet that is lost is sent again after 1 s"),
    "http": Wait(5, "kube-proxy programs a new endpoint within seconds"),
    "fresh": Wait(8, "a new Service: allocation, then announcement"),
    "withdraw": Wait(5, "a speaker withdraws as soon as it sees the event"),
    "api": Wait(3, "the API server answers in milliseconds or is down"),
    "pods": Wait(8, "an image is on the node, so a pod only has to start"),
    "probe": Wait(20, "as pods; the grader's own are no fault of the lab"),
    "settled": Wait(6, "pods get ready and VIPs allocated after a reset"),
    "session": Wait(10, "a speaker tries again after 1 s, then 2, then 4"),
    "device": Wait(2, "a device answers for its own addresses at once"),
    "lease": Wait(5, "a device asks three times, a second apart"),
    "route": Wait(4, "a path is installed within a second of its update"),
    "hold": Wait(15, "a silent peer is dropped after 9 s, its hold time"),
    "takeover": Wait(20, "speakers miss a silent one after 5 to 10 s"),
    "reunion": Wait(40, "speakers tell each other all they know every 30 s"),
    "parted": Wait(75, "speakers look for lost ones once a minute"),
    "node-back": Wait(30, "a kubelet renews its lease every 10 s"),
    "host-back": Wait(60, "what it had sent is tried again after 26 s"),
    "absent": Wait(4, "long enough for what its positive control showed"),
}


class Clock(Protocol):
    """What `until` needs of module `time`; tests bring their own."""

    def monotonic(self) -> float:
        """Return seconds that only grow."""

    def sleep(self, seconds: float, /) -> None:
        """Return after `seconds`."""


def until(
    wait: str,
    probe: Callable[[], T],
    ok: Callable[[T], object],
    clock: Clock | None = None,
) -> T:
    """Call `probe` until its value is `ok`; return its last value.

    The value is not `ok` when the named wait is over: the caller judges
    it. It is probed once at least, and once more when time is over.

    Example:
        vip = until("allocation", lambda: lab.cluster.vip("web", "x"), bool)

    Raises:
        KitError: there is no such wait. Errors of `probe` come through.

    """
    now = clock or time
    deadline = now.monotonic() + _named(wait).seconds
    pause = FIRST_PAUSE
    while True:
        value = probe()
        left = deadline - now.monotonic()
        if ok(value) or left <= 0:
            return value
        now.sleep(min(pause, left))
        pause = min(pause * 1.5, LONGEST_PAUSE)


def until_none(
    late: Callable[[], list[str]],
    seconds: float,
    pause: float,
    clock: Clock | None = None,
) -> list[str]:
    """Ask what is late until nothing is; return what is after `seconds`.

    It is asked once at least, with `pause` seconds between. Errors of `late`
    come through.
    """
    now = clock or time
    deadline = now.monotonic() + seconds
    while (left := late()) and now.monotonic() <= deadline:
        now.sleep(pause)
    return left


def _named(wait: str) -> Wait:
    if wait not in WAITS:
        raise KitError(f"wait must be one of {', '.join(WAITS)}, not {wait!r}")
    return WAITS[wait]
