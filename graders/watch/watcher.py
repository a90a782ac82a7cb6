"""Follow the running lab: open it, judge it at a good pace, report it."""

from __future__ import annotations

import threading
import time
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final, TypeAlias

from graders.errors import KitError
from graders.kube.changes import ClusterChanges
from graders.kube.client import KubeError, cluster_client
from graders.lifecycle.lock import lab_holder
from graders.providers import shell_pool
from graders.settings import state_dir
from graders.watch.judge import Judge
from graders.watch.looks import read_looks
from graders.watch.machine_changes import MachineChanges
from graders.watch.pace import Pace
from graders.watch.view import View

if TYPE_CHECKING:
    from collections.abc import Callable

    from graders.checks.session import Session
    from graders.state.lab_state import State

OpenLab: TypeAlias = "Callable[[], tuple[Session, State]]"

# How often files of the kit are looked at: milliseconds of work in an hour.
_TICK_S: Final = 0.5
# Between two tries to open the lab while that fails: each asks the engine.
_RETRY_S: Final = 5.0


@dataclass
class _Opened:
    """A lab that is watched, and what watches it."""

    session: Session
    state: State
    since: float
    judge: Judge
    machines: MachineChanges
    cluster: ClusterChanges | None

    def close(self) -> None:
        """End watching."""
        self.judge.stop()
        self.machines.close()
        if self.cluster:
            self.cluster.close()


@dataclass
class Watcher:
    """Reports a view of the student's lab whenever it changes.

    It changes nothing. While a command holds the lab it does not judge, and
    afterwards it opens the lab again: it may be another one.
    """

    student: str
    open_lab: OpenLab
    report: Callable[[View], object]
    _view: View = field(init=False)
    _pace: Pace = field(default_factory=Pace)
    _opened: _Opened | None = None
    _files: tuple[int, ...] = ()
    _held: bool = False
    _retry: float = 0.0
    _wake: threading.Event = field(default_factory=threading.Event)
    _changed: threading.Event = field(default_factory=threading.Event)
    _ended: bool = False

    def __post_init__(self) -> None:
        """Begin with nothing to show."""
        self._view = View(self.student)

    def run(self) -> None:
        """Follow the lab until `end` is called."""
        while not self._ended:
            self.step(time.monotonic())
            self._wake.wait(self._pause(time.monotonic()))
            self._wake.clear()
        self._close()

    def end(self) -> None:
        """Have `run` return."""
        self._ended = True
        self._wake.set()

    def look_again(self) -> None:
        """Judge as soon as possible, as after a change."""
        self._changed.set()
        self._wake.set()

    def step(self, now: float) -> None:
        """Do what is due, and report what has changed."""
        holder = lab_holder(self.student)
        if holder:
            self._hold(holder)
            return
        files = self._read_files()
        if self._held or files != self._files:
            self._files, self._held = files, False
            self._open(now)
        elif self._opened is None and now >= self._retry:
            self._open(now)
        if self._opened:
            self._judge(self._opened, now)

    def _hold(self, holder: str) -> None:
        """Show which command works on the lab.

        It may remove the machines, or restore them, so nothing is left there.
        """
        if not self._held and self._opened:
            self._opened.judge.stop()
            self._opened.machines.close()
            shell_pool.close_all()
        self._held = True
        self._show(self._view.without_verdicts(f"waiting for {holder}"))

    def _read_files(self) -> tuple[int, ...]:
        """Return when commands, or the student's answers, changed last."""
        folder = state_dir(self.student)
        times = []
        for file in (folder, folder / "lab", folder / "answers.yml"):
            with suppress(OSError):
                times.append(file.stat().st_mtime_ns)
        return tuple(times)

    def _open(self, now: float) -> None:
        """Open the lab, or show why that is not possible."""
        before, self._opened = self._opened, None
        try:
            session, state = self.open_lab()
            self._opened = self._continued(before, session, state)
        except KitError as error:
            self._retry = now + _RETRY_S
            problem = "; ".join(str(error).splitlines())
            self._show(View(self.student, message=problem))
        if before and before is not self._opened:
            before.close()
        self._pace.change(now)

    def _continued(
        self, before: _Opened | None, session: Session, state: State
    ) -> _Opened:
        """Go on with a lab that is the same, or begin to watch another one."""
        if before is None or _identity(before.state) != _identity(state):
            return self._watch(session, state)
        before.machines.close()
        before.machines = self._look_at_machines(session)
        before.session, before.state = session, state
        before.since = _started(self.student)
        return before

    def _watch(self, session: Session, state: State) -> _Opened:
        judge = Judge(read_looks(session), self._wake.set)
        try:
            client = cluster_client(session.plan)
            cluster = ClusterChanges(client, self.look_again)
        except KubeError:
            cluster = None  # the checks say so, too
        machines = self._look_at_machines(session)
        since = _started(self.student)
        return _Opened(session, state, since, judge, machines, cluster)

    def _look_at_machines(self, session: Session) -> MachineChanges:
        machines = MachineChanges(session.plan, self.look_again)
        machines.start()
        return machines

    def _judge(self, opened: _Opened, now: float) -> None:
        """Begin a round if it is due, and show the latest rows."""
        if self._changed.is_set():
            self._changed.clear()
            self._pace.change(now)
        if now >= self._pace.due(broken=opened.judge.broken):
            self._pace.begin(now)
            opened.judge.begin(replace(opened.session, shared={}))
        self._show(
            View(
                self.student,
                opened.session.lab.id,
                opened.session.lab.title,
                opened.state.attempts,
                opened.since,
                opened.judge.rows,
            )
        )

    def _show(self, view: View) -> None:
        if view != self._view:
            self._view = view
            self.report(view)

    def _pause(self, now: float) -> float:
        """Return how long nothing is due."""
        if self._opened is None or self._held:
            return _TICK_S
        broken = self._opened.judge.broken
        return max(min(self._pace.due(broken=broken) - now, _TICK_S), 0.05)

    def _close(self) -> None:
        if self._opened:
            self._opened.close()


def _started(student: str) -> float:
    """Return when the lab was started, or reset; now if that is not known.

    Of a lab on hosts, the record is on one of them.
    """
    with suppress(OSError):
        return (state_dir(student) / "lab" / "start").stat().st_mtime
    return time.time()


def _identity(state: State) -> tuple[str, str, str]:
    return state.lab, state.run, state.cluster
