"""Ctrl-C waits for steps that must not be cut in two."""

from __future__ import annotations

import os
import signal
import threading
from typing import TYPE_CHECKING

import pytest

from graders.interrupts import SIGNALS, collected_signals, uninterrupted

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(autouse=True)
def handlers() -> Iterator[None]:
    """Treat signals as commands do, also where a shell has them ignored."""
    before = {
        one: signal.signal(one, signal.default_int_handler) for one in SIGNALS
    }
    yield
    for one, handler in before.items():
        signal.signal(one, handler)


def _interrupt(steps: list[str], number: int) -> None:
    with uninterrupted():
        os.kill(os.getpid(), number)
        steps.append("done")
    steps.append("not reached")


@pytest.mark.parametrize("number", SIGNALS)
def test_step_is_finished(number: int) -> None:
    """Then KeyboardInterrupt is raised, and handlers are as before."""
    before = [signal.getsignal(one) for one in SIGNALS]
    steps: list[str] = []

    with pytest.raises(KeyboardInterrupt):
        _interrupt(steps, number)

    assert steps == ["done"]
    assert [signal.getsignal(one) for one in SIGNALS] == before


def test_error_of_the_step() -> None:
    """It is passed on, and nothing stays deferred."""
    with pytest.raises(ValueError, match="own"), uninterrupted():
        raise ValueError("own")

    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_other_threads() -> None:
    """Python interrupts none of them, and they may set no handlers."""
    steps: list[str] = []

    def step() -> None:
        with uninterrupted():
            steps.append("done")

    thread = threading.Thread(target=step)
    thread.start()
    thread.join()

    assert steps == ["done"]


def test_ignored_signals_stay_ignored() -> None:
    """What `nohup` has started outlives its terminal."""
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with collected_signals() as signals:
            os.kill(os.getpid(), signal.SIGHUP)
        assert signals == []
    finally:
        signal.signal(signal.SIGHUP, before)
