"""Put together the file that `lab submit` writes."""

from __future__ import annotations

import json
from dataclasses import dataclass
from hashlib import sha256
from importlib import metadata
from typing import TYPE_CHECKING, Any

from graders.classroom import zipped
from graders.classroom.keys import own_key
from graders.classroom.statement import sign, summary_of
from graders.classroom.submission import SubmittedPlan, write
from graders.lifecycle.image_tag import recipe
from graders.plan.ticket import installed_text, installed_ticket
from graders.settings import ROOT
from graders.state import journal, lab_state

if TYPE_CHECKING:
    from pathlib import Path

    from graders.classroom.repair import Repair
    from graders.course.lab import Lab
    from graders.grading.result import GradeResult
    from graders.plan.plan import Plan
    from graders.state.lab_state import State


@dataclass(frozen=True)
class Run:
    """The run of a lab that is handed in, with its last grade."""

    plan: Plan
    lab: Lab
    state: State
    result: GradeResult


def hand_in(path: Path, run: Run, repair: Repair) -> None:
    """Write the file, signed with the student's own key.

    Raises:
        KitError: a part of it cannot be read, or it is too large.
        OSError: it cannot be written.

    """
    plan = _plan(run)
    texts = {
        zipped.RESULT: run.result.to_json(),
        zipped.JOURNAL: journal.read(run.plan),
        zipped.TYPED: repair.typed,
        zipped.DIFFERENCES: repair.differences.to_json(),
        zipped.PLAN: plan.to_json(),
    }
    # A terminal may have been given half characters.
    members = {
        name: text.encode("utf-8", "replace") for name, text in texts.items()
    }
    statement = sign(members, _predicate(run, plan), own_key())
    write(path, members, statement)


def _plan(run: Run) -> SubmittedPlan:
    return SubmittedPlan(
        student=run.plan.student,
        slot=run.plan.slot,
        numbers=run.plan.as_vars(),
        kit=metadata.version("metallb-lab-kit"),
        recipe=recipe(),
        lab=run.lab.id,
        variant=lab_state.pack(run.state.variant),
        run=run.state.run,
        ticket=_ticket(run.plan),
    )


def _ticket(plan: Plan) -> dict[str, Any] | None:
    """Return the ticket that the lab was made with, None without one."""
    ticket = installed_ticket(plan.student)
    if not ticket or ticket.nonce != plan.nonce:
        return None
    envelope: dict[str, Any] = json.loads(installed_text(plan.student) or "")
    return envelope


def _predicate(run: Run, plan: SubmittedPlan) -> dict[str, Any]:
    """Return the fields of a test result, and of the lab."""
    files = (run.lab.folder / "lab.yml", run.lab.grader_file)
    return {
        **summary_of(run.result, plan),
        "configuration": [
            {
                "name": file.relative_to(ROOT).as_posix(),
                "digest": {"sha256": sha256(file.read_bytes()).hexdigest()},
            }
            for file in files
        ],
        "nonce": run.plan.nonce,
    }
