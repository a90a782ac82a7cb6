"""Which lab is running, as recorded in /lab on machine dhcp."""

from __future__ import annotations

import json
import shlex
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Final

from graders.errors import CannotCheck
from graders.providers.registry import machine_of

if TYPE_CHECKING:
    from graders.plan.plan import Plan
    from graders.state.baseline import Baseline

_STATE: Final = "/lab/state.json"
_BASELINE: Final = "/lab/baseline.json"
# The command that is changing the lab, or was interrupted while it did.
_CHANGING: Final = "/lab/changing"
_TIMEOUT_S: Final = 10


@dataclass(frozen=True)
class State:
    """The running lab: its id, its fault, the run, and grades so far.

    `changing` is the command that was interrupted while it changed the lab,
    or "".
    """

    lab: str
    variant: str
    run: str
    attempts: int
    changing: str = ""


def read(plan: Plan) -> State | None:
    """Return the running lab's state, None if no lab was started.

    Raises:
        CannotCheck: machine dhcp is missing or not running.

    """
    script = f"cat {_STATE} && echo && cat {_CHANGING} 2> /dev/null"
    text, _, changing = _read(plan, "sh", "-c", script).partition("\n")
    try:
        found = State(**json.loads(text)) if text else None
    except (ValueError, TypeError):
        return None
    return found and replace(found, changing=changing.strip())


def count_attempt(plan: Plan, state: State) -> int:
    """Count one more grade of the lab; return the number."""
    attempts = state.attempts + 1
    changed = asdict(state) | {"attempts": attempts}
    del changed["changing"]
    _write(plan, _STATE, json.dumps(changed))
    return attempts


def mark_changing(plan: Plan, verb: str) -> None:
    """Mark the lab as changed by `verb`, until a mark or record ends that."""
    _do(plan, _CHANGING, f"echo {shlex.quote(verb)} > {_CHANGING}")


def mark_complete(plan: Plan) -> None:
    """Mark the lab as complete."""
    machine_of(plan, "dhcp").run("rm", "-f", _CHANGING)


def read_baseline(plan: Plan) -> Baseline | None:
    """Return the recorded start state, None if there is none.

    One that an earlier version of the kit recorded in another form is none.
    """
    try:
        baseline = json.loads(_read(plan, "cat", _BASELINE))
    except ValueError:
        return None
    if not isinstance(baseline, dict):
        return None
    by_machine = all(isinstance(part, dict) for part in baseline.values())
    return baseline if by_machine else None


def write_baseline(plan: Plan, baseline: Baseline) -> None:
    """Record the start state, and mark the lab as complete."""
    text = json.dumps(baseline, indent=0, sort_keys=True)
    _write(plan, _BASELINE, text, f"rm -f {_CHANGING}")


def _read(plan: Plan, *argv: str) -> str:
    """Return a command's output on machine dhcp, "" if there is no file."""
    return machine_of(plan, "dhcp").run(*argv).out


def _write(plan: Plan, file: str, text: str, then: str = "true") -> None:
    """Write a file atomically, then run the command `then`."""
    _do(
        plan,
        file,
        f"cat > {file}.new && mv {file}.new {file} && {then}",
        stdin=text,
    )


def _do(plan: Plan, file: str, script: str, *, stdin: str = "") -> None:
    """Run a script on machine dhcp that writes a file."""
    machine = machine_of(plan, "dhcp")
    try:
        done = machine.run("sh", "-c", script, seconds=_TIMEOUT_S, stdin=stdin)
    except CannotCheck as error:
        raise _write_error(file, error.problems[0]) from error
    if done.code:
        raise _write_error(file, done.text)


def _write_error(file: str, cause: str) -> CannotCheck:
    return CannotCheck(
        f"could not write {file} on machine dhcp: {cause}",
        remedy="`lab up` brings the lab's machines back",
    )
