"""`lab check` finds mistakes between the files of a lab, and between labs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from typer.testing import CliRunner

from graders.cli.main import lab_app
from graders.proof.lab_check import course_problems, lab_problems
from tests.authoring import GRADER, NAME

if TYPE_CHECKING:
    from pathlib import Path

    from tests.authoring import LabCopy

TABLE = "README.md"


def _line(lab_copy: LabCopy, name: str, text: str) -> int:
    """Return the first line of a file that has `text`."""
    lines = lab_copy.file(name).read_text(encoding="utf-8").splitlines()
    return next(number for number, line in enumerate(lines, 1) if text in line)


@pytest.mark.parametrize(
    ("name", "old", "new", "place", "rule"),
    [
        (
            GRADER,
            '@check(layer="allocation")\n',
            "",
            "def test_vip",
            "test_vip: a check must be marked with @check",
        ),
        (
            GRADER,
            "{l2_vip}",
            "{nope}",
            '@check(layer="allocation")',
            "test_vip: the docstring must use names of the plan, not 'nope'",
        ),
        (
            GRADER,
            'needs=("vip", "ready_pod")',
            'needs=("vip", "arp")',
            '@check(layer="advertisement", needs=("vip", "arp"))',
            "test_announced: needs must name a check above, not 'arp'",
        ),
    ],
)
def test_grader_file(  # noqa: PLR0913, PLR0917 - an edit and its problem
    lab_copy: LabCopy, name: str, old: str, new: str, place: str, rule: str
) -> None:
    """Each mistake is on the line of its check."""
    lab_copy.edit(name, old, new)

    number, text = lab_copy.problem(lab_problems(lab_copy.lab()), GRADER)

    assert (number, text) == (_line(lab_copy, GRADER, place), rule)


def test_grader_file_that_is_not_there(lab_copy: LabCopy) -> None:
    """It is named."""
    lab_copy.file(GRADER).unlink()

    (problem,) = lab_problems(lab_copy.lab())

    assert problem.endswith("grader.py: must be there, it has the checks")


@pytest.mark.parametrize("text", ["def broken(:", "import no_such_module"])
def test_grader_file_that_cannot_be_read(lab_copy: LabCopy, text: str) -> None:
    """It is one problem among others."""
    lab_copy.file(GRADER).write_text(text)

    (problem,) = lab_problems(lab_copy.lab())

    assert "grader.py: could not be read: " in problem


def test_check_without_code(lab_copy: LabCopy) -> None:
    """lab.yml may not promise points for it."""
    lab_copy.edit("lab.yml", "  vip: 5\n", "  vip: 5\n  tea: 5\n")
    lab_copy.edit("README.md", "| `vip`", "| `tea` | policy | x |\n| `vip`")

    problems = lab_problems(lab_copy.lab())

    line = _line(lab_copy, "lab.yml", "  tea: 5")
    assert problems[-1].endswith(f"{GRADER} has no check tea")
    assert problems[-1].startswith(f"{lab_copy.file('lab.yml')}:{line}: ")
    # No variant has hints for it, either.
    assert len(problems) == 1 + len(lab_copy.lab().variants)
    assert "variant other-pool must have hints for tea" in problems[0]


def test_layer_of_a_variant(lab_copy: LabCopy) -> None:
    """It must be that of the check it breaks."""
    line = lab_copy.edit("lab.yml", "layer: advertisement", "layer: route")

    assert lab_copy.problem(lab_problems(lab_copy.lab()), "lab.yml") == (
        line,
        "layer must be that of check announced, advertisement, not route",
    )


def test_check_that_the_brief_lacks(lab_copy: LabCopy) -> None:
    """A student must be able to read what is graded before it is."""
    lab_copy.edit("README.md", "| `vip` |", "| VIP |")

    _, rule = lab_copy.problem(lab_problems(lab_copy.lab()), "README.md")

    assert rule == "the table of checks must have `vip`"


@pytest.mark.parametrize("kind", ["wrong", "other"])
def test_variant_without_repairs(lab_copy: LabCopy, kind: str) -> None:
    """Each needs wrong repairs, and another right one."""
    for page in lab_copy.file(f"solutions/{kind}").iterdir():
        page.unlink()

    problems = lab_problems(lab_copy.lab())

    assert len(problems) == len(lab_copy.lab().variants)
    assert f"/{kind}: must have a repair for other-pool" in problems[0]


def test_solutions(lab_copy: LabCopy) -> None:
    """What check_solutions finds is told."""
    lab_copy.file("solutions/other-pool.md").unlink()

    (problem,) = lab_problems(lab_copy.lab())

    assert "other-pool.md: must be there" in problem


def test_stray_solutions(tmp_path: Path, lab_copy: LabCopy) -> None:
    """A folder of solutions and a grader file must have their lab."""
    (tmp_path / "solutions" / "lab-9-tea").mkdir()

    problems = list(course_problems([lab_copy.lab()]))

    assert f"{tmp_path}/solutions/lab-9-tea: labs/ has no such lab" in problems
    assert any(
        "test_lab_0_hands_on.py:1: labs/ has no" in at for at in problems
    )


def test_command(lab_copy: LabCopy) -> None:
    """It ends with 0 and the labs, or with 2 and all problems."""
    well = CliRunner().invoke(lab_app, ["check", "2"])
    lab_copy.edit("README.md", "# Lab", "# {{ nope }} Lab")
    lab_copy.edit("README.md", "| `vip` |", "| VIP |")
    wrong = CliRunner().invoke(lab_app, ["check", "2"])
    lab_copy.edit("lab.yml", "minutes: 35", "minutes: 0")
    unreadable = CliRunner().invoke(lab_app, ["check", "2"])
    unknown = CliRunner().invoke(lab_app, ["check", "tea"])

    assert (well.exit_code, well.stdout) == (0, f"no problem in {NAME}\n")
    assert (wrong.exit_code, wrong.stderr.count("\n")) == (2, 2)
    assert (unreadable.exit_code, unreadable.stderr) == (
        2,
        f"labs/{NAME}/lab.yml:4: minutes must be more than 0, not 0\n",
    )
    assert (unknown.exit_code, unknown.stderr) == (
        2,
        f"lab: lab must be one of {NAME}, not 'tea'\n",
    )
