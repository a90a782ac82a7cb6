"""Submissions as they are written and read."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graders.classroom.statement import verify
from graders.classroom.submission import (
    Differences,
    read,
    write,
)
from graders.classroom.zipped import (
    DIFFERENCES,
    JOURNAL,
    PLAN,
    RESULT,
    STATEMENT,
    TYPED,
    SubmissionError,
    pack,
)
from graders.state import lab_state
from tests import submissions
from tests.fuzzing import FUZZ, damaged_json
from tests.fuzzing import read as in_words
from tests.submissions import changed, handed_in, members, signed

if TYPE_CHECKING:
    from pathlib import Path

CHANGES = {
    "version": 1,
    "objects": {
        "apply": [{"kind": "ConfigMap"}],
        "delete": [
            {
                "apiVersion": "v1",
                "kind": "Service",
                "namespace": "lab-1",
                "name": "web",
            }
        ],
    },
    "machines": {"router": {"typed": ["vtysh -c 'conf t'"]}},
    "answers": "policy: local\n",
}


def test_read_back(tmp_path: Path) -> None:
    """What was written is read, with all parts parsed."""
    file = handed_in(
        tmp_path / "ada-lab-1.lab", differences=json.dumps(CHANGES).encode()
    )

    found = read(file)

    assert verify(found.statement, found.members)["key"]
    assert found.result.solved
    assert found.plan.student == "ada"
    assert found.plan.fault == "no-pool"
    assert "no-pool" not in found.members[PLAN].decode()
    assert [entry.event for entry in found.journal] == ["start", "grade"]
    assert found.typed == submissions.TYPED
    assert found.differences.objects.delete[0].name == "web"
    assert json.loads(found.differences.to_json()) == CHANGES
    assert file.stat().st_mode & 0o777 == 0o600


def test_without_repair(tmp_path: Path) -> None:
    """A submission of one who changed nothing has no repair."""
    files = members()
    del files[TYPED], files[DIFFERENCES]
    write(tmp_path / "x.lab", files, signed(files, tmp_path / "key"))

    found = read(tmp_path / "x.lab")

    assert (found.typed, found.differences) == ("", Differences())


@pytest.mark.parametrize(
    ("name", "content", "problem"),
    [
        ("plan", b"", "plan.json: Expecting value"),
        ("plan", b"[]", "plan.json: expected an object"),
        ("plan", b'{"version": 2}', "expected version 1, not 2"),
        ("plan", b'{"version": 1}', "plan.json: student: Field required"),
        ("result", b'{"version": 3}', "expected version 1, not 3"),
        ("result", b"[" * 9000, "result.json: it is nested too deep"),
        ("result", b"\xff", "result.json: "),
        ("typed", b"\xff", "repair/typed.md: "),
        ("journal", b"{}\n", "journal.jsonl: line 1 is no line"),
        ("differences", b'{"version": 1, "answers": 1}', "valid string"),
        ("differences", b'{"version": "1"}', "expected version 1"),
    ],
)
def test_malformed(
    tmp_path: Path, name: str, content: bytes, problem: str
) -> None:
    """What is wrong with a member is told with its name."""
    file = handed_in(tmp_path / "ada.lab", **{name: content})

    with pytest.raises(SubmissionError, match=problem) as caught:
        read(file)

    assert str(caught.value).startswith("ada.lab: ")


def test_all_problems_at_once(tmp_path: Path) -> None:
    """Problems of several members are told together."""
    file = handed_in(tmp_path / "ada.lab", plan=b"", result=b"", typed=b"\xff")

    with pytest.raises(SubmissionError) as caught:
        read(file)

    assert len(caught.value.problems) == 3


@pytest.mark.parametrize("student", ["../x", "", "Ada", "a" * 99, "a\n"])
def test_student(tmp_path: Path, student: str) -> None:
    """A name that is no student's is refused: folders are called by it."""
    plan = changed(members()[PLAN], student=student)

    with pytest.raises(SubmissionError, match=r"plan\.json: student"):
        read(handed_in(tmp_path / "x.lab", plan=plan))


def test_fault_is_bounded(tmp_path: Path) -> None:
    """A fault's name that unpacks to megabytes is damaged."""
    bomb = lab_state.pack("x" * 5_000_000)
    plan = changed(members()[PLAN], variant=bomb)

    assert not read(handed_in(tmp_path / "x.lab", plan=plan)).plan.fault


def test_too_large(tmp_path: Path) -> None:
    """What would be too large is not written, and the member is named."""
    files = members() | {TYPED: b"x" * 2_000_000}

    with pytest.raises(SubmissionError, match=r"typed\.md would have 2000 KB"):
        write(tmp_path / "x.lab", files, "{}")

    assert not (tmp_path / "x.lab").exists()


_DOCUMENTS: dict[str, Any] = {
    name: json.loads(members()[name]) for name in (RESULT, PLAN, DIFFERENCES)
}


@given(
    name=st.sampled_from([RESULT, PLAN, DIFFERENCES, JOURNAL]),
    text=damaged_json(*_DOCUMENTS.values(), CHANGES),
)
@FUZZ
def test_fuzz(
    tmp_path_factory: pytest.TempPathFactory, name: str, text: str
) -> None:
    """Whatever a member has, it is read or refused in words."""
    files = members() | {
        name: text.encode(errors="surrogatepass"),
        STATEMENT: b"{}",
    }
    file = tmp_path_factory.getbasetemp() / "fuzz.lab"
    file.write_bytes(pack(files))

    in_words(lambda: read(file).plan.fault)
