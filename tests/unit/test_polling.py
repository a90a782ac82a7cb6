"""Waiting ends when it is certain, and never later than its name says."""

from itertools import count

import pytest

from graders.errors import KitError
from graders.polling import (
    HOPELESS_S,
    LONGEST_PAUSE,
    WAITS,
    Patience,
    until,
    until_none,
)


class FakeClock:
    """A clock on which sleeping takes no time."""

    def __init__(self) -> None:
        """Start at zero."""
        self.now = 0.0
        self.pauses: list[float] = []

    def monotonic(self) -> float:
        """Return the seconds slept so far."""
        return self.now

    def sleep(self, seconds: float, /) -> None:
        """Note the pause and let it pass."""
        self.pauses.append(seconds)
        self.now += seconds


def test_what_is_there_costs_no_time() -> None:
    """A value that is ok at once is returned without a pause."""
    clock = FakeClock()

    assert until("arp", lambda: "aa:bb", bool, clock) == "aa:bb"
    assert clock.pauses == []


def test_what_comes_late_is_returned_when_it_comes() -> None:
    """Probing goes on until the value is ok."""
    clock = FakeClock()
    seen = iter(["", "", "192.0.2.7"])

    found = until("allocation", lambda: next(seen), bool, clock)

    assert found == "192.0.2.7"
    assert clock.pauses == [0.1, pytest.approx(0.15)]


def test_what_never_comes_ends_with_the_wait() -> None:
    """The last value is returned when the named seconds are over."""
    clock = FakeClock()

    assert not until("http", lambda: None, bool, clock)
    assert clock.now == pytest.approx(WAITS["http"].seconds)
    assert max(clock.pauses) == LONGEST_PAUSE


def test_what_comes_in_the_last_moment_counts() -> None:
    """There is one more look when time is over."""
    clock = FakeClock()
    end = WAITS["arp"].seconds

    assert until("arp", lambda: clock.now >= end, bool, clock)


def test_what_is_hopeless_ends_the_wait() -> None:
    """It must have been so for a while, at each look."""
    clock = FakeClock()

    assert not until("http", lambda: 0, bool, clock, hopeless=lambda _: True)
    assert HOPELESS_S <= clock.now < HOPELESS_S + LONGEST_PAUSE


def test_what_may_take_longer_gets_its_seconds() -> None:
    """They are asked for once, when the wait would end in vain."""
    clock = FakeClock()
    asked = []

    def extra() -> float:
        asked.append(clock.now)
        return 7

    assert not until("http", lambda: 0, bool, clock, extra=extra)
    assert asked == [pytest.approx(WAITS["http"].seconds)]
    assert clock.now == pytest.approx(WAITS["http"].seconds + 7)
    assert until("http", lambda: 1, bool, clock, extra=lambda: 1 / 0)


def test_hope_begins_again() -> None:
    """What is hopeless in some looks only is waited for to the end."""
    clock = FakeClock()
    looks = count()

    until("http", lambda: 0, bool, clock, hopeless=lambda _: next(looks) % 2)

    assert clock.now == pytest.approx(WAITS["http"].seconds)


def test_nothing_is_late_in_time() -> None:
    """It is asked until then, with the pause between, and no longer."""
    clock = FakeClock()
    seen = iter([["web", "db"], ["db"], []])

    assert until_none(lambda: next(seen), 9, 0.2, clock) == []
    assert clock.pauses == [0.2, 0.2]


def test_what_is_late_is_told() -> None:
    """As it is when time is over; it is asked once, whatever the time."""
    clock = FakeClock()

    assert until_none(lambda: ["web"], 1, 0.4, clock) == ["web"]
    assert clock.now == pytest.approx(1.2)
    assert until_none(lambda: ["db"], -1, 0.4, clock) == ["db"]


def test_a_probe_that_breaks_is_heard_at_once() -> None:
    """An error of the probe is not waited out."""

    def probe() -> str:
        raise KitError("no cluster")

    with pytest.raises(KitError, match="no cluster"):
        until("api", probe, bool, FakeClock())


def test_an_unknown_wait_is_named() -> None:
    """The message lists the waits that there are."""
    with pytest.raises(KitError, match=r"one of allocation, .*, not 'tea'"):
        until("tea", lambda: 1, bool)


def test_every_wait_is_short_and_has_a_reason() -> None:
    """A broken lab is graded within 15 s, so no wait may eat that alone.

    Those of `grade --full`, which takes a minute, may be longer, and so may
    that for the grader's own pods: a broken lab does not get there. Without a
    session no later check waits.
    """
    longer = {"hold-time": 15, "takeover": 20, "node-back": 30}
    longer |= {"host-back": 60, "rejoin": 40, "diverged": 75}
    longer |= {"probe-pods": 20, "session": 12, "gateway-back": 30}
    longer |= {"restored": 15}
    assert all(
        0 < wait.seconds <= longer.get(name, 10) and wait.why
        for name, wait in WAITS.items()
    )


def test_patience_shortens_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever looks again and again can limit every wait."""
    clock = FakeClock()
    monkeypatch.setattr(Patience, "limit", 1.0)

    assert not until("http", lambda: None, bool, clock)
    assert clock.now == pytest.approx(1.0)
