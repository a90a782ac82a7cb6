"""Files that strangers hand in: each is refused in words, within bounds."""

from __future__ import annotations

import io
import os
import stat
import struct
import tracemalloc
import warnings
import zipfile
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graders.classroom.submission import read
from graders.classroom.zipped import (
    LIMIT,
    STATEMENT,
    SubmissionError,
    pack,
    unpack,
)
from tests.fuzzing import FUZZ
from tests.fuzzing import read as in_words
from tests.submissions import handed_in, members

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

FILES = {**members(), STATEMENT: b"{}"}


def _zip(
    *more: tuple[zipfile.ZipInfo, bytes],
    without: str = "",
    method: int = zipfile.ZIP_DEFLATED,
) -> bytes:
    """Return a zip with more members than a right one, or one less."""
    packed = io.BytesIO()
    with (
        zipfile.ZipFile(packed, "w", method) as archive,
        warnings.catch_warnings(),
    ):
        warnings.simplefilter("ignore")  # two of a name
        for name, content in FILES.items():
            if name != without:
                archive.writestr(name, content)
        for info, content in more:
            archive.writestr(info, content, zipfile.ZIP_DEFLATED)
    return packed.getvalue()


def _info(name: str, kind: int = stat.S_IFREG) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name)
    info.external_attr = (kind | 0o644) << 16
    return info


def _refused(tmp_path: Path, content: bytes) -> str:
    file = tmp_path / "ada-lab-1.lab"
    file.write_bytes(content)
    with pytest.raises(SubmissionError) as caught:
        unpack(file)
    lines = caught.value.problems
    assert all(line.startswith("ada-lab-1.lab: ") for line in lines)
    return "\n".join(lines)


def test_read_back(tmp_path: Path) -> None:
    """The members come back as they were packed."""
    file = tmp_path / "one.lab"
    file.write_bytes(pack(FILES))

    assert unpack(file) == FILES
    assert pack(FILES) == pack(dict(reversed(FILES.items())))


def test_packed_again(tmp_path: Path) -> None:
    """A file that a person packed again, with its folder, is read."""
    file = tmp_path / "one.lab"
    file.write_bytes(_zip((_info("repair/", stat.S_IFDIR), b"")))

    assert unpack(file) == FILES


@pytest.mark.parametrize(
    "name",
    [
        *("../result.json", "/etc/passwd", "repair/../../x", "C:\\x.json"),
        *("repair\\typed.md", "./result.json", "RESULT.JSON", "", "a" * 60000),
        *(
            "result.json\0.txt",
            "result.json/",
            "repair/more/",
            "\u202e\x1b[2J",
        ),
    ],
)
def test_paths(tmp_path: Path, name: str) -> None:
    """Only the names of the format are members."""
    info = _info("x")
    info.filename = name
    content = _zip((info, b"x"))

    problem = _refused(tmp_path, content)

    assert "no member" in problem or "damaged" in problem
    assert problem.replace("\n", "").isprintable()
    assert len(problem) < 300


@pytest.mark.parametrize("kind", [stat.S_IFLNK, stat.S_IFIFO, stat.S_IFCHR])
def test_links(tmp_path: Path, kind: int) -> None:
    """A symbolic link is no file of a submission."""
    content = _zip(
        (_info("plan.json", kind), b"/etc/passwd"), without="plan.json"
    )

    assert "'plan.json' is a link" in _refused(tmp_path, content)


def test_folder_with_content(tmp_path: Path) -> None:
    """A folder has no content."""
    content = _zip((_info("repair/", stat.S_IFDIR), b"x"))

    assert "'repair/' is larger than 0 KB" in _refused(tmp_path, content)


def test_twice(tmp_path: Path) -> None:
    """Two members of one name are refused."""
    content = _zip((_info("result.json"), b"{}"))

    assert "result.json is there 2 times" in _refused(tmp_path, content)


def test_missing(tmp_path: Path) -> None:
    """What is missing is named."""
    problem = _refused(tmp_path, _zip(without="journal.jsonl"))

    assert "journal.jsonl is missing" in problem


def test_many(tmp_path: Path) -> None:
    """Thousands of members are told in a few lines."""
    more = [(_info(f"m{at}"), b"") for at in range(8000)]

    problem = _refused(tmp_path, _zip(*more))

    assert problem.count("\n") < 12


def test_encrypted(tmp_path: Path) -> None:
    """An encrypted member is named."""
    content = bytearray(pack(FILES))
    for mark, at in ((b"PK\3\4", 6), (b"PK\1\2", 8)):
        content[content.index(mark) + at] |= 1

    assert "is encrypted" in _refused(tmp_path, bytes(content))


def test_other_method(tmp_path: Path) -> None:
    """So is one of another method."""
    content = _zip(method=zipfile.ZIP_LZMA)

    assert "not packed by deflate" in _refused(tmp_path, content)


def test_bomb(tmp_path: Path) -> None:
    """A member that unpacks to gigabytes is not unpacked."""
    bomb = (_info("plan.json"), b" " * 50_000_000)
    content = _zip(bomb, without="plan.json")
    tracemalloc.start()

    problem = _refused(tmp_path, content)

    assert "'plan.json' is larger than 1000 KB" in problem
    assert tracemalloc.get_traced_memory()[1] < 10_000_000
    tracemalloc.stop()


def test_bomb_with_false_size(tmp_path: Path) -> None:
    """A header that promises less is not believed either."""
    bomb = (_info("plan.json"), b" " * 50_000_000)
    content = bytearray(_zip(bomb, without="plan.json"))
    for mark, at in ((b"PK\3\4", 22), (b"PK\1\2", 24)):
        where = content.rindex(mark) + at
        content[where : where + 4] = struct.pack("<I", 100)
    tracemalloc.start()

    _refused(tmp_path, bytes(content))

    assert tracemalloc.get_traced_memory()[1] < 10_000_000
    tracemalloc.stop()


def test_large(tmp_path: Path) -> None:
    """A file of more than a megabyte is not read at all."""
    file = tmp_path / "large.lab"
    with file.open("wb") as opened:
        opened.truncate(10 * LIMIT)

    with pytest.raises(SubmissionError, match="larger than 1000 KB"):
        unpack(file)


@pytest.mark.parametrize("make", [os.mkfifo, os.mkdir, lambda _: None])
def test_no_file(tmp_path: Path, make: Callable[[Path], None]) -> None:
    """A pipe, a folder or nothing is no submission."""
    make(tmp_path / "x.lab")

    with pytest.raises(SubmissionError, match="no such file"):
        unpack(tmp_path / "x.lab")


def test_unreadable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that cannot be read is told with the reason."""
    file = handed_in(tmp_path / "x.lab")

    def refuse(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("pathlib.Path.open", refuse)

    with pytest.raises(SubmissionError, match="Permission denied"):
        unpack(file)


@given(at=st.integers(0, len(pack(FILES)) - 1))
@FUZZ
def test_cut(tmp_path_factory: pytest.TempPathFactory, at: int) -> None:
    """A file that is cut short is damaged."""
    assert _refused(tmp_path_factory.mktemp("cut"), pack(FILES)[:at])


@given(at=st.integers(0, len(pack(FILES)) - 1), byte=st.binary(min_size=1))
@FUZZ
def test_damaged(
    tmp_path_factory: pytest.TempPathFactory, at: int, byte: bytes
) -> None:
    """Whatever else is in a file, it is read or refused in words."""
    content = pack(FILES)
    file = tmp_path_factory.getbasetemp() / "damaged.lab"
    file.write_bytes(content[:at] + byte + content[at + len(byte) :])

    in_words(lambda: read(file))
