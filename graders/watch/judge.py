"""Judge checks again and again, each as soon as those that it needs pass."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from graders.grading.check_run import CheckRun
from graders.watch.view import Row, judged

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from graders.checks.session import Session
    from graders.watch.looks import Watched


@dataclass
class _State:
    """A check, its row, and in which round it was judged."""

    watched: Watched
    row: Row
    judged: int = 0
    running: bool = False


@dataclass
class Judge:
    """Runs the checks of one lab in threads, one round after the other.

    A check that a new round finds running is run once more. `notify` is
    called after each change of a row, from other threads.
    """

    looks: Sequence[Watched]
    notify: Callable[[], object]
    _round: int = 0
    _session: Session | None = None
    _states: dict[str, _State] = field(default_factory=dict)
    _lock: threading.RLock = field(default_factory=threading.RLock)

    def __post_init__(self) -> None:
        """Have a row for each check."""
        for one in self.looks:
            mark: Row = (
                Row(one.spec)
                if one.look
                else Row(one.spec, "grade", "only grade looks")
            )
            self._states[one.spec.name] = _State(one, mark)

    @property
    def rows(self) -> tuple[Row, ...]:
        """A row for each check."""
        with self._lock:
            return tuple(state.row for state in self._states.values())

    @property
    def broken(self) -> bool:
        """Whether the kit could not look at something."""
        return any(row.mark == "cannot-check" for row in self.rows)

    @property
    def busy(self) -> bool:
        """Whether a check is running."""
        with self._lock:
            return any(state.running for state in self._states.values())

    def begin(self, session: Session) -> None:
        """Begin a round in a session that no other round has."""
        with self._lock:
            self._round += 1
            self._session = session
            self._advance()

    def stop(self) -> None:
        """Begin no more checks."""
        with self._lock:
            self._session = None

    def _advance(self) -> None:
        """Start what can be started, and settle what cannot."""
        for state in self._in_order():
            if (
                self._session is None
                or state.running
                or not state.watched.look
                or state.judged == self._round
            ):
                continue
            needed = self._needed(state)
            if unmet := [one for one in needed if _has_not_passed(one)]:
                if any(one.judged == self._round for one in unmet):
                    self._settle(state, unmet)
            elif all(one.judged == self._round for one in needed):
                state.running = True
                threading.Thread(
                    target=self._run,
                    args=(state, self._session, self._round),
                    daemon=True,
                ).start()

    def _in_order(self) -> list[_State]:
        """Return the checks, each after those that it needs."""
        ordered: list[_State] = []

        def add(state: _State) -> None:
            for one in self._needed(state):
                add(one)
            if state not in ordered:
                ordered.append(state)

        for state in self._states.values():
            add(state)
        return ordered

    def _needed(self, state: _State) -> list[_State]:
        names = state.watched.spec.needs
        return [self._states[name] for name in names if name in self._states]

    def _settle(self, state: _State, unmet: list[_State]) -> None:
        """Note that a check cannot be judged in this round."""
        names = ", ".join(one.watched.spec.name for one in unmet)
        state.judged = self._round
        self._show(state, Row(state.row.spec, "needs", f"needs {names}"))

    def _run(self, state: _State, session: Session, number: int) -> None:
        run = CheckRun(state.watched.spec)
        look = state.watched.look
        assert look  # noqa: S101 - only such a check is started
        try:
            look(session)
        except BaseException as error:  # noqa: BLE001 - it is the verdict
            run.record(error, session.lab.grader_file)
        with self._lock:
            state.running = False
            state.judged = number
            if self._session is not None:
                self._show(state, judged(run))
                self._advance()

    def _show(self, state: _State, row: Row) -> None:
        if row != state.row:
            state.row = row
            self.notify()


def _has_not_passed(state: _State) -> bool:
    return state.row.mark != "pass"
