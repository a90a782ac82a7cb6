"""The tables of wrong states: every check is in one of them."""

from __future__ import annotations

from importlib import import_module

import pytest

from graders.course.lab import all_labs, load_lab
from graders.course.solutions import all_repairs
from tests.lab_model.checks import Wrong, checks_of

LABS = [str(lab.number) for lab in all_labs()]


def _wrong_states(number: str) -> list[Wrong]:
    module = import_module(f"tests.unit.labs.test_lab_{number}")
    found: list[Wrong] = module.WRONG
    return found


@pytest.mark.parametrize("number", LABS)
def test_every_check_refuses_something(number: str) -> None:
    """A check that refuses nothing would pass every lab."""
    refusing = {wrong.check for wrong in _wrong_states(number)}

    assert refusing == {*checks_of(number)}


@pytest.mark.parametrize("number", LABS)
def test_wrong_repairs_are_refused_as_their_pages_say(number: str) -> None:
    """A state that is called as a wrong repair is refused by its check."""
    lab = load_lab(number)
    pages = {
        wrong.path.stem: wrong.refused_by
        for repairs in all_repairs(lab).values()
        for wrong in repairs.wrong
    }
    refused = {
        wrong.name: {
            one.check
            for one in _wrong_states(number)
            if one.name == wrong.name
        }
        for wrong in _wrong_states(number)
    }

    assert {
        name: checks
        for name, checks in pages.items()
        if name in refused and not refused[name] & {*checks}
    } == {}
