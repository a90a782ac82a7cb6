"""Walkthroughs packed as submissions are as `lab submit` would write them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from graders.classroom.class_folder import open_class
from graders.classroom.prepare import prepare
from graders.classroom.regraded import result_file, save
from graders.classroom.verify import verify
from tests.class_pack import (
    CLASS,
    Packed,
    forge_all,
    pack_all,
    thirty,
    wrong_rows,
)
from tests.regraded_rows import refused, row

if TYPE_CHECKING:
    from pathlib import Path

    from graders.classroom.regraded import Regraded


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder for the class."""
    return tmp_path_factory.mktemp("class")


@pytest.fixture(scope="module")
def packed(folder: Path) -> list[Packed]:
    """Pack a repair of each lab, and the forged files."""
    chosen = thirty()[:5]
    return pack_all(folder, chosen) + forge_all(folder, chosen[0])


def test_thirty() -> None:
    """Each lab has six, and a third is wrong."""
    chosen = thirty()

    numbers = [one.lab.number for one in chosen]
    assert sorted(numbers) == [lab for lab in range(1, 6) for _ in range(6)]
    assert sum(not one.solved for one in chosen) == 10


def test_forged_files_are_refused(folder: Path, packed: list[Packed]) -> None:
    """The others are verified, and each can be played."""
    rows = verify([one.file for one in packed], open_class(folder / CLASS))

    found = [(found.status, found.reasons) for found in rows]
    assert [status for status, _ in found] == [
        *["verified"] * 5,
        *["refused"] * 4,
    ], found
    assert all(prepare(found.path).plan for found in rows[:5])


def test_comparison(folder: Path, packed: list[Packed]) -> None:
    """What is missing, red, or was played though it is forged, is wrong."""
    results = folder / "results"
    right, red, missing, *others, forged, played = packed

    def write(one: Packed, found: Regraded) -> None:
        save(result_file(results, one.file), found)

    for one in (right, *others):
        write(one, row() if one.solved else refused())
    write(red, row(failed="vip"))
    write(forged, refused())
    write(played, row())

    wrong = [line for line in wrong_rows(folder, results) if line[0] != " "]

    assert [line.split()[0] for line in wrong] == [
        one.file.name for one in (red, missing, played)
    ]
