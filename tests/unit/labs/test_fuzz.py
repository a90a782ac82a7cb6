"""Checks of a lab whose machines write damaged, cut or foreign output."""

from __future__ import annotations

import random
from dataclasses import replace
from functools import partial
from importlib import import_module
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graders.checks.check import get_spec
from graders.course.lab import all_labs
from tests.fuzzing import EXAMPLES, FUZZ, damage, read
from tests.lab_model.checks import checks_of
from tests.lab_model.labs import lab_of

if TYPE_CHECKING:
    from graders.providers.machine import Output
    from tests.lab_model.checks import Judge
    from tests.lab_model.model import LabModel

LABS = [str(lab.number) for lab in all_labs()]


def _spoil(model: LabModel, seed: int, share: float) -> None:
    """Damage a share of all commands' output, in the same way each time."""
    usual = model.run

    def run(role: str, argv: tuple[str, ...]) -> Output:
        output = usual(role, argv)
        chance = random.Random(f"{seed} {role} {argv[:2]}")  # noqa: S311 - no secret
        if chance.random() > share:
            return output
        return replace(output, out=damage(output.out, chance))

    model.run = run  # type: ignore[method-assign] # of this one


@pytest.mark.parametrize("number", LABS)
@given(seed=st.integers(0, 1 << 30), share=st.sampled_from([0.1, 0.3, 1]))
@settings(FUZZ, max_examples=EXAMPLES or 3)
def test_damaged_output(
    judge: Judge, number: str, seed: int, share: float
) -> None:
    """Each check has a verdict, or says in words why it cannot look."""
    model = judge.on(number)
    _spoil(model, seed, share)
    session = model.session()

    grader = import_module(f"graders.labs.{lab_of(number).grader_file.stem}")
    passed: set[str] = set()
    for name in checks_of(number):
        spec = get_spec(getattr(grader, f"test_{name}"))
        if not spec or spec.variants or not {*spec.needs} <= passed:
            continue
        if read(partial(judge.run_in, session, name)) is session:
            passed.add(name)
