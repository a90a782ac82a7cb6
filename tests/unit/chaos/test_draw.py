"""Chance decides about rounds, and the same seed decides the same."""

from __future__ import annotations

from itertools import islice
from typing import Final

import pytest

from graders.course.lab import load_lab
from graders.settings import ANSIBLE
from tests.chaos import mishap
from tests.chaos.draw import (
    PAUSED,
    SOLVED_EVERY,
    STEP,
    STEPS,
    TIME,
    Draw,
    draw,
    draws,
    variants,
)
from tests.chaos.mishap import MISHAPS

ALL: Final = list(MISHAPS.values())


def _rounds(seed: int, count: int) -> list[Draw]:
    return list(islice(draws(seed, ALL), count))


def test_the_same_seed_draws_the_same_rounds() -> None:
    """Another one draws others."""
    assert _rounds(7, 200) == _rounds(7, 200)
    assert list(map(str, _rounds(7, 50))) != list(map(str, _rounds(8, 50)))


def test_every_kind_comes_before_one_comes_again() -> None:
    """So a hundred rounds leave none out."""
    kinds = [one.mishap.kind for one in _rounds(3, len(ALL))]

    assert sorted(kinds) == sorted(MISHAPS)


def test_a_round_by_itself_is_the_same() -> None:
    """It depends on seed, number and kind, and not on other kinds."""
    for one in _rounds(5, 120):
        assert draw(5, one.number, one.mishap) == one
        choices = [one.random.random() for _ in range(2)]
        assert choices[0] == choices[1]


def test_draws_are_sound() -> None:
    """Lab, variant, command and moment fit the kind."""
    for one in _rounds(1, 400):
        assert one.lab in one.mishap.labs
        assert one.variant in variants(one.lab)
        assert one.command in one.mishap.commands
        if one.moment is None:
            assert mishap.BEFORE in one.mishap.when
        else:
            assert mishap.DURING in one.mishap.when
        if one.moment and one.moment.kind == TIME:
            assert 0 < one.moment.part < 1
        assert one.solved_before <= (one.command in _KEEPING)
        assert one.mishap.kind in str(one)


_KEEPING: Final = (*mishap.KEEPING, mishap.FULL)


def test_all_moments_and_labs_come() -> None:
    """Steps, times and paused nodes, in each lab, solved and broken."""
    rounds = _rounds(1, 400)

    kinds = {one.moment.kind for one in rounds if one.moment}
    assert kinds == {TIME, STEP, PAUSED}
    assert {one.lab for one in rounds} == set(mishap.LABS)
    assert any(one.solved_before for one in rounds)
    fourth = [one for one in rounds if one.number % SOLVED_EVERY == 0]
    assert all(one.solved for one in fourth)


@pytest.mark.parametrize("command", sorted(STEPS))
def test_steps_are_those_of_playbooks(command: str) -> None:
    """One that was renamed would never come."""
    tasks = "".join(
        file.read_text(encoding="utf-8") for file in ANSIBLE.rglob("*.yml")
    )
    for step in STEPS[command]:
        assert f"- name: {step}" in tasks


def test_faults_that_only_a_full_grade_finds_are_left_out() -> None:
    """Each lab has others."""
    for number in mishap.LABS:
        assert variants(number)
    assert set(variants("1")) == set(load_lab("1").variants)
