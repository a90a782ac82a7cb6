"""Run read-only checks in parallel and report them in order.

Most of a grading is waiting for answers that take a second or two each. A
check starts as soon as the checks that it needs have passed, unless one that
changes something (`exclusive`) comes before it.
"""

from __future__ import annotations

import threading
import time
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass
class CheckScheduler:
    """Runs checks in threads; `result` raises what a check raised.

    `seconds` has the duration of each check that has ended.
    """

    seconds: dict[str, float] = field(default_factory=dict)
    _futures: dict[str, Future[None]] = field(default_factory=dict)

    def submit(self, name: str, check: Callable[[], None]) -> None:
        """Start a check, once.

        The thread is a daemon: after Ctrl-C the program need not wait for
        checks that only read.
        """
        if name in self._futures:
            return
        future = self._futures[name] = Future()
        threading.Thread(
            target=self._run, args=(name, check, future), daemon=True
        ).start()

    def started(self, name: str) -> bool:
        """Tell whether a check was submitted."""
        return name in self._futures

    def result(self, name: str) -> None:
        """Wait for a submitted check; raise what it raised."""
        self._futures[name].result()

    def _run(
        self, name: str, check: Callable[[], None], future: Future[None]
    ) -> None:
        start = time.monotonic()
        try:
            check()
        except BaseException as error:  # noqa: BLE001 - `result` raises it
            self.seconds[name] = time.monotonic() - start
            future.set_exception(error)
        else:
            self.seconds[name] = time.monotonic() - start
            future.set_result(None)
