"""Which lab stands, kept in the lab itself: /lab on machine dhcp."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Final

from graders.errors import CannotCheck
from graders.probes.machine import machine_of

if TYPE_CHECKING:
    from graders.baseline import Baseline
    from graders.plan import Plan

_STATE: Final = "/lab/state.json"
_BASELINE: Final = "/lab/baseline.json"
_SECONDS: Final = 10


@dataclass(frozen=True)
class State:
    """The lab that stands: its id, its fault, this run, and grades so far."""

    lab: str
    variant: str
    run: str
    attempts: int


def current(plan: Plan) -> State | None:
    """Return what stands, None when no lab was started.

    Raises:
        CannotCheck: machine dhcp is gone or does not run.

    """
    text = _read(plan, _STATE)
    try:
        return State(**json.loads(text)) if text else None
    except (ValueError, TypeError):
        return None


def count_attempt(plan: Plan, state: State) -> int:
    """Write down that the lab is graded once more; return how often."""
    attempts = state.attempts + 1
    changed = asdict(state) | {"attempts": attempts}
    _write(plan, _STATE, json.dumps(changed))
    return attempts


def read_baseline(plan: Plan) -> Baseline | None:
    """Return the recorded start state, None when there is none."""
    text = _read(plan, _BASELINE)
    try:
        found = json.loads(text)
    except ValueError:
        return None
    return found if isinstance(found, dict) else None


def write_baseline(plan: Plan, baseline: Baseline) -> None:
    """Record the start state."""
    _write(plan, _BASELINE, json.dumps(baseline, indent=0, sort_keys=True))


def _read(plan: Plan, file: str) -> str:
    """Return a file's text, "" when it is not there."""
    return machine_of(plan, "dhcp").run("cat", file).out


def _write(plan: Plan, file: str, text: str) -> None:
    """Write a file whole or not at all."""
    script = f"cat > {file}.new && mv {file}.new {file}"
    machine = machine_of(plan, "dhcp")
    try:
        done = machine.run("sh", "-c", script, seconds=_SECONDS, stdin=text)
    except CannotCheck as error:
        raise _unwritten(file, error.problems[0]) from error
    if done.code:
        raise _unwritten(file, done.text)


def _unwritten(file: str, cause: str) -> CannotCheck:
    return CannotCheck(
        f"could not write {file} on machine dhcp: {cause}",
        way_out="`lab up` brings the lab's machines back",
    )
