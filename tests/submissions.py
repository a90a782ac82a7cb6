"""Submissions as `lab submit` writes them, and as strangers may."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

from graders.classroom import keys, statement, submission, zipped
from graders.grading.result import CheckResult, GradeResult, Heading, summarise
from graders.plan.plan import make_plan
from graders.state import journal, lab_state
from graders.state.lab_state import State

if TYPE_CHECKING:
    from pathlib import Path

STATE: Final = State("lab-1-pending-service", "no-pool", "ab12cd34", 1)
_NAMES: Final = {
    "result": zipped.RESULT,
    "journal": zipped.JOURNAL,
    "typed": zipped.TYPED,
    "differences": zipped.DIFFERENCES,
    "plan": zipped.PLAN,
}
TYPED: Final = """\
# Typed in lab-1-pending-service

```shell may-fail
k get ipaddresspools -n metallb-system
```
"""


def vip_result(
    *, solved: bool = True, student: str = "ada", attempt: int = 1
) -> GradeResult:
    """Return the result of a grade with one check, of ten points."""
    check = CheckResult(
        name="vip",
        layer="allocation",
        sentence="Web has an external IP instead of <pending>.",
        outcome="pass" if solved else "fail",
        points=10 if solved else 0,
        max_points=10,
        seconds=0.1,
    )
    heading = Heading(
        lab=STATE.lab, title="Pending", student=student, attempt=attempt
    )
    return summarise(heading, [check], 1.0)


def members(student: str = "ada") -> dict[str, bytes]:
    """Return the files of a submission that claims full points."""
    lines = journal.with_line("", STATE, journal.START, {"kit": "0.2.0"})
    plan = submission.SubmittedPlan(
        student=student,
        slot=0,
        numbers=make_plan(student).as_vars(),
        kit="0.2.0",
        recipe="12345678",
        lab=STATE.lab,
        variant=lab_state.pack(STATE.variant),
        run=STATE.run,
    )
    texts = {
        zipped.RESULT: vip_result(student=student).to_json(),
        zipped.JOURNAL: journal.with_line(lines, STATE, journal.GRADE, {}),
        zipped.TYPED: TYPED,
        zipped.DIFFERENCES: submission.Differences().to_json(),
        zipped.PLAN: plan.to_json(),
    }
    return {name: text.encode() for name, text in texts.items()}


def signed(files: dict[str, bytes], key: Path, **predicate: object) -> str:
    """Return the statement about files, signed with the key in a file."""
    return statement.sign(
        files, {"result": "PASSED", **predicate}, keys.key_in(key)
    )


def handed_in(path: Path, **changes: bytes) -> Path:
    """Write a submission whose signature is right; return its path.

    `changes` replace the files `result`, `journal`, `typed`, `differences`
    and `plan`.
    """
    files = members()
    files |= {_NAMES[part]: content for part, content in changes.items()}
    submission.write(path, files, signed(files, path.parent / "own.key"))
    return path


def changed(content: bytes, **fields: object) -> bytes:
    """Return a JSON document with other fields."""
    return json.dumps(json.loads(content) | fields).encode()
