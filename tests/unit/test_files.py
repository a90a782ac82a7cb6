"""Files are written whole or not at all."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from graders.errors import UsageError
from graders.files import RECORDS, held, write_atomically, write_record

if TYPE_CHECKING:
    from pathlib import Path


def test_written(tmp_path: Path) -> None:
    """The file has the new text and mode, and no other file is left."""
    file = tmp_path / "on"
    file.write_text("old")

    write_atomically(file, "new", mode=0o755)

    assert file.read_text() == "new"
    assert file.stat().st_mode & 0o777 == 0o755
    assert list(tmp_path.iterdir()) == [file]


def test_failed(tmp_path: Path) -> None:
    """What cannot be written leaves the old file."""
    file = tmp_path / "on"
    file.write_text("old")

    with pytest.raises(UnicodeEncodeError):
        write_atomically(file, "new \udc80")

    assert file.read_text() == "old"
    assert list(tmp_path.iterdir()) == [file]


def test_written_by_several(tmp_path: Path) -> None:
    """Each of them writes a whole file, and one of these stays."""
    file = tmp_path / "metallb.yaml"
    texts = [str(number) * 100_000 for number in range(8)]

    with ThreadPoolExecutor() as pool:
        [*pool.map(lambda text: write_atomically(file, text), texts)]

    assert file.read_text() in texts
    assert list(tmp_path.iterdir()) == [file]


def test_held(tmp_path: Path) -> None:
    """What is held is refused to others; they may have it afterwards."""
    busy = UsageError("it is in use")
    with (
        held(tmp_path, busy),
        pytest.raises(UsageError, match="in use"),
        held(tmp_path, busy),
    ):
        pass
    with held(tmp_path, busy), pytest.raises(BlockingIOError):
        raise BlockingIOError


def test_records(tmp_path: Path) -> None:
    """The newest of a name are kept, and always the one just written."""
    folder = tmp_path / "results"
    future = [f"9999-{number:02}-grade.json" for number in range(RECORDS)]
    folder.mkdir()
    for name in (*future, "9999-x-other.json", "notes"):
        (folder / name).touch()

    file = write_record(folder, "grade.json", "{}")

    names = {one.name for one in folder.iterdir()}
    kept = {*future[1:], file.name, "9999-x-other.json", "notes"}
    assert file.read_text() == "{}"
    assert names == kept
