"""The students of a class, read from the CSV file of a spreadsheet.

Learning platforms and spreadsheets write such files in several ways: with
commas, semicolons or tabs, with a byte order mark, in UTF-16, with other
names of columns. All that is wrong with one is told at once, by line.
"""

from __future__ import annotations

import csv
import io
import re
import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from graders.classroom.seats.student_keys import check_key
from graders.errors import UsageError, one_line
from graders.plan.networks import DEMO, check_student

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from graders.classroom.class_folder import Class

# Bytes of a file: five thousand students have less.
_LIMIT: Final = 1_000_000
# Problems that are told, of thousands.
_TOLD: Final = 50
_SHOWN: Final = 60
_LONGEST: Final = 200
_LONGEST_KEY: Final = 4000
_DELIMITERS: Final = ",;\t"
_MARKS: Final = {
    b"\xef\xbb\xbf": "utf-8-sig",
    b"\xff\xfe": "utf-16",
    b"\xfe\xff": "utf-16",
}
# What columns are called, in lower case and without spaces, - and _.
_CANVAS_LOGIN: Final = "sisloginid"
_STUDENT: Final = ("student", "studentname")
_LOGIN: Final = ("login", "username", "userid", "loginid", _CANVAS_LOGIN)
_NAME: Final = ("name", "fullname", "displayname")
_FIRST: Final = ("firstname", "givenname")
_LAST: Final = ("lastname", "surname", "familyname")
_EMAIL: Final = ("email", "mail", "emailaddress")
_PUBLIC_KEY: Final = ("key", "sshkey", "publickey", "sshpublickey")
_COLUMNS: Final = {
    alias: names[0]
    for names in (
        *(_STUDENT, _LOGIN, _NAME, _FIRST, _LAST, _EMAIL),
        _PUBLIC_KEY,
    )
    for alias in names
}
_ANY_LOGIN: Final = ("student", "login", "email")


@dataclass(frozen=True)
class Entry:
    """A student of a class; `line` is where the file has them.

    `key` is the public SSH key by which seats let them in, or "".
    """

    student: str
    login: str
    name: str
    email: str
    line: int
    key: str = ""


@dataclass(frozen=True)
class _Header:
    """What each column has that the kit reads, and how many there are."""

    columns: Mapping[int, str]
    width: int


class _Problems:
    """What is wrong with a file, by line."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._lines: list[str] = []

    def __bool__(self) -> bool:
        return bool(self._lines)

    def tell(self, line: int, problem: str) -> None:
        where = f"{self._file}:{line}" if line else str(self._file)
        self._lines.append(f"{where}: {problem}")

    def raise_if_any(self, remedy: str = "") -> None:
        """Raise UsageError with all of them."""
        if not self._lines:
            return
        more = len(self._lines) - _TOLD
        told = self._lines[:_TOLD]
        if more > 0:
            told.append(f"{self._file}: {more} more lines are wrong")
        raise UsageError(*told, remedy=remedy)


def read_roster(file: Path) -> list[Entry]:
    """Return the students that a CSV file names, in its order.

    Raises:
        UsageError: all that is wrong with it, each with its line.

    """
    problems = _Problems(file)
    text = _text(file, problems)
    problems.raise_if_any(
        "save it as CSV in UTF-8: in Excel, `CSV UTF-8 (Comma delimited)`"
    )
    rows = _rows(text, problems)
    first = next(rows, None)
    header = _header(first, problems)
    problems.raise_if_any(
        "the first line names the columns: login,name,email; login is what"
        " students call themselves, name and email may be left out"
    )
    entries = [
        entry
        for line, row in rows
        if (entry := _entry(line, _fields(line, row, header, problems)))
        and not _is_wrong(entry, problems)
    ]
    _tell_duplicates(entries, problems)
    if not entries and not problems:
        problems.tell(0, "it names no students")
    problems.raise_if_any("nothing was changed; correct the file")
    return entries


def class_students(course: Class) -> frozenset[str]:
    """Return the students of a class by their names in the kit.

    Raises:
        UsageError: there are none, or the roster is damaged.

    """
    if not course.roster.exists():
        raise UsageError(
            f"{course.course} has no students yet",
            remedy="`lab class roster FILE.csv` reads who they are",
        )
    return frozenset(it.student for it in read_roster(course.roster))


def to_csv(entries: Sequence[Entry]) -> str:
    """Return the roster as the class's folder keeps it."""
    written = io.StringIO()
    writer = csv.writer(written, lineterminator="\n")
    columns = ["student", "login", "name", "email"]
    if any(one.key for one in entries):
        columns.append("key")
    writer.writerow(columns)
    writer.writerows(
        [getattr(one, column) for column in columns] for one in entries
    )
    return written.getvalue()


def _text(file: Path, problems: _Problems) -> str:
    try:
        with file.open("rb") as opened:
            content = opened.read(_LIMIT + 1)
    except OSError as error:
        problems.tell(0, error.strerror or "it cannot be read")
        return ""
    if len(content) > _LIMIT:
        problems.tell(0, f"it is larger than {_LIMIT // 1000} KB")
    elif content.startswith(b"PK"):
        problems.tell(0, "it is a spreadsheet, and no CSV file")
    else:
        return _decoded(content, problems)
    return ""


def _decoded(content: bytes, problems: _Problems) -> str:
    """Return the text; tell each line that is none."""
    encoding = next(
        (name for mark, name in _MARKS.items() if content.startswith(mark)),
        "utf-8",
    )
    try:
        text = content.decode(encoding)
    except UnicodeDecodeError:
        if encoding == "utf-16":
            problems.tell(0, "it is not text in UTF-16")
        for number, line in enumerate(content.splitlines(), start=1):
            if encoding != "utf-16" and not _is_utf8(line):
                shown = one_line(line.decode("latin-1"), _SHOWN)
                problems.tell(number, f"no UTF-8: {shown}")
        return ""
    if "\0" in text:
        problems.tell(0, "it has characters that no text has")
    return text


def _is_utf8(line: bytes) -> bool:
    try:
        line.decode()
    except UnicodeDecodeError:
        return False
    return True


def _rows(text: str, problems: _Problems) -> Iterator[tuple[int, list[str]]]:
    """Yield the lines that are not empty, with their numbers."""
    lines = list(io.StringIO(text, newline=""))
    skipped = 0
    # Excel writes and reads this before the header.
    if lines and re.fullmatch(r"sep=.\s*", lines[0]):
        skipped = 1
    header = next((it for it in lines[skipped:] if it.strip()), "")
    reader = csv.reader(
        lines[skipped:], delimiter=_delimiter(header), strict=True
    )
    while True:
        line = reader.line_num + skipped + 1
        try:
            row = [" ".join(field.split()) for field in next(reader)]
        except StopIteration:
            return
        except csv.Error as error:
            problems.tell(line, f"no line of a CSV file: {error}")
            continue
        if any(row):
            yield line, row


def _delimiter(header: str) -> str:
    """Return what separates the columns of the header."""
    return max(
        _DELIMITERS,
        key=lambda char: (
            sum(_key(name) in _COLUMNS for name in header.split(char)),
            header.count(char),
        ),
    )


def _key(name: str) -> str:
    return re.sub(r"[\s_\"'-]", "", name).lower()


def _header(
    first: tuple[int, list[str]] | None, problems: _Problems
) -> _Header:
    """Return what the first line says."""
    if first is None:
        problems.tell(0, "it is empty")
        return _Header({}, 0)
    line, header = first
    keys = [_key(title) for title in header]
    # Canvas calls people's names so.
    canvas = {"student": "name"} if _CANVAS_LOGIN in keys else {}
    names = _COLUMNS | canvas
    found: dict[int, str] = {}
    for at, key in enumerate(keys):
        known = names.get(key)
        if known in found.values():
            problems.tell(line, f"column {known} is there twice")
        if known:
            found[at] = known
    if not set(found.values()) & {*_ANY_LOGIN}:
        shown = one_line(", ".join(header), _SHOWN)
        problems.tell(line, f"expected a column login, not only: {shown}")
    return _Header(found, len(header))


def _fields(
    line: int,
    row: list[str],
    header: _Header,
    problems: _Problems,
) -> dict[str, str]:
    """Return the fields of a line by column; {} if they do not fit."""
    if len(row) > header.width and any(row[header.width :]):
        problems.tell(
            line,
            f"expected {header.width} fields as in the first line, not"
            f" {len(row)}; a field with the separator in it is put in double"
            " quotes",
        )
        return {}
    found = {
        header.columns[at]: unicodedata.normalize("NFC", value)
        for at, value in enumerate(row)
        if at in header.columns
    }
    for column, value in found.items():
        longest = _LONGEST_KEY if column == "key" else _LONGEST
        if len(value) > longest or not value.isprintable():
            problems.tell(
                line,
                f"{column} must be at most {longest} characters that can be"
                f" printed, not {one_line(value, _SHOWN)!r}",
            )
            return {}
    if not any(found.get(column) for column in _ANY_LOGIN):
        problems.tell(line, f"login is missing: {_shown(row)}")
        return {}
    return found


def _entry(line: int, fields: Mapping[str, str]) -> Entry | None:
    """Return the student of a line; the name may not be allowed yet."""
    if not fields:
        return None
    login = (
        fields.get("login") or fields.get("email") or fields.get("student", "")
    )
    both = f"{fields.get('firstname', '')} {fields.get('lastname', '')}"
    return Entry(
        student=fields.get("student") or student_name(login),
        login=login,
        name=fields.get("name") or both.strip() or login,
        email=fields.get("email", ""),
        line=line,
        key=fields.get("key", ""),
    )


def student_name(login: str) -> str:
    """Return the student's name in the kit for a login.

    That is the part before an @, in lower case and without accents, with -
    for what names cannot have.
    """
    plain = unicodedata.normalize("NFKD", login.partition("@")[0].lower())
    ascii_only = plain.encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9]+", "-", ascii_only).strip("-")


def _is_wrong(entry: Entry, problems: _Problems) -> bool:
    """Tell whether a name or key cannot be a student's, and why."""
    if entry.key:
        try:
            check_key(entry.key)
        except ValueError as error:
            problems.tell(entry.line, f"key of {entry.student}: {error}")
            return True
    why = ""
    try:
        check_student(entry.student)
    except UsageError as error:
        why = error.problems[0]
    if entry.student == DEMO:
        why = f"{DEMO} has the module's own numbers"
    if why:
        problems.tell(
            entry.line,
            f"login {one_line(entry.login, _SHOWN)!r} gives no name for a lab:"
            f" {why}; a column student can have another one",
        )
    return bool(why)


def _tell_duplicates(entries: list[Entry], problems: _Problems) -> None:
    first: dict[str, Entry] = {}
    for entry in entries:
        other = first.setdefault(entry.student, entry)
        if other is entry:
            continue
        both = f"{other.login!r} in line {other.line}"
        problems.tell(
            entry.line,
            f"login {entry.login!r} gives the same name for a lab,"
            f" {entry.student}, as {both}"
            + (
                ""
                if other.login == entry.login
                else "; a column student can have another one"
            ),
        )


def _shown(row: list[str]) -> str:
    return one_line(", ".join(filter(None, row)), _SHOWN)
