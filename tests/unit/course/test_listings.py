"""Lists in README.md and docs/ that are generated from the labs."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from graders.course import listings
from graders.course.lab import all_labs, read_lab
from graders.errors import UsageError
from graders.settings import ROOT

if TYPE_CHECKING:
    from pathlib import Path

TOY = ROOT / "tests" / "toy" / "lab-9-toy"
FILES = ("README.md", "docs/index.md", "docs/grading.md")


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """Copy the files with lists."""
    (tmp_path / "docs").mkdir()
    for name in FILES:
        shutil.copy(ROOT / name, tmp_path / name)
    return tmp_path


def test_a_list_is_replaced_between_its_marks() -> None:
    """What is around it stays."""
    text = "a\n<!-- labs -->\nold\n<!-- /labs -->\nb\n"

    assert listings.replaced(text, "labs", "new") == (
        "a\n<!-- labs -->\n\nnew\n\n<!-- /labs -->\nb\n"
    )
    assert listings.replaced(text, "wrong repairs", "new") is None
    assert listings.replaced("<!-- labs -->\n", "labs", "new") is None


def test_a_lab_has_a_row() -> None:
    """With its page, what is wrong, the count of faults, and the time."""
    *_, row = listings.lab_table([read_lab(TOY)], "labs/{id}.md")

    assert row == (
        "| [9, Toy](labs/lab-9-toy.md) | a client gets no page | 2 | 5 |"
    )


def test_titles_of_wrong_repairs_are_listed() -> None:
    """Within a sentence, so that only names keep their capitals."""
    first, *_ = listings.wrong_repairs(all_labs())

    assert "; the same letter everywhere; " in first
    assert "; NodePort instead of LoadBalancer; " in first


@pytest.mark.parametrize("name", FILES)
def test_an_outdated_list_is_found(copy: Path, name: str) -> None:
    """Its new text is what the repository's own file has."""
    file = copy / name
    text = file.read_text(encoding="utf-8")
    assert listings.outdated(copy) == {}
    file.write_text(text.replace("Lab 1:", "1:").replace("[1, ", "[7, "))

    assert listings.outdated(copy) == {file: text}


def test_a_file_without_its_list(copy: Path) -> None:
    """Otherwise the list would silently be missing."""
    (copy / "README.md").write_text("# Labs\n", encoding="utf-8")

    with pytest.raises(UsageError, match=r"README\.md: <!-- labs -->"):
        listings.outdated(copy)
