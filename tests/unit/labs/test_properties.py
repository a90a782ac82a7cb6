"""What is true of every check, whatever is done to its lab."""

from __future__ import annotations

import os
from importlib import import_module
from typing import TYPE_CHECKING, Final

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from graders.checks.check import CheckFailed, get_spec
from graders.course.lab import all_labs
from graders.errors import CannotCheck
from tests.lab_model.changes import changes_of
from tests.lab_model.checks import checks_of
from tests.lab_model.labs import lab_of
from tests.lab_model.sentences import holds_in

if TYPE_CHECKING:
    from graders.checks.session import Session
    from tests.lab_model.checks import Judge
    from tests.lab_model.model import LabModel

LABS: Final = [str(lab.number) for lab in all_labs()]
# `EXAMPLES=1000` looks at other states each time.
EXAMPLES: Final = int(os.environ.get("EXAMPLES", "0"))


def _states(number: str) -> st.SearchStrategy[list[str]]:
    names = sorted(changes_of(number))
    return st.lists(st.sampled_from(names), max_size=3)


@pytest.mark.parametrize("number", LABS)
@given(data=st.data())
@settings(
    max_examples=EXAMPLES or 12,
    derandomize=not EXAMPLES,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_verdicts(judge: Judge, number: str, data: st.DataObject) -> None:
    """A check passes, fails with what a student needs, or cannot check."""
    names = data.draw(_states(number))
    model = judge.on(number)
    try:
        for name in names:
            changes_of(number)[name](model)
    except StopIteration:
        # An earlier change has removed what this one changes.
        return
    model.settle()
    _expect_sound(judge, model, number)


def _expect_sound(judge: Judge, model: LabModel, number: str) -> None:
    """Run the checks as grading does: those whose needs have passed."""
    passed: set[str] = set()
    session = model.session()
    grader = import_module(f"graders.labs.{lab_of(number).grader_file.stem}")
    for name in checks_of(number):
        spec = get_spec(getattr(grader, f"test_{name}"))
        if not spec or spec.variants or not {*spec.needs} <= passed:
            continue
        is_true = holds_in(model, number, name)
        failure = _failure(judge, session, name)
        if failure is None:
            assert is_true, f"{name} passes, and its sentence is untrue"
            passed.add(name)
        elif isinstance(failure, CheckFailed):
            assert failure.seen_by, failure.reason
            assert bool(failure.expected) == bool(failure.actual)


def _failure(judge: Judge, session: Session, name: str) -> Exception | None:
    """Run a check; return how it failed. Other exceptions are passed on."""
    try:
        judge.run_in(session, name)
    except (CheckFailed, CannotCheck) as error:
        return error
    return None
