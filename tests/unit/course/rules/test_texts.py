"""Mistakes in what people read of a lab are found, with file and line."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from graders.course.rules.texts import text_problems

if TYPE_CHECKING:
    from tests.authoring import LabCopy

BRIEF = "README.md"
PAGE = "solutions/other-pool.md"
ON_HOSTS = "a lab on hosts has no engine"


@pytest.mark.parametrize(
    ("name", "old", "new", "line", "rule"),
    [
        (BRIEF, "# Lab", "# {{ nope }} Lab", 0, "'nope' is undefined"),
        (BRIEF, "# Lab", "\n# {{ a.", 1, "expected"),
        (BRIEF, "# Lab", "# {{ '{{ pool }}' }} Lab", 0, "{{ is left"),
        (BRIEF, "# Lab", "# `docker ps`", 0, ON_HOSTS),
        (BRIEF, "# Lab", "# `kind get`", 0, ON_HOSTS),
        (BRIEF, "# Lab", "# at 192.0.2.7", 0, "192.0.2.7 must be a name"),
        (BRIEF, "# Lab", "# AS 64512", 0, "64512 must be a name"),
        (BRIEF, "# Lab", "# {% if 1 %}\n{% endif %}", 0, "must end on its"),
        (BRIEF, "# Lab", "# `other-pool`", 0, "must not name `other-pool`"),
        (BRIEF, "On Friday", "On Friday " * 50, -4, "has 27 lines"),
        (BRIEF, "| `vip` |", "| `vpi` |", 0, "lab.yml has no check 'vpi'"),
        ("lab.yml", "one\n          object", "{{ no }}", -1, "'no' is undef"),
        ("lab.yml", "web's address is", "Try docker", -1, ON_HOSTS),
        (PAGE, "```shell\n", "```shell\n{{ no }}\n", 1, "the plan's: 'no'"),
        (PAGE, "```shell\n", "```shell\ndocker ps\n", 1, ON_HOSTS),
        ("faults/other-pool.yml", "# ", "# 192.0.2.7 ", 0, "must be a name"),
    ],
)
def test_mistakes(  # noqa: PLR0913, PLR0917 - an edit and its problem
    lab_copy: LabCopy, name: str, old: str, new: str, line: int, rule: str
) -> None:
    """Each is one problem, on the line that has it."""
    edited = lab_copy.edit(name, old, new)

    found = next(text_problems(lab_copy.lab()))

    assert found.startswith(f"{lab_copy.file(name)}:{edited + line}: ")
    assert rule in found


def test_a_lab_without_mistakes(lab_copy: LabCopy) -> None:
    """It has no problem."""
    assert list(text_problems(lab_copy.lab())) == []
