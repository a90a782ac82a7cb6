"""Checks that only look are made beside each other, and told in order.

Most of a grading is waiting for answers that take a second or two each. A
check begins as soon as the checks that it needs have passed, unless one that
changes something (`alone`) stands between.
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
    """Checks on their way; what one raised is raised where it is asked for.

    `seconds` has how long each took by itself.
    """

    seconds: dict[str, float] = field(default_factory=dict)
    _begun: dict[str, Future[None]] = field(default_factory=dict)

    def begin(self, name: str, check: Callable[[], None]) -> None:
        """Begin a check, once.

        Its thread does not keep the program from ending: a Ctrl-C need not
        wait for what only looks.
        """
        if name in self._begun:
            return
        future = self._begun[name] = Future()
        threading.Thread(
            target=self._make, args=(name, check, future), daemon=True
        ).start()

    def has(self, name: str) -> bool:
        """Tell whether a check was begun."""
        return name in self._begun

    def end(self, name: str) -> None:
        """Wait for a check that was begun; raise what it raised."""
        self._begun[name].result()

    def _make(
        self, name: str, check: Callable[[], None], future: Future[None]
    ) -> None:
        begun = time.monotonic()
        try:
            check()
        except BaseException as error:  # noqa: BLE001 - it is raised by `end`
            self.seconds[name] = time.monotonic() - begun
            future.set_exception(error)
        else:
            self.seconds[name] = time.monotonic() - begun
            future.set_result(None)
