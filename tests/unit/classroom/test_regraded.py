"""Results of regrades as files."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from graders.classroom.regraded import (
    digest,
    load,
    load_all,
    load_final,
    result_file,
    save,
)
from graders.errors import UsageError
from tests.regraded_rows import refused, row

if TYPE_CHECKING:
    from pathlib import Path


def test_read_back(tmp_path: Path) -> None:
    """With the whole grade, by its published names."""
    file = tmp_path / "new" / "ada.regrade.json"
    one = row()

    save(file, one)

    assert load(file) == one
    assert '"of": ' in file.read_text()
    assert file.stat().st_mode & 0o777 == 0o600


def test_names(tmp_path: Path) -> None:
    """A result is found by the name of its submission."""
    assert result_file(tmp_path, tmp_path / "x" / "ada-lab-1.lab").name == (
        "ada-lab-1.regrade.json"
    )


@pytest.mark.parametrize(
    ("change", "done"),
    [
        ({}, True),
        ({"status": "refused"}, True),
        ({"status": "error"}, False),
        ({"status": "stopped", "again": True}, False),
        ({"sha256": "f" * 64}, False),
    ],
)
def test_what_is_done(
    tmp_path: Path, change: dict[str, Any], *, done: bool
) -> None:
    """Another file of that name, and a fault of the machine, are not."""
    file = tmp_path / "ada.regrade.json"
    save(file, row(**change))

    assert bool(load_final(file, "0" * 64)) is done


def test_nothing_is_done(tmp_path: Path) -> None:
    """There is no result yet, or half of one."""
    file = tmp_path / "ada.regrade.json"
    assert load_final(file, "") is None
    file.write_text("{")
    assert load_final(file, "") is None


@pytest.mark.parametrize("text", ["", "[]", '{"version": 2}', "[" * 10**5])
def test_damaged(tmp_path: Path, text: str) -> None:
    """The file is named, and what to do."""
    file = tmp_path / "ada.regrade.json"
    file.write_text(text)

    with pytest.raises(UsageError, match=r"could not read .*; remove it"):
        load(file)


def test_all_of_a_folder(tmp_path: Path) -> None:
    """In order of students and labs."""
    for name, one in (("b", row("ada")), ("a", refused("bob"))):
        save(tmp_path / f"{name}.regrade.json", one)

    assert [one.student for one in load_all(tmp_path)] == ["ada", "bob"]
    with pytest.raises(UsageError, match="has no results"):
        load_all(tmp_path / "none")


def test_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    """The option is named."""
    (tmp_path / "file").touch()

    with pytest.raises(UsageError, match="give --results a folder"):
        save(tmp_path / "file" / "ada.regrade.json", row())


def test_digest_of_nothing(tmp_path: Path) -> None:
    """A file that is not there is refused later, with its reason."""
    assert digest(tmp_path / "none") == ""
