"""A new lab begins as one that the kit can read, with all its places."""

from __future__ import annotations

import py_compile
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from graders.course.lab import read_lab
from graders.course.solutions import check_solutions, repairs_for
from graders.course.walkthrough import read_walkthrough
from graders.plan.plan import make_plan
from graders.settings import ROOT

if TYPE_CHECKING:
    from pathlib import Path

LAB = "lab-6-bgp-peer"


def _new_lab(root: Path, *argv: str) -> subprocess.CompletedProcess[str]:
    """Run the script for a repository at `root`."""
    script = str(ROOT / "scripts" / "new-lab")
    return subprocess.run(
        [sys.executable, script, *argv, "--root", str(root)],
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_new_lab_can_be_read(tmp_path: Path) -> None:
    """Its lab.yml is whole and its number, title and namespace agree."""
    done = _new_lab(tmp_path, "6", "bgp-peer", "A peer, lost: why?")

    lab = read_lab(tmp_path / "labs" / LAB)

    assert (done.returncode, done.stderr) == (0, "")
    assert (lab.number, lab.namespace) == (6, "lab-6")
    assert lab.title == "A peer, lost: why?"
    assert f"graders/labs/{lab.grader_file.name}\n" in done.stdout


def test_a_new_lab_has_its_grader(tmp_path: Path) -> None:
    """The grader is Python as it stands, and names its lab."""
    _new_lab(tmp_path, "6", "bgp-peer")
    grader = tmp_path / "graders" / "labs" / "test_lab_6_bgp_peer.py"

    py_compile.compile(str(grader), doraise=True)

    assert 'SPACE = "lab-6"' in grader.read_text()


def test_a_new_lab_has_its_tests(tmp_path: Path) -> None:
    """They are valid without edits, and refuse its wrong repair."""
    _new_lab(tmp_path, "6", "bgp-peer")
    tests = tmp_path / "tests" / "unit" / "labs" / "test_lab_6.py"
    repair = tmp_path / "solutions" / LAB / "wrong" / "node-port.md"

    py_compile.compile(str(tests), doraise=True)

    assert "def _node_port(" in tests.read_text()
    assert repair.is_file()


def test_a_new_lab_has_solution_wrong_and_other(tmp_path: Path) -> None:
    """They are for its variant and can be typed with a student's plan."""
    _new_lab(tmp_path, "6", "bgp-peer", "--variant", "wrong-as")
    lab = read_lab(tmp_path / "labs" / LAB)
    solutions = tmp_path / "solutions"

    assert check_solutions(lab, solutions) == []
    repairs = repairs_for(lab, "wrong-as", solutions)
    pages = [repairs.solution, repairs.wrong[0].path, repairs.other[0]]
    values = make_plan("ada").as_vars()
    assert all(read_walkthrough(page, values).blocks for page in pages)


@pytest.mark.parametrize("words", ["bgp-peer", "others"])
def test_a_number_is_taken_once(tmp_path: Path, words: str) -> None:
    """A second lab of the same number is refused, and nothing is changed."""
    _new_lab(tmp_path, "6", "bgp-peer")
    before = sorted(tmp_path.rglob("*"))

    done = _new_lab(tmp_path, "6", words)

    assert done.returncode == 2
    assert done.stderr.startswith(f"labs/{LAB} must not be there yet; ")
    assert sorted(tmp_path.rglob("*")) == before


def test_bad_words_are_refused_all_at_once(tmp_path: Path) -> None:
    """Every problem is one line, and nothing is written."""
    done = _new_lab(tmp_path, "06", "BGP", 'a "b"', "--variant", "x_y")

    assert done.returncode == 2
    assert done.stderr.splitlines() == [
        "number must be 0 or more, not '06'",
        "words must be a-z, 0-9 and single -, not 'BGP'",
        "variant must be a-z, 0-9 and single -, not 'x_y'",
        "title must be one line without quotes, not 'a \"b\"'",
    ]
    assert not list(tmp_path.iterdir())


def test_an_unwritable_place_is_told_in_one_line(tmp_path: Path) -> None:
    """It is no traceback."""
    (tmp_path / "labs").write_text("a file where a folder should be")

    done = _new_lab(tmp_path, "6", "bgp-peer")

    assert done.returncode == 2
    assert done.stderr.startswith("could not write ")
    assert len(done.stderr.splitlines()) == 1
