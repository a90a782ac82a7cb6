"""The files of solutions/: mistakes in them are named."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from graders.course import lab, solutions
from tests.toy_lab import Lab

if TYPE_CHECKING:
    from pathlib import Path

VARIANT = "{}: variant must be one of no-pool, not"
NAMES = "{}: refused-by must name a check (vip, pool, http), not"
BLOCK = "```shell\ntrue\n```\n"
FOUND = "found-by: |\n  true\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Write solutions that are in order."""
    folder = tmp_path / "lab-9-toy"
    for name in ("wrong", "other"):
        (folder / name).mkdir(parents=True)
    write(folder / "no-pool.md")
    write(folder / "wrong" / "wide.md", "no-pool", "pool")
    write(folder / "other" / "other.md", "no-pool")
    return folder


def write(path: Path, variant: str = "", refused_by: str = "") -> None:
    """Write a walkthrough."""
    front = f"variant: {variant}\n" if variant else ""
    front += f"refused-by: {refused_by}\n" if refused_by else ""
    front = front or FOUND
    path.write_text(f"---\n{front}---\n{BLOCK}", encoding="utf-8")


def problems(folder: Path) -> str:
    """Return all problems."""
    return "\n".join(solutions.check_solutions(Lab(), folder.parent))


def test_solutions_in_order(folder: Path) -> None:
    """Solutions that are in order have no problem."""
    assert problems(folder) == ""


def test_variant_without_solution(folder: Path) -> None:
    """Every variant needs its solution."""
    (folder / "no-pool.md").unlink()

    assert "no-pool.md: must be there" in problems(folder)


def test_lab_without_folder(tmp_path: Path) -> None:
    """A lab without solutions lacks one for every variant."""
    found = solutions.check_solutions(Lab(), tmp_path)

    assert len(found) == 1


@pytest.mark.parametrize(
    ("front", "rule"),
    [
        ("", "no-pool.md:1: found-by must have 1 to 4 commands"),
        ("found-by: |\n" + 5 * "  true\n", "2: found-by must have 1 to 4"),
        ("found-by: |\n  false\n", "2: found-by must be a line of a block"),
        ("found-by: [true]\n", "not '[True]'"),
    ],
)
def test_commands_that_find_the_fault(
    folder: Path, front: str, rule: str
) -> None:
    """A solution names a few of the commands that the proof types."""
    head = f"---\n{front}---\n" if front else ""
    (folder / "no-pool.md").write_text(head + BLOCK, encoding="utf-8")

    assert rule in problems(folder)


def test_found_by_is_for_solutions(folder: Path) -> None:
    """Other repairs do not say how the fault is found."""
    text = f"---\nvariant: no-pool\n{FOUND}---\n{BLOCK}"
    (folder / "other" / "other.md").write_text(text, encoding="utf-8")

    assert "3: found-by must be in a variant's" in problems(folder)


@pytest.mark.parametrize(
    ("page", "rule"),
    [
        (("stray.md", "", ""), "1: must be named after a variant (no-pool)"),
        (("no-pool.md", "no-pool", ""), "1: variant and refused-by must be"),
        (
            ("wrong/x.md", "", "pool"),
            f"{VARIANT.format(1)} ''",
        ),
        (
            ("wrong/x.md", "nope", "pool"),
            f"{VARIANT.format(2)} 'nope'",
        ),
        (("wrong/x.md", "no-pool", ""), NAMES.format(1)),
        (("wrong/x.md", "no-pool", "vpi"), f"{NAMES.format(3)} 'vpi'"),
        (("wrong/x.md", "no-pool", "vip, vpi"), f"{NAMES.format(3)} 'vpi'"),
        (("other/x.md", "", ""), f"{VARIANT.format(1)} ''"),
        (
            ("other/x.md", "no-pool", "vip"),
            "3: refused-by must be in wrong/ only",
        ),
        (("other/x.txt", "", ""), "only .md files may be here"),
    ],
)
def test_stray_pages(
    folder: Path, page: tuple[str, str, str], rule: str
) -> None:
    """Each is named with its line and the rule."""
    name, variant, refused_by = page
    write(folder / name, variant, refused_by)
    found = problems(folder)

    separator = ": " if name.endswith(".txt") else ":"
    assert f"{folder.name}/{name}{separator}{rule}" in found


def test_stray_folder(folder: Path) -> None:
    """Only wrong/ and other/ may be folders."""
    (folder / "more").mkdir()

    assert "more: only .md files may be here" in problems(folder)


def test_page_without_a_block(folder: Path) -> None:
    """A walkthrough with nothing to type proves nothing."""
    (folder / "no-pool.md").write_text("Words.\n", encoding="utf-8")

    assert "no-pool.md:1: must have a ```shell block" in problems(folder)


def test_page_that_cannot_be_read(folder: Path) -> None:
    """A page with broken front matter is one problem among others."""
    (folder / "wrong" / "wide.md").write_text("---\n", encoding="utf-8")
    (folder / "stray.md").write_text(BLOCK, encoding="utf-8")

    assert len(problems(folder).splitlines()) == 2


@pytest.mark.parametrize("lab", lab.all_labs(), ids=lambda lab: lab.id)
def test_real_labs(lab: lab.Lab) -> None:
    """Every lab of the kit has its solutions in order."""
    assert solutions.check_solutions(lab) == []
