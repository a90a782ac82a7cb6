"""The zip of a submission, read within bounds whoever made it.

Only the known members are read, each up to a limit whatever its header says,
and nothing is written to a disk.
"""

from __future__ import annotations

import io
import stat
import zipfile
import zlib
from typing import TYPE_CHECKING, Final

from graders.errors import MALFORMED, KitError, one_line

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

# Bytes of the file, and of each member when it is unpacked.
LIMIT: Final = 1_000_000

RESULT: Final = "result.json"
JOURNAL: Final = "journal.jsonl"
TYPED: Final = "repair/typed.md"
DIFFERENCES: Final = "repair/differences.json"
PLAN: Final = "plan.json"
STATEMENT: Final = "statement.dsse.json"
MEMBERS: Final = (RESULT, JOURNAL, TYPED, DIFFERENCES, PLAN, STATEMENT)
OPTIONAL: Final = frozenset({TYPED, DIFFERENCES})

# A zip that was packed again has it as a member, too.
_FOLDER: Final = "repair/"
# The earliest time that a zip knows: equal contents are equal files.
_TIME: Final = (1980, 1, 1, 0, 0, 0)
_ENCRYPTED: Final = 0x1
_SHOWN: Final = 100
# How many problems are told, of thousands.
_TOLD: Final = 10
# What zipfile raises for what is damaged.
_FAULTS: Final = (
    *MALFORMED,
    EOFError,
    OSError,
    RuntimeError,
    zipfile.BadZipFile,
    zlib.error,
)


class SubmissionError(KitError):
    """A submission is not of the form that `lab submit` writes.

    Each problem is one line, which begins with the file's name.
    """

    exit_code = 2

    def __init__(self, where: str, *problems: str, remedy: str = "") -> None:
        """Keep the file's name and what is wrong with it."""
        self.where = where
        super().__init__(
            *(f"{where}: {problem}" for problem in problems[:_TOLD]),
            remedy=remedy,
        )


def pack(members: Mapping[str, bytes]) -> bytes:
    """Return a zip of members; equal contents give equal zips."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name in MEMBERS:
            if name in members:
                info = zipfile.ZipInfo(name, _TIME)
                info.external_attr = (stat.S_IFREG | 0o644) << 16
                info.compress_type = zipfile.ZIP_DEFLATED
                archive.writestr(info, members[name])
    return packed.getvalue()


def unpack(path: Path) -> dict[str, bytes]:
    """Return the contents of the members by name.

    Raises:
        SubmissionError: the file cannot be read, or has other members or
            larger ones.

    """
    try:
        if not path.is_file():
            raise SubmissionError(path.name, "there is no such file")
        with path.open("rb") as opened:
            content = opened.read(LIMIT + 1)
    except OSError as error:
        why = error.strerror or type(error).__name__
        raise SubmissionError(path.name, f"could not read it: {why}") from None
    if len(content) > LIMIT:
        raise SubmissionError(
            path.name, f"it is larger than {LIMIT // 1000} KB"
        )
    return _members(path.name, content)


def _members(where: str, content: bytes) -> dict[str, bytes]:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            entries = archive.infolist()
            if problems := [*_problems(entries)]:
                raise SubmissionError(where, *problems)
            return {
                entry.filename: _read(where, archive, entry)
                for entry in entries
                if entry.filename != _FOLDER
            }
    except _FAULTS as error:
        what = one_line(str(error), _SHOWN) or type(error).__name__
        raise SubmissionError(
            where,
            f"it is damaged, or no zip: {what}",
            remedy="hand in the file as `lab submit` wrote it",
        ) from None


def _problems(entries: list[zipfile.ZipInfo]) -> Iterator[str]:
    """Tell what is wrong with members before any is read."""
    names = [entry.orig_filename for entry in entries]
    for name in sorted({*MEMBERS} - OPTIONAL - {*names}):
        yield f"{name} is missing"
    for name in sorted({*names} & {*MEMBERS}):
        if names.count(name) > 1:
            yield f"{name} is there {names.count(name)} times"
    for entry in entries[: len(MEMBERS) + _TOLD]:
        if problem := _problem(entry):
            yield f"{one_line(entry.orig_filename, _SHOWN)!r} {problem}"


def _problem(entry: zipfile.ZipInfo) -> str:
    """Tell what forbids to read a member, "" if nothing does."""
    name, folder = entry.orig_filename, entry.orig_filename == _FOLDER
    kinds = {0, stat.S_IFDIR if folder else stat.S_IFREG}
    methods = {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}
    limit = 0 if folder else LIMIT
    rules = (
        (not folder and name not in MEMBERS, "is no member of a submission"),
        (stat.S_IFMT(entry.external_attr >> 16) not in kinds, "is a link"),
        (entry.flag_bits & _ENCRYPTED, "is encrypted"),
        (entry.compress_type not in methods, "is not packed by deflate"),
        (entry.file_size > limit, f"is larger than {limit // 1000} KB"),
    )
    return next((text for wrong, text in rules if wrong), "")


def _read(
    where: str, archive: zipfile.ZipFile, entry: zipfile.ZipInfo
) -> bytes:
    """Return a member, of which no more is unpacked than its header says."""
    with archive.open(entry) as opened:
        content = opened.read(LIMIT + 1)
    if len(content) != entry.file_size:
        raise SubmissionError(
            where, f"{entry.filename} has another size than it says"
        )
    return content
