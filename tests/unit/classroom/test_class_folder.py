"""The teacher's folder: made once, read strictly, never half."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from graders.classroom.class_folder import new_class, open_class
from graders.classroom.enrolment import enrol
from graders.classroom.tickets import today
from graders.errors import CannotCheck, UsageError
from tests.classes import a_class, entries, ticket_text

if TYPE_CHECKING:
    from pathlib import Path

SOON = today() + timedelta(days=9)


def test_new(tmp_path: Path) -> None:
    """It is opened as it was made; what is secret is the owner's alone."""
    made = new_class(tmp_path / "a" / "b", "Networks (2) Ü", SOON)

    assert open_class(made.folder) == made
    assert made.folder.stat().st_mode & 0o777 == 0o700
    assert (made.folder / "key").stat().st_mode & 0o777 == 0o600
    assert "*" in (made.folder / ".gitignore").read_text(encoding="utf-8")
    made.signer()


def test_not_twice(tmp_path: Path) -> None:
    """A class is never replaced: its tickets would not count any more."""
    made = new_class(tmp_path, "Networks", SOON)

    with pytest.raises(UsageError, match="has a class already"):
        new_class(tmp_path, "Networks", SOON)

    assert open_class(tmp_path) == made


def test_interrupted(tmp_path: Path) -> None:
    """A folder that has no class yet is completed, with the same key."""
    made = new_class(tmp_path, "Networks", SOON)
    (tmp_path / "class.yml").unlink()

    assert new_class(tmp_path, "Networks", SOON).key == made.key


@pytest.mark.parametrize("course", ["", "-x", "a/b", "a\nb", "x" * 61, "../a"])
def test_odd_course(tmp_path: Path, course: str) -> None:
    """The error says what is allowed; nothing is made."""
    with pytest.raises(UsageError, match="a course's name must"):
        new_class(tmp_path / "c", course, SOON)
    assert not (tmp_path / "c").exists()


def test_past_course(tmp_path: Path) -> None:
    """A day that is over is a typo."""
    with pytest.raises(UsageError, match="which is over"):
        new_class(tmp_path / "c", "N", today() - timedelta(days=1))


def test_unwritable(tmp_path: Path) -> None:
    """The reason is told, with what to do."""
    (tmp_path / "file").touch()

    with pytest.raises(UsageError, match=r"could not create.*--folder"):
        new_class(tmp_path / "file", "N", SOON)


def test_no_class(tmp_path: Path) -> None:
    """The error says how to name one."""
    with pytest.raises(UsageError, match=r"no class\.yml.*--class"):
        open_class(tmp_path)


def test_class_file_by_hand(tmp_path: Path) -> None:
    """All mistakes are told with their lines."""
    new_class(tmp_path, "N", SOON)
    file = tmp_path / "class.yml"
    text = file.read_text(encoding="utf-8")
    file.write_text(text + "teacher: me\nkey2: 1\n", encoding="utf-8")

    with pytest.raises(UsageError) as caught:
        open_class(tmp_path)

    assert caught.value.problems == [
        f"{file}:7: teacher is not a key that class.yml knows",
        f"{file}:8: key2 is not a key that class.yml knows",
    ]


def test_another_key(tmp_path: Path) -> None:
    """Tickets by another key would not count."""
    one, other = (new_class(tmp_path / it, "N", SOON) for it in "ab")
    (other.folder / "key").replace(one.folder / "key")

    with pytest.raises(CannotCheck, match="is not the key that"):
        open_class(one.folder).signer()


def test_enrol_twice(tmp_path: Path) -> None:
    """The second time nothing changes, to the byte."""
    course = a_class(tmp_path, "ada", "bob")
    before = [ticket_text(course, it) for it in ("ada", "bob")]

    done = enrol(course, entries("ada", "bob"))

    assert (done.kept, done.new, done.left) == (("ada", "bob"), (), ())
    assert [ticket_text(course, it) for it in ("ada", "bob")] == before


def test_who_comes_and_goes(tmp_path: Path) -> None:
    """Who comes back has the same numbers."""
    course = a_class(tmp_path, "ada", "bob")
    nonces = _nonces(course.folder, "ada", "bob")
    assert len(set(nonces)) == 2

    done = enrol(course, entries("bob", "cyd"))
    assert (done.new, done.kept, done.left) == (("cyd",), ("bob",), ("ada",))

    done = enrol(course, entries("ada", "bob"))
    assert (done.kept, done.left) == (("ada", "bob"), ("cyd",))
    assert _nonces(course.folder, "ada", "bob") == nonces


def test_another_day_or_name(tmp_path: Path) -> None:
    """The ticket is signed again, with the same nonce."""
    course = a_class(tmp_path, "ada")
    nonces = _nonces(tmp_path, "ada")
    longer = replace(course, valid_until=course.valid_until + timedelta(9))

    done = enrol(longer, [replace(entries("ada")[0], name="Ada L")])

    assert done.renewed == ("ada",)
    ticket = course.ticket("ada")
    assert ticket
    assert (ticket.name, ticket.valid_until) == ("Ada L", longer.valid_until)
    assert _nonces(tmp_path, "ada") == nonces


def test_damaged_tickets(tmp_path: Path) -> None:
    """No student silently gets other numbers; all are told at once."""
    course = a_class(tmp_path / "a", "ada", "bob", "cyd", "eve")
    other = a_class(tmp_path / "b", "bob")
    course.ticket_file("ada").write_text("", encoding="utf-8")
    other.ticket_file("bob").replace(course.ticket_file("bob"))
    course.ticket_file("cyd").write_text(
        ticket_text(course, "eve"), encoding="utf-8"
    )

    with pytest.raises(UsageError) as caught:
        enrol(course, entries("ada", "bob", "cyd", "eve"))

    told = caught.value.problems
    assert [it.split("/")[-1].split(".")[0] for it in told] == [
        "ada",
        "bob",
        "cyd",
    ]
    assert "not the form of a ticket" in told[0]
    assert "another teacher's key" in told[1]
    assert "it is of eve" in told[2]


def _nonces(folder: Path, *students: str) -> list[str]:
    course = open_class(folder)
    return [ticket.nonce for it in students if (ticket := course.ticket(it))]
