"""Polling: the named waits of checks, and waits of other length.

Checks use `until`; what prepares a lab uses `until_none`.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Final, Protocol, TypeVar

from graders.errors import KitError

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")

FIRST_PAUSE: Final = 0.1
LONGEST_PAUSE: Final = 0.5
# Seconds for which a value must be hopeless: changes that were made just
# before take effect in less.
HOPELESS_S: Final = 1.0


@dataclass(frozen=True)
class Wait:
    """How many seconds a check waits, and why."""

    seconds: float
    why: str


# A wait takes its time only if the condition is not met; all waits of a broken
# lab together must fit in 15 s.
WAITS: Final[dict[str, Wait]] = {
    "allocation": Wait(4, "the controller allocates within a second"),
    "arp": Wait(5, "a new announcer needs about a second, then 3 tries"),
    "announce": Wait(5, "a speaker decides within a second or two"),
    "connect": Wait(1, "a lost first packet is sent again after 1 s"),
    "http": Wait(5, "kube-proxy programs a new endpoint within seconds"),
    "new-service": Wait(8, "allocation, then announcement"),
    "new-route": Wait(10, "the controller attaches it, then proxies read it"),
    "withdraw": Wait(5, "a speaker withdraws as soon as it sees the event"),
    "api": Wait(3, "the API server answers in milliseconds or is down"),
    "pods": Wait(8, "the image is on the node, so a pod only has to start"),
    "probe-pods": Wait(
        20, "as pods, but these are the grader's, not the lab's"
    ),
    "settled": Wait(6, "pods get ready and VIPs allocated after a reset"),
    "restored": Wait(15, "as settled, and a busy computer starts pods late"),
    "session": Wait(12, "a dial that is not answered ends after 10 s"),
    "frr": Wait(2, "a restart of FRR stops its daemons for about a second"),
    "device": Wait(2, "a device answers for its own addresses at once"),
    "lease": Wait(5, "a device sends three requests, a second apart"),
    "route": Wait(4, "a path is installed within a second of its update"),
    "hold-time": Wait(15, "a silent peer is dropped after 9 s, its hold time"),
    "takeover": Wait(20, "speakers notice a silent one after 5 to 10 s"),
    "rejoin": Wait(40, "speakers exchange their full state every 30 s"),
    "diverged": Wait(75, "speakers look for lost ones once a minute"),
    "node-back": Wait(30, "a kubelet renews its lease every 10 s"),
    "host-back": Wait(60, "TCP sends lost packets again after up to 26 s"),
    "admission": Wait(4, "a restarted controller serves its webhook at once"),
    "gateway-back": Wait(
        30, "a controller that starts reads everything first"
    ),
    "refusal": Wait(4, "as long as allocation, the positive control"),
}


class Patience:
    """How many seconds any wait takes at most; None leaves each as it is.

    `lab watch` looks again by itself, so it need not wait.
    """

    limit: ClassVar[float | None] = None


class Clock(Protocol):
    """What `until` needs of module `time`; tests have their own."""

    def monotonic(self) -> float:
        """Return seconds that never decrease."""

    def sleep(self, seconds: float, /) -> None:
        """Return after `seconds`."""


def until(  # noqa: PLR0913 - all that a wait may depend on
    wait: str,
    probe: Callable[[], T],
    ok: Callable[[T], object],
    clock: Clock | None = None,
    *,
    hopeless: Callable[[T], object] = lambda _: False,
    extra: Callable[[], float] | None = None,
) -> T:
    """Call `probe` until its value is `ok`; return its last value.

    The last value may not be `ok`: the caller judges it. `probe` is called at
    least once, and once more when the named wait is over. The wait ends early
    when values have been `hopeless` for a while: this tells that nothing is
    on its way that could make them `ok`. It gets `extra` seconds more, asked
    for once, when it would end without any.

    Example:
        vip = until("allocation", lambda: lab.cluster.vip("web", "x"), bool)

    Raises:
        KitError: there is no such wait. Errors of `probe`, `hopeless` and
            `extra` are passed on.

    """
    now = clock or time
    deadline = now.monotonic() + _bounded(_named(wait).seconds)
    hoped = now.monotonic()
    pause = FIRST_PAUSE
    while True:
        value = probe()
        if ok(value):
            return value
        if now.monotonic() >= deadline and extra:
            deadline += _bounded(extra())
            extra = None
        left = deadline - now.monotonic()
        if left <= 0:
            return value
        if not hopeless(value):
            hoped = now.monotonic()
        elif now.monotonic() - hoped >= HOPELESS_S:
            return value
        now.sleep(min(pause, left))
        pause = min(pause * 1.5, LONGEST_PAUSE)


def until_none(
    late: Callable[[], list[str]],
    seconds: float,
    pause: float,
    clock: Clock | None = None,
) -> list[str]:
    """Call `late` until it returns nothing, for up to `seconds`.

    Return its last value. It is called at least once, every `pause` seconds;
    its errors are passed on.
    """
    now = clock or time
    deadline = now.monotonic() + seconds
    while (items := late()) and now.monotonic() <= deadline:
        now.sleep(pause)
    return items


def _bounded(seconds: float) -> float:
    limit = Patience.limit
    return seconds if limit is None else min(seconds, limit)


def _named(wait: str) -> Wait:
    if wait not in WAITS:
        raise KitError(f"wait must be one of {', '.join(WAITS)}, not {wait!r}")
    return WAITS[wait]
