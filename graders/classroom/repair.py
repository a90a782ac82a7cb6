"""The repair of the running lab: what was typed, and what differs now."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Final

from graders.classroom.machine_changes import machine_changes
from graders.classroom.object_changes import object_changes
from graders.classroom.submission import (
    Differences,
    MachineChanges,
    ObjectChanges,
)
from graders.classroom.typed import walkthrough
from graders.classroom.zipped import LIMIT
from graders.errors import CannotCheck
from graders.files import read_text
from graders.kube.client import cluster_client
from graders.lifecycle import record
from graders.settings import LABS, state_dir
from graders.state import journal, lab_state

if TYPE_CHECKING:
    from graders.plan.plan import Plan

_CONTROL_PLANE: Final = "control-plane"
_TYPED_ONLY: Final = "only what was typed is handed in"


@dataclass(frozen=True)
class Repair:
    """A repair in two forms, and lines about what is missing in them."""

    typed: str
    differences: Differences
    problems: tuple[str, ...] = ()


def collect(plan: Plan, lab: str, written: str | None = None) -> Repair:
    """Return the repair of the running lab.

    `written` takes the place of what was recorded.
    """
    problems: list[str] = []
    typed = _recorded(plan, lab, problems) if written is None else written
    differences = _differences(plan, lab, problems)
    size = len(differences.to_json().encode())
    if size > LIMIT:
        problems.append(
            f"what differs has {size // 1000} KB, so {_TYPED_ONLY}"
        )
        differences = Differences()
    return Repair(typed, differences, tuple(problems))


def recorded(plan: Plan, lab: str) -> tuple[str, list[str]]:
    """Return what was typed since start or reset, and what is missing."""
    problems: list[str] = []
    return _recorded(plan, lab, problems), problems


def _recorded(plan: Plan, lab: str, problems: list[str]) -> str:
    typed, missing = record.read(plan, _began(plan, problems))
    problems += [f"what was typed there is missing: {it}" for it in missing]
    return walkthrough(lab, typed)


def _began(plan: Plan, problems: list[str]) -> float:
    """Return when the lab was started or reset last, 0 if not known."""
    try:
        entries = journal.parse(journal.read(plan))
    except (CannotCheck, ValueError) as error:
        problems.append(f"the journal cannot be read: {error}")
        return 0
    for entry in reversed(entries):
        if entry.event in {journal.START, journal.RESET}:
            return datetime.fromisoformat(entry.time).timestamp()
    problems.append(
        "the journal does not say when the lab was started, so older commands"
        " may be among those that were typed"
    )
    return 0


def _differences(plan: Plan, lab: str, problems: list[str]) -> Differences:
    """Return what differs from the recorded start state."""
    baseline = lab_state.read_baseline(plan)
    if baseline is None:
        problems.append(f"no start state was recorded, so {_TYPED_ONLY}")
        return Differences(answers=_answers(plan, lab, problems))
    objects = ObjectChanges()
    nodes: list[str] = []
    try:
        with closing(cluster_client(plan)) as cluster:
            start = lab_state.read_objects(plan)
            objects, nodes = object_changes(cluster, baseline, start)
    except CannotCheck as error:
        problems.append(f"what differs in the cluster is missing: {error}")
    machines = machine_changes(plan, baseline, problems)
    if nodes:
        machines[_CONTROL_PLANE] = [*machines.get(_CONTROL_PLANE, []), *nodes]
    return Differences(
        objects=objects,
        machines={
            role: MachineChanges(typed=commands)
            for role, commands in machines.items()
        },
        answers=_answers(plan, lab, problems),
    )


def _answers(plan: Plan, lab: str, problems: list[str]) -> str | None:
    """Return the text of the student's answers, None if there are none.

    Those to a lab before stay in the student's folder.
    """
    if not (LABS / lab / "answers.yml.j2").is_file():
        return None
    file = state_dir(plan.student) / "answers.yml"
    try:
        return read_text(file)
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        problems.append(f"{file} is not handed in: {error}")
        return None
