"""Submissions from seats: none is lost, and none is of somebody else."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Any

import pytest

from graders.classroom.seats.collecting import digests, keep
from graders.errors import CannotCheck, UsageError

if TYPE_CHECKING:
    from pathlib import Path


def _answer(*files: tuple[str, bytes], problem: str = "") -> str:
    return json.dumps(
        {
            "student": "ada",
            "problem": problem,
            "files": [
                {"name": name, "content": base64.b64encode(it).decode()}
                for name, it in files
            ],
        }
    )


def test_a_later_file_replaces_none(tmp_path: Path) -> None:
    """Both are there after a student has moved and handed in again."""
    for content in (b"one", b"two", b"two", b"three"):
        keep(tmp_path, "ada", _answer(("ada-lab-1.lab", content)))

    found = {file.name: file.read_bytes() for file in tmp_path.iterdir()}
    assert found == {
        "ada-lab-1.lab": b"three",
        "ada-lab-1.1.lab": b"one",
        "ada-lab-1.2.lab": b"two",
    }
    assert len(digests(tmp_path, "ada")) == 3
    assert not digests(tmp_path, "bob")


def test_why_one_is_missing(tmp_path: Path) -> None:
    """Files are kept, and the problem is passed on."""
    answer = _answer(("ada-lab-1.lab", b"x"), problem="lab 2:\n full\x1b")

    found = keep(tmp_path, "ada", answer)

    assert found.problem == "lab 2: full\x1b"
    assert [file.name for file in found.files] == ["ada-lab-1.lab"]


@pytest.mark.parametrize(
    "name",
    [
        "bob-lab-1.lab",
        "../ada-lab-1.lab",
        "/etc/ada-lab-1.lab",
        "ada-lab-1.lab/x",
        "ada-lab-1.lab\n",
        "ada-lab-.lab",
        ".ssh",
        "",
    ],
)
def test_names_of_others_are_refused(tmp_path: Path, name: str) -> None:
    """A machine cannot write where it likes, nor for another student."""
    with pytest.raises(CannotCheck, match="hands over"):
        keep(tmp_path / "goal", "ada", _answer((name, b"x")))

    assert not (tmp_path / "goal").exists()


@pytest.mark.parametrize(
    "answer",
    [
        "",
        "[]",
        "{}",
        "[" * 100_000,
        '{"problem": "", "files": 7}',
        '{"problem": "", "files": [{"name": "ada-lab-1.lab"}]}',
        json.dumps(
            {
                "problem": "",
                "files": [{"name": "ada-lab-1.lab", "content": "%%"}],
            }
        ),
        _answer(("ada-lab-1.lab", b"x" * 1_000_001)),
    ],
)
def test_damaged_answers(tmp_path: Path, answer: Any) -> None:  # noqa: ANN401 - of a machine
    """Whatever a machine answers, it costs that seat only."""
    with pytest.raises(CannotCheck):
        keep(tmp_path, "ada", answer)

    assert not list(tmp_path.iterdir())


def test_a_folder_that_is_none(tmp_path: Path) -> None:
    """The error says what to do."""
    (tmp_path / "file").write_text("x", encoding="utf-8")

    with pytest.raises(UsageError, match="--to"):
        keep(tmp_path / "file", "ada", _answer(("ada-lab-1.lab", b"x")))
