"""The process that regrades one submission.

`lab class regrade` starts one for each, with its task on standard input. So
whatever a repair does to it, the others have processes and clusters of their
own.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys
import time
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Final

from graders.classroom import submission
from graders.classroom.regrade_one import Regrade, Task
from graders.classroom.regraded import save
from graders.course.lab import load_lab
from graders.environment import remove_misleading
from graders.errors import CannotCheck, KitError, one_line
from graders.lifecycle import lifecycle
from graders.lifecycle.lock import lock
from graders.lifecycle.playbook import run_playbook
from graders.proof.driver import LabDriver
from graders.providers.registry import provider
from graders.settings import state_dir

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from graders.plan.plan import Plan

VERB: Final = "lab class regrade"
# A file in the folder of a lab that a regrade has created, and may remove.
MARK: Final = "regraded"
_PR_SET_PDEATHSIG: Final = 1
# A worker whose parent was killed takes some time to remove its lab.
_LOCK_S: Final = 120.0
_PAUSE_S: Final = 2.0
_SHOWN: Final = 300


def main() -> None:
    """Regrade the submission of the task on standard input."""
    remove_misleading(os.environ)
    _end_with_parent()
    task = Task.model_validate_json(sys.stdin.read())
    student = task.known.student
    try:
        with _locked(student):
            _regrade(task, student)
    except KitError as error:
        # A lab that cannot be removed takes no result away.
        if not task.result.exists():
            why = one_line(str(error), _SHOWN)
            save(task.result, task.known.noting(why, status="error"))


def clean(students: Iterable[str]) -> None:
    """Remove the labs of students that regrades have left.

    Raises:
        KitError: one cannot be removed.

    """
    remove_misleading(os.environ)
    for student in students:
        with _locked(student):
            remove_lab(student)


def remove_lab(student: str) -> None:
    """Remove a lab that a regrade has created.

    Raises:
        KitError: it cannot be removed.

    """
    mark = state_dir(student) / MARK
    if not mark.exists():
        return
    plan, _ = provider().removal(student)
    run_playbook("down", lifecycle.extra_vars(plan), student=student)
    mark.unlink()


def _regrade(task: Task, student: str) -> None:
    """Write the result; the lab is removed before and after."""
    remove_lab(student)
    plan = _own_plan(student)
    driver = LabDriver(plan, tell)

    def renew() -> None:
        remove_lab(student)
        (state_dir(student) / MARK).touch()

    try:
        sent = submission.read(task.file)
        regrade = Regrade(task, sent, driver, renew)
        save(task.result, regrade.run(load_lab(task.known.lab)))
    finally:
        remove_lab(student)


def _own_plan(student: str) -> Plan:
    """Return the plan for the lab."""
    location = provider().locate(student)
    if location.exists:
        raise CannotCheck(
            f"a lab of student {student} is on this computer, and not one of"
            " a regrade",
            remedy=f"`lab down --student {student}` removes it",
        )
    return location.plan


@contextmanager
def _locked(student: str) -> Iterator[None]:
    """Hold the student's lab, once an earlier worker has let go of it."""
    deadline = time.monotonic() + _LOCK_S
    with ExitStack() as held:
        while True:
            try:
                held.enter_context(lock(student, VERB))
                break
            except CannotCheck:
                if time.monotonic() > deadline:
                    raise
            time.sleep(_PAUSE_S)
        yield


def _end_with_parent() -> None:
    """Get SIGTERM when the command that has started this one is killed."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


def tell(text: str) -> None:
    """Print a line to stderr."""
    sys.stderr.write(f"{text}\n")


if __name__ == "__main__":
    clean(sys.argv[2:]) if sys.argv[1:2] == ["clean"] else main()
