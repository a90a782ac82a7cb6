"""Notice changes on machines and nodes, which no API server reports."""

from __future__ import annotations

import re
import threading
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from graders.errors import KitError
from graders.providers.registry import machine_of
from graders.state.baseline import read_settings
from graders.state.start_state import READINGS, Reading

if TYPE_CHECKING:
    from collections.abc import Callable

    from graders.plan.plan import Plan

PERIOD_S: Final = 2.0
# Settings that are read in milliseconds; students change these.
_NAMES: Final = frozenset(
    {
        *("interfaces", "addresses", "routes", "routes of BGP", "next hops"),
        *("policy routing", "neighbours", "packet filter", "tables of nft"),
        *("traffic control", "configuration", "leases"),
    }
)
# Prints the number of the last process: without one, nobody has changed
# anything. The shell reads it by itself, so that a look is one process.
_LAST_PROCESS: Final = "read -r _ _ _ _ last < /proc/loadavg; echo $last"
_COUNTER: Final = Reading("last process", _LAST_PROCESS, ())
_QUICK: Final = (
    *(row for row in READINGS if row.name in _NAMES),
    _COUNTER,
)
# BGP changes routes without a process. Reading them is one more.
_ROUTER: Final = "router"
_LEARNT: Final = "ip -4 route show proto bgp"
_ANSWER_S: Final = 3.0
# A machine on which processes come and go is read for this part of the time,
# but not less often than every few seconds.
_SHARE: Final = 200
_LONGEST_S: Final = 10.0
# A machine that does not answer is asked less often.
_SILENT_S: Final = 10.0


@dataclass
class _Seen:
    """What was last seen of a machine."""

    process: int = -1
    routes: str = ""
    settings: dict[str, str] | None = None
    answers: bool = True
    next_look: float = 0.0


@dataclass
class MachineChanges:
    """Calls `notify` after a change of settings, from another thread.

    While no process starts on a machine, a look costs next to nothing there.
    """

    plan: Plan
    notify: Callable[[], object]
    _seen: dict[str, _Seen] = field(default_factory=dict)
    _ended: threading.Event = field(default_factory=threading.Event)

    def start(self) -> None:
        """Begin to look, in a thread."""
        threading.Thread(target=self._run, daemon=True).start()

    def close(self) -> None:
        """End looking."""
        self._ended.set()

    def look(self) -> None:
        """Look at each machine that is due; notify if one has changed."""
        changed = [
            self._has_changed(role, self._seen.setdefault(role, _Seen()))
            for role in (*self.plan.machines, *self.plan.nodes)
        ]
        if any(changed) and not self._ended.is_set():
            self.notify()

    def _run(self) -> None:
        while not self._ended.is_set():
            self.look()
            self._ended.wait(PERIOD_S)

    def _has_changed(self, role: str, seen: _Seen) -> bool:
        """Tell whether a machine has other settings, or stopped to answer."""
        if self._ended.is_set() or time.monotonic() < seen.next_look:
            return False
        answered = seen.answers
        try:
            changed = self._read(role, seen)
            seen.answers = True
        except KitError:
            seen.next_look = time.monotonic() + _SILENT_S
            changed, seen.answers = False, False
        return changed or answered != seen.answers

    def _read(self, role: str, seen: _Seen) -> bool:
        """Tell whether a machine's settings differ from those seen."""
        routes, process = self._glance(role)
        own = 2 if role == _ROUTER else 1
        quiet = process == seen.process + own
        seen.process = process
        if quiet and seen.settings is not None and routes == seen.routes:
            return False
        start = time.monotonic()
        settings = read_settings(self.plan, role, _QUICK)
        end = time.monotonic()
        seen.next_look = end + min((end - start) * _SHARE, _LONGEST_S)
        seen.process = _number(settings.pop(_COUNTER.name))
        before = seen.settings
        seen.settings = settings | {_LEARNT: routes}
        seen.routes = routes
        return before is not None and before != seen.settings

    def _glance(self, role: str) -> tuple[str, int]:
        """Return the routes that BGP has brought, and the last process."""
        command = _LAST_PROCESS
        if role == _ROUTER:
            command = f"{_LEARNT}; {command}"
        machine = machine_of(self.plan, role)
        text = machine.run("sh", "-c", command, seconds=_ANSWER_S).out
        routes, _, process = text.rstrip("\n").rpartition("\n")
        return routes, _number(process)


def _number(text: str) -> int:
    """Return a number, -1 for what is none."""
    return int(text) if re.fullmatch("[0-9]{1,9}", text.strip()) else -1
