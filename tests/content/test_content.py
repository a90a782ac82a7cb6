"""Labs fit together, for every student; lab 0's questions have their key."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
import yaml

from graders import settings
from graders.checks.answers import KEY, read_answers, wrong_answers
from graders.course.lab import all_labs
from graders.course.templates import render
from graders.plan.plan import make_plan
from graders.proof.lab_check import course_problems, lab_problems

if TYPE_CHECKING:
    from pathlib import Path

    from graders.course.lab import Lab

LABS = all_labs()


@pytest.mark.parametrize("lab", LABS, ids=lambda lab: lab.id)
def test_lab(lab: Lab) -> None:
    """It has no mistake that `lab check` knows."""
    assert lab_problems(lab) == []


def test_course() -> None:
    """No solution or grader file is without its lab; lists are up to date."""
    assert list(course_problems(LABS)) == []


def test_the_questions_and_the_key_have_the_same_names() -> None:
    """No question of lab 0 is without a key, and none is answered."""
    text = (LABS[0].folder / "answers.yml.j2").read_text(encoding="utf-8")
    questions = yaml.safe_load(render(text, make_plan().as_vars()))
    key = yaml.safe_load(KEY.read_text(encoding="utf-8"))

    assert list(questions) == list(key)
    for question in questions.values():
        assert list(question) == ["question", *"abcd", "answer"]
        assert question["answer"] is None


def test_the_solution_answers_the_questions(tmp_path: Path) -> None:
    """What the solution types is what the key wants, and b alone is not."""
    path = settings.SOLUTIONS / LABS[0].id / "start.md"
    found = re.findall(
        r"^([a-z_]+): ([abcd])$",
        path.read_text(encoding="utf-8"),
        re.MULTILINE,
    )
    file = tmp_path / "answers.yml"
    file.write_text("\n".join(f"{name}: {letter}" for name, letter in found))

    assert wrong_answers(read_answers(file)) == []
    assert wrong_answers({name: "b" for name, _ in found}) != []


def test_no_check_reads_solutions() -> None:
    """A right repair passes, whether or not it is one of ours."""
    packages = ("checks", "grading", "labs", "probes")
    reading = [
        file.name
        for package in packages
        for file in (settings.ROOT / "graders" / package).rglob("*.py")
        if "solutions" in file.read_text("utf-8").lower()
    ]

    assert reading == []


def test_labs_are_data() -> None:
    """A lab's folder has no Python in it."""
    assert list(settings.LABS.rglob("*.py")) == []
