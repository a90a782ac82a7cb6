"""Which lab is running, as the kit records it out of students' sight.

The files are packed, because a student may come across them all the same, and
they name the fault.
"""

from __future__ import annotations

import base64
import json
import zlib
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any, Final

from graders.errors import CannotCheck
from graders.providers.registry import machine_of, provider
from graders.settings import state_dir

if TYPE_CHECKING:
    from graders.plan.plan import Plan
    from graders.state.baseline import Baseline, Objects

_STATE: Final = "state"
_BASELINE: Final = "start"
_OBJECTS: Final = "objects"
# What a grade has changed and not undone; see graders.checks.undo.
GRADE_JOURNAL: Final = "grading"
# The command that is changing the lab, or was interrupted while it did.
_CHANGING: Final = "changing"
# How such a command is called if its name was lost.
_ANY_COMMAND: Final = "lab start or lab reset"
# Version 0.1.0 had these files on machine dhcp.
_FORMER: Final = ("/lab/state.json", "/lab/baseline.json", "/lab/changing")
_FORMER_TIMEOUT_S: Final = 5
# Bytes of a file that is unpacked: a start state has 1 MB.
_LIMIT: Final = 128_000_000
# Of the fields of a state; all others are text.
_TYPES: Final = {"attempts": int, "hints": int, "gave_up": bool}


class UnknownState(CannotCheck):
    """A lab is running, but this version of the kit cannot tell which."""


@dataclass(frozen=True)
class State:
    """The running lab: its id, its fault, the run, and grades so far.

    `changing` is the command that was interrupted while it changed the lab,
    or "". `cluster` is the uid of the cluster that it was started on. `hints`
    are those shown in this run, and `gave_up` says that the solution was.
    """

    lab: str
    variant: str
    run: str
    attempts: int
    changing: str = ""
    cluster: str = ""
    hints: int = 0
    gave_up: bool = False


def read(plan: Plan) -> State | None:
    """Return the running lab's state, None if no lab was started.

    Raises:
        UnknownState: there is one, but it cannot be understood.
        CannotCheck: the state is out of reach.

    """
    files = provider().state_files(plan)
    text = files.read(_STATE)
    found = _adopt_former(plan) if text is None else _state(unpack(text))
    if found is None:
        if text is None:
            return None
        raise UnknownState(
            "what the kit recorded of the running lab is damaged, or another"
            " version of the kit wrote it",
            remedy="`lab start 1` starts lab 1 in its place",
        )
    changing = files.read(_CHANGING)
    if changing is not None:
        # A power cut may have left an empty file.
        found = replace(found, changing=changing.strip() or _ANY_COMMAND)
    return found


def count_attempt(plan: Plan, state: State) -> State:
    """Count one more grade of the lab; return the new state."""
    return _write_state(plan, replace(state, attempts=state.attempts + 1))


def count_hint(plan: Plan, state: State) -> State:
    """Count one more hint of the lab; return the new state."""
    return _write_state(plan, replace(state, hints=state.hints + 1))


def mark_given_up(plan: Plan, state: State) -> State:
    """Mark the lab as given up; return the new state."""
    return _write_state(plan, replace(state, gave_up=True))


def mark_changing(plan: Plan, verb: str) -> None:
    """Mark the lab as changed by `verb`, until a mark or record ends that."""
    provider().state_files(plan).write(_CHANGING, verb)


def mark_complete(plan: Plan) -> None:
    """Mark the lab as complete: it has nothing that a grade could undo."""
    provider().state_files(plan).remove(_CHANGING)
    (state_dir(plan.student) / GRADE_JOURNAL).unlink(missing_ok=True)


def read_baseline(plan: Plan) -> Baseline | None:
    """Return the recorded start state, None if there is none.

    One that an earlier version of the kit recorded in another form is none.
    """
    baseline = unpack(provider().state_files(plan).read(_BASELINE))
    if not isinstance(baseline, dict):
        return None
    texts = [
        text
        for part in baseline.values()
        for text in (part.values() if isinstance(part, dict) else [None])
    ]
    return baseline if all(isinstance(text, str) for text in texts) else None


def read_objects(plan: Plan) -> Objects:
    """Return the objects of the start state, as far as they are recorded."""
    objects = unpack(provider().state_files(plan).read(_OBJECTS))
    if not isinstance(objects, dict):
        return {}
    return {key: one for key, one in objects.items() if isinstance(one, dict)}


def record(
    plan: Plan, state: State, baseline: Baseline, objects: Objects
) -> None:
    """Record a started lab and its start state, as complete."""
    _write_state(plan, state)
    provider().state_files(plan).write(_OBJECTS, pack(objects))
    provider().state_files(plan).write(_BASELINE, pack(baseline))
    mark_complete(plan)


def _write_state(plan: Plan, state: State) -> State:
    fields = asdict(state)
    del fields["changing"]
    provider().state_files(plan).write(_STATE, pack(fields))
    return state


def _state(fields: Any) -> State | None:  # noqa: ANN401 - any JSON
    """Return the state, None for what another version wrote otherwise."""
    try:
        state = State(**fields)
    except TypeError:
        return None
    values = asdict(state).items()
    as_written = all(
        isinstance(it, _TYPES.get(name, str)) for name, it in values
    )
    return state if as_written else None


def _adopt_former(plan: Plan) -> State | None:
    """Take over the state that an earlier version left on machine dhcp.

    Its start state has less than is compared now, so there is none: the next
    reset starts the lab again.
    """
    dhcp = machine_of(plan, "dhcp")
    with suppress(CannotCheck, ValueError, RecursionError):
        done = dhcp.run("cat", _FORMER[0], seconds=_FORMER_TIMEOUT_S)
        found = _state(json.loads(done.out))
        if found:
            _write_state(plan, found)
            dhcp.run("rm", "-f", *_FORMER)
        return found
    return None


def pack(value: Any) -> str:  # noqa: ANN401 - any JSON
    """Return any JSON as a text that tells nothing at a glance."""
    text = json.dumps(value, sort_keys=True)
    return base64.b64encode(zlib.compress(text.encode(), 1)).decode()


def unpack(text: str | None, limit: int = _LIMIT) -> Any:  # noqa: ANN401 - any JSON
    """Return what was packed; None for nothing, or for a damaged file.

    More than `limit` bytes are not unpacked, and count as damaged.
    """
    unpacker = zlib.decompressobj()
    try:
        found = unpacker.decompress(base64.b64decode(text or ""), limit)
        return json.loads(found) if unpacker.eof else None
    except (ValueError, RecursionError, zlib.error):
        return None
