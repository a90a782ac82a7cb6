"""Regrade one submission: fresh lab, the repair played, graded, compared."""

from __future__ import annotations

import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

from pydantic import BaseModel, ConfigDict

from graders.classroom.claim import disagreements
from graders.classroom.differences_script import counts, is_empty, to_script
from graders.classroom.disk_guard import DiskGuard
from graders.classroom.place import PlaceName, end_commands, open_place
from graders.classroom.regraded import Form, Regraded, Score
from graders.classroom.replay import Limits, Replay
from graders.course.walkthrough import typed_blocks
from graders.errors import CannotCheck, KitError, one_line
from graders.providers.capture import TooSlow
from graders.providers.sandbox import engine_folder, kill_lab
from graders.settings import state_base

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from graders.classroom.place import Place
    from graders.classroom.submission import Submission
    from graders.course.lab import Lab
    from graders.grading.result import GradeResult
    from graders.plan.plan import Plan
    from graders.proof.driver import LabDriver

_SHOWN: Final = 300
_TYPED: Final = "typed.md"


class Task(BaseModel):
    """One submission to regrade, and what is known of it already.

    With `last`, no other one runs next to it, so what goes wrong is its own
    doing.
    """

    model_config = ConfigDict(frozen=True)

    file: Path
    result: Path
    known: Regraded
    place: PlaceName
    minutes: float = 10
    last: bool = False


class Regrade:
    """A regrade; `renew` removes the lab, so that it starts from nothing."""

    def __init__(
        self,
        task: Task,
        sent: Submission,
        driver: LabDriver,
        renew: Callable[[], None],
    ) -> None:
        """Keep them; nothing is done yet."""
        self._task = task
        self._sent = sent
        self._driver = driver
        self._renew = renew
        self._limits = Limits(whole=task.minutes * 60)
        self._forms: list[Form] = []
        self._results: list[GradeResult] = []

    def run(self, lab: Lab) -> Regraded:
        """Play the repair, in its second form if the first is not enough."""
        begun = time.monotonic()
        known = self._task.known
        try:
            for play in self._ways():
                self._renew()
                self._driver.start(lab, known.fault)
                self._forms.append(self._on_fresh_lab(self._driver.plan, play))
                if self._enough():
                    break
        except KitError as error:
            outcome = known.noting(
                one_line(str(error), _SHOWN), status="error"
            )
        else:
            outcome = self._judged(known)
        return outcome.model_copy(
            update={
                "forms": tuple(self._forms),
                "seconds": round(time.monotonic() - begun, 1),
            }
        )

    def _ways(self) -> Iterator[Callable[[Place, DiskGuard], Form]]:
        """Yield how the repair can be played; to do nothing is one, too."""
        typed = bool(self._sent.typed.strip())
        differs = not is_empty(self._sent.differences)
        if typed or not differs:
            yield self._type
        if differs:
            yield self._apply

    def _enough(self) -> bool:
        """Tell whether the other form could not show more."""
        score = self._forms[-1].score
        if score is None or self._forms[-1].problem:
            return False
        return score.solved or not self._sent.result.solved

    def _on_fresh_lab(
        self, plan: Plan, play: Callable[[Place, DiskGuard], Form]
    ) -> Form:
        """Play one form and grade the lab."""
        with _guarded(plan.student) as guard:
            with open_place(
                self._task.place, plan, self._driver.shell
            ) as place:
                form = play(place, guard)
            if not guard.reason:
                form = self._graded(form)
        if guard.reason:
            return form.model_copy(
                update={"problem": guard.reason, "score": None}
            )
        return form

    def _type(self, place: Place, guard: DiskGuard) -> Form:
        try:
            blocks = typed_blocks(self._sent.typed, _TYPED)
        except KitError as error:
            return Form(name="typed", problem=error.problems[0])
        replay = Replay(place.shell, self._limits, lambda: guard.reason)
        done = replay.play(blocks)
        return Form(
            name="typed",
            commands=done.commands,
            failed=done.failed,
            problem=done.stopped,
            notes=done.problems,
        )

    def _apply(self, place: Place, guard: DiskGuard) -> Form:
        del guard
        script = to_script(self._sent.differences)
        try:
            done = place.run(script, self._limits.whole)
        except TooSlow:
            late = f"it took longer than {self._limits.whole:.0f} s"
            return Form(name="differences", problem=late)
        lines = done.stderr.strip().splitlines()[-3:]
        commands, failed = counts(done.stdout) or (0, 0)
        return Form(
            name="differences",
            commands=commands,
            failed=failed,
            problem="" if counts(done.stdout) else "the shell ended",
            notes=tuple(one_line(line, _SHOWN) for line in lines),
        )

    def _graded(self, form: Form) -> Form:
        """Grade the lab, again if a check could not be carried out."""
        try:
            result = self._driver.grade(full=True)
            if result.errors:
                result = self._driver.grade(full=True)
        except KitError as error:
            return form.model_copy(
                update={"problem": one_line(str(error), _SHOWN)}
            )
        if result.errors:
            return form.model_copy(update={"problem": result.summary})
        self._results.append(result)
        return form.model_copy(update={"score": Score.of(result)})

    def _judged(self, known: Regraded) -> Regraded:
        """Return what is known with the best of the grades."""
        problems = tuple(
            f"{form.name}: {form.problem}"
            for form in self._forms
            if form.problem
        )
        if not self._results:
            return known.noting(
                *problems, status="stopped", again=not self._task.last
            )
        best = max(self._results, key=lambda it: (it.solved, it.points))
        differ = disagreements(self._sent.result, best)
        return known.noting(
            *differ,
            *problems,
            status="differs" if differ else "confirmed",
            verified=Score.of(best),
            result=best,
        )


@contextmanager
def _guarded(student: str) -> Iterator[DiskGuard]:
    """Watch the disks that a repair may fill."""

    def stop() -> None:
        end_commands(student)
        try:
            kill_lab(student)
        except CannotCheck:
            # An engine whose disk is full; the lab's removal comes next.
            return

    folders = [
        folder for folder in (engine_folder(), state_base()) if folder.is_dir()
    ]
    with DiskGuard(folders, stop) as guard:
        yield guard
