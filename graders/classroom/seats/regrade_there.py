"""Regrade on a machine of a class what was sent there.

`lab class regrade --machines` runs this module on machines: `play FOLDER`
regrades the tasks of standard input, and `leave FOLDER KEY...` removes what
there is of submissions. A command that was cut off goes on, and the next one
waits for it.
"""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

from pydantic import BaseModel, ConfigDict

from graders.classroom import worker
from graders.classroom.capacity import default_jobs
from graders.classroom.prepare import Prepared, prepare
from graders.classroom.regrade_one import Task
from graders.classroom.regraded import load_final, result_file
from graders.classroom.regrading import OWN, Regrading, Settings
from graders.classroom.submission_files import SUFFIX
from graders.doctor.doctor import examine, raise_for_findings
from graders.environment import remove_misleading
from graders.errors import KitError
from graders.lifecycle.lock import folder_lock

if TYPE_CHECKING:
    from collections.abc import Iterable

# Submissions and results, in a folder whose lock outlives them.
FILES: Final = "files"


class Work(BaseModel):
    """Tasks for a machine.

    `jobs` are labs at a time; with 0 up to `room`, as far as there is memory.
    """

    model_config = ConfigDict(frozen=True)

    tasks: tuple[Task, ...]
    jobs: int
    room: int


def play(folder: Path, work: Work) -> None:
    """Have a result of each task; none that has one is played again.

    Raises:
        KitError: this machine cannot have a lab.

    """
    items = [_prepared(task) for task in work.tasks]
    waiting = [it for it in items if not _has_result(folder, it)]
    if plans := [it.plan for it in waiting if it.plan]:
        raise_for_findings(examine(plans[0]))
    first = work.tasks[0]
    jobs = work.jobs or min(work.room, default_jobs())
    settings = Settings(folder, first.place, jobs, first.minutes)
    Regrading(settings, items, lambda _: None).run()


def leave(folder: Path, keys: Iterable[str]) -> None:
    """Remove submissions and results, and with the last one all else.

    Raises:
        KitError: a lab that was left here cannot be removed.

    """
    own = folder / OWN
    for key in keys:
        file = folder / f"{key}{SUFFIX}"
        shutil.rmtree(own / "config" / file.name, ignore_errors=True)
        result_file(folder, file).unlink(missing_ok=True)
        file.unlink(missing_ok=True)
    if any(folder.glob(f"*{SUFFIX}")):
        return
    state = own / "state"
    # Of a regrade that was killed.
    labs = [mark.parent.name for mark in state.glob(f"*/{worker.MARK}")]
    os.environ["METALLB_LAB_STATE"] = str(state)
    worker.clean(labs)
    shutil.rmtree(folder, ignore_errors=True)


def _prepared(task: Task) -> Prepared:
    """Return a submission with the plan by its ticket.

    The teacher's computer has verified it, and knows more of it.
    """
    found = prepare(task.file, any_fault=True)
    if found.plan is None:
        unread = {"status": "error", "reasons": found.known.reasons}
        return Prepared(task.file, task.known.model_copy(update=unread))
    return Prepared(task.file, task.known, found.plan, found.ticket)


def _has_result(folder: Path, item: Prepared) -> bool:
    file = result_file(folder, item.file)
    return load_final(file, item.known.sha256) is not None


def main(argv: list[str]) -> None:
    """Do what the command line asks for."""
    verb, place, *keys = argv
    base = Path(place)
    remove_misleading(os.environ)
    try:
        with folder_lock(base, worker.VERB, worker.tell):
            if verb == "play":
                work = Work.model_validate_json(sys.stdin.read())
                play(base / FILES, work)
            else:
                leave(base / FILES, keys)
    except KitError as error:
        worker.tell(str(error))
        sys.exit(error.exit_code)


if __name__ == "__main__":
    main(sys.argv[1:])
