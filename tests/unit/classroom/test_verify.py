"""Honest submissions are verified, and what forgers try is refused."""

from __future__ import annotations

import io
import json
import os
import shutil
import stat
import time
import zipfile
from dataclasses import replace
from datetime import UTC, datetime, timedelta, tzinfo
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graders.classroom import history, submission, zipped
from graders.classroom.enrolment import enrol
from graders.classroom.verify import Row, of_other_faults, verify
from graders.classroom.verify_report import table
from graders.grading.result import GradeResult
from graders.plan.plan import make_plan
from graders.state import journal, lab_state
from tests.classes import a_class, entries, ticket_text
from tests.fuzzing import FUZZ, damage
from tests.handed_in import Work, chained, edited, graded, load_lab

if TYPE_CHECKING:
    from pathlib import Path

    from graders.classroom.class_folder import Class

LABS = ("1", "2", "3", "4", "5")


@pytest.fixture
def course(tmp_path: Path) -> Class:
    """Make a class of three."""
    return a_class(tmp_path / "class", "ada", "bob", "cyd")


def _one(path: Path, course: Class | None = None) -> Row:
    (row,) = verify([path], course)
    return row


def _with_journal(
    folder: Path,
    course: Class,
    change: Any,  # noqa: ANN401 - a change
) -> Row:
    """Verify a submission of ada whose journal was changed."""
    return _one(Work.of(course, "ada").write(folder, chained(change)), course)


def _told(row: Row) -> str:
    return "\n".join(f"{it.kind} {it.about}: {it}" for it in row.reasons)


# What is right.


@pytest.mark.parametrize("number", LABS)
def test_honest(tmp_path: Path, course: Class, number: str) -> None:
    """Nothing is said about it, solved or not."""
    for failed in ((), (next(iter(load_lab(number).checks)),)):
        work = Work.of(course, "ada", lab=number, failed=failed)

        row = _one(work.write(tmp_path), course)

        assert (_told(row), row.status) == ("", "verified")
        assert row.sent


def test_honest_class(tmp_path: Path, course: Class) -> None:
    """Students with the same fault are not accused of copying."""
    files = [
        Work.of(course, student, lab=lab).write(tmp_path)
        for student in ("ada", "bob", "cyd")
        for lab in ("1", "2")
    ]

    rows = verify(files, course)

    assert [row.path for row in rows] == files
    assert {row.status for row in rows} == {"verified"}


def test_given_up_is_honest(tmp_path: Path, course: Class) -> None:
    """The result says so, and that is for the teacher."""
    work = Work.of(course, "ada", gave_up=True, hints=0)

    assert _one(work.write(tmp_path), course).status == "verified"


def test_other_networks(tmp_path: Path, course: Class) -> None:
    """Where the first choice is taken, the plan has another slot."""
    path = Work.of(course, "ada", slot=3).write(tmp_path)

    assert _one(path, course).status == "verified"


def test_without_a_class(tmp_path: Path, course: Class) -> None:
    """What only the class knows is a warning, with what to do."""
    row = _one(Work.of(course, "ada").write(tmp_path))

    assert row.status == "warning"
    assert _told(row) == (
        "warning ticket: whose ticket it is cannot be verified without --class"
    )


def test_without_a_ticket(tmp_path: Path, course: Class) -> None:
    """It is never silently as good; in a class it does not count."""
    path = Work("ada").write(tmp_path)

    assert "warning ticket: no ticket" in _told(_one(path))
    assert "refused ticket: no ticket for Networks 2027" in _told(
        _one(path, course)
    )
    assert _one(path).status == "warning"


def test_demo(tmp_path: Path) -> None:
    """The module's own numbers, also where its LAN has another name."""
    path = Work("demo").write(tmp_path)
    assert _one(path).status == "warning"

    moved = make_plan(lan_name="metallb-lab").as_vars()
    path = Work("demo").write(tmp_path, edited(zipped.PLAN, numbers=moved))
    assert "refused numbers" not in _told(_one(path))


# Edited after it was signed.


@pytest.mark.parametrize(
    ("name", "content"),
    [
        (zipped.JOURNAL, b""),
        (zipped.TYPED, b"```shell\nrm -rf /\n```\n"),
        (zipped.DIFFERENCES, b'{"version": 1}'),
    ],
)
def test_edited(
    tmp_path: Path, course: Class, name: str, content: bytes
) -> None:
    """Each file is covered by the signature."""

    def change(files: dict[str, bytes]) -> None:
        files[name] = content

    row = _one(
        Work.of(course, "ada").write(tmp_path, change, again=False), course
    )

    assert row.status == "refused"
    assert f"signature: {name} was changed after it was signed" in _told(row)


@pytest.mark.parametrize("name", [zipped.TYPED, zipped.DIFFERENCES])
def test_removed(tmp_path: Path, course: Class, name: str) -> None:
    """A signed file cannot be left out."""
    path = Work.of(course, "ada").write(
        tmp_path, lambda files: files.__delitem__(name), again=False
    )

    assert f"{name} is signed and missing" in _told(_one(path, course))


def test_edited_result(tmp_path: Path, course: Class) -> None:
    """More points than the student's grade gave."""
    work = Work.of(course, "ada", failed=("vip",))
    change = edited(zipped.RESULT, points=99, solved=True)

    row = _one(work.write(tmp_path, change, again=False), course)

    assert "result.json was changed" in _told(row)
    assert "refused points: points must be" in _told(row)


def test_damaged_signature(tmp_path: Path, course: Class) -> None:
    """A statement of another submission does not fit."""
    one = Work.of(course, "ada").write(tmp_path)
    other = Work.of(course, "ada", lab="2").write(tmp_path)
    members = zipped.unpack(one)
    members[zipped.STATEMENT] = zipped.unpack(other)[zipped.STATEMENT]
    one.write_bytes(zipped.pack(members))

    assert "was changed after it was signed" in _told(_one(one, course))


@pytest.mark.parametrize(
    "text", ["", "{}", "[]", '{"payload": 1}', "x", "[" * 5000]
)
def test_no_signature(tmp_path: Path, course: Class, text: str) -> None:
    """Whatever takes its place."""
    path = Work.of(course, "ada").write(tmp_path)
    members = zipped.unpack(path) | {zipped.STATEMENT: text.encode()}
    path.write_bytes(zipped.pack(members))

    row = _one(path, course)

    assert row.status == "refused"
    assert "refused signature" in _told(row)


def test_wrong_key(tmp_path: Path, course: Class) -> None:
    """A key that the statement only names has signed nothing."""
    path = Work.of(course, "ada").write(tmp_path)
    members = zipped.unpack(path)
    envelope = json.loads(members[zipped.STATEMENT])
    envelope["signatures"][0]["sig"] = "00" * 64
    members[zipped.STATEMENT] = json.dumps(envelope).encode()
    path.write_bytes(zipped.pack(members))

    assert "the signature is not that of its key" in _told(_one(path, course))


# Edited, and signed again: students have their own keys.


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"points": 99}, "points must be"),
        ({"total": 1}, "total must be"),
        ({"solved": True}, "solved must be False"),
        (
            {"first_broken_layer": None},
            "first_broken_layer must be allocation",
        ),
        ({"attempt": 0}, "attempt cannot be 0"),
        ({"hints": -1}, "hints cannot be -1"),
        ({"hints": 0}, "it has 1 hints, and the result says 0"),
        ({"attempt": 1}, "it has 2 grades, and the result says 1"),
        ({"student": "bob"}, "the result is of 'bob', the plan of ada"),
        ({"lab": "lab-2-layer-2"}, "the result is of 'lab-2-layer-2'"),
        ({"checks": []}, "check vip is missing"),
        ({"title": "x"}, "not the document of the last grade"),
    ],
)
def test_result_does_not_add_up(
    tmp_path: Path, course: Class, fields: dict[str, Any], told: str
) -> None:
    """The points, and the journal, say another thing."""
    work = Work.of(course, "ada", failed=("vip",))

    row = _one(work.write(tmp_path, edited(zipped.RESULT, **fields)), course)

    assert row.status == "refused"
    assert told in _told(row)


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"outcome": "pass"}, "pass gives 2 points, not 0"),
        (
            {"outcome": "pass", "points": 2},
            "failed of the last grade is ['vip'], and []",
        ),
        ({"of": 1}, "check vip gives 2 points, not 1"),
        ({"name": "vap"}, "the lab has no check 'vap'"),
        ({"name": "webhook"}, "check 'webhook' is there twice"),
        ({"cause": "needs"}, "fail cannot have the cause 'needs'"),
    ],
)
def test_edited_check(
    tmp_path: Path, course: Class, fields: dict[str, Any], told: str
) -> None:
    """A check that failed does not become one that passed."""
    work = Work.of(course, "ada", failed=("vip",))
    points = load_lab("1").checks["vip"]

    def change(files: dict[str, bytes]) -> None:
        result = json.loads(files[zipped.RESULT])
        (failed,) = [it for it in result["checks"] if it["name"] == "vip"]
        failed.update(fields)
        if fields.get("points"):
            failed["points"] = points
        files[zipped.RESULT] = json.dumps(result).encode()

    row = _one(work.write(tmp_path, change), course)

    assert row.status == "refused"
    assert told.replace("2 points", f"{points} points") in _told(row)


def test_checks_of_another_fault(tmp_path: Path, course: Class) -> None:
    """A grade leaves them out, so they give no points."""
    lab = load_lab("1")
    fault = next(it for it in lab.variants if of_other_faults(lab.id, it))
    work = Work.of(course, "ada", variant=fault)
    other = next(iter(of_other_faults(lab.id, fault)))

    def change(files: dict[str, bytes]) -> None:
        result = json.loads(files[zipped.RESULT])
        more = {"name": other, "points": lab.checks[other]}
        result["checks"].append(
            result["checks"][0] | more | {"of": lab.checks[other]}
        )
        files[zipped.RESULT] = json.dumps(result).encode()

    row = _one(work.write(tmp_path, change), course)

    assert f"check {other} is for another fault" in _told(row)


def _event(name: str) -> Any:  # noqa: ANN401 - a change
    return lambda entries: [it for it in entries if it.event != name]


def _data(event: str, **fields: Any) -> Any:  # noqa: ANN401 - a change
    return lambda entries: [
        replace(it, data=it.data | fields) if it.event == event else it
        for it in entries
    ]


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (_event(journal.START), "does not begin with the start of a lab"),
        (_event(journal.GRADE), "it has no grade"),
        (lambda entries: entries[:-1], "not the document of the last grade"),
        (_data(journal.GRADE, result="0" * 64), "not the document"),
        (_data(journal.GRADE, points=1), "points of the last grade is 1"),
        (_data(journal.GRADE, hints=0), "hints of the last grade is 0"),
        (
            lambda entries: [replace(it, run="other") for it in entries],
            "line 1 is about another run",
        ),
        (
            lambda entries: [
                replace(it, lab="lab-2-layer-2") for it in entries
            ],
            "line 1 is about another run",
        ),
        (lambda entries: [*entries[:-1], *entries[-3:]], "it has 2 hints"),
        (
            lambda entries: [
                *entries[:-1],
                replace(entries[0], event=journal.GIVE_UP, data={}),
                entries[-1],
            ],
            "the solution was shown, and the result says it was not",
        ),
        (lambda entries: [*entries[1:], entries[0]], "does not begin"),
        (
            lambda entries: [
                replace(entries[0], time="2031-01-01T00:00:00+00:00"),
                *entries[1:],
            ],
            "is earlier than the line before",
        ),
        (lambda _: [], "does not begin with the start of a lab"),
    ],
)
def test_edited_journal(
    tmp_path: Path,
    course: Class,
    change: Any,  # noqa: ANN401 - a change
    told: str,
) -> None:
    """A journal whose chain was made again must tell of this result."""
    row = _with_journal(tmp_path, course, change)

    assert row.status == "refused"
    assert told in _told(row)


def test_broken_chain(tmp_path: Path, course: Class) -> None:
    """A line that was taken out leaves its trace in the next one."""

    def change(files: dict[str, bytes]) -> None:
        lines = files[zipped.JOURNAL].splitlines(keepends=True)
        files[zipped.JOURNAL] = b"".join([*lines[:2], *lines[3:]])

    row = _one(Work.of(course, "ada").write(tmp_path, change), course)

    assert "line 3: expected number 2, not 3" in _told(row)
    assert "line 3 does not follow from the line before" in _told(row)
    assert row.status == "refused"


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (
            _event(journal.HINT),
            "lines are missing: the result says 1 hints, not 0",
        ),
        (
            lambda entries: [entries[0], *entries[2:]],
            "lines are missing: the result says 2 grades, not 1",
        ),
        (
            lambda entries: [
                *entries,
                replace(entries[-1], event=journal.RESET, data={}),
            ],
            "the lab was reset after the grade",
        ),
        (
            lambda entries: [
                *entries[:-1],
                replace(entries[-1], time="2099-01-01T00:00:00+00:00"),
            ],
            "which is in the future",
        ),
    ],
)
def test_doubtful_journal(
    tmp_path: Path,
    course: Class,
    change: Any,  # noqa: ANN401 - a change
    told: str,
) -> None:
    """What may have happened to an honest student is a warning."""
    row = _with_journal(tmp_path, course, change)

    assert row.status == "warning"
    assert told in _told(row)


def test_given_up_without_a_line(tmp_path: Path, course: Class) -> None:
    """It is told, and not held against a student who says so."""
    work = Work.of(course, "ada", gave_up=True)

    row = _one(work.write(tmp_path, chained(_event(journal.GIVE_UP))), course)

    assert "lines are missing: the solution was shown" in _told(row)


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"result": "FAILED"}, "the statement says result 'FAILED'"),
        ({"passedTests": []}, "the statement says passedTests []"),
        ({"student": "bob"}, "the statement says student 'bob'"),
        ({"lab": None}, "the statement says lab None"),
        ({"nonce": "0" * 16}, "the statement says nonce"),
    ],
)
def test_edited_statement(
    tmp_path: Path, course: Class, fields: dict[str, Any], told: str
) -> None:
    """The statement must say what the files do."""
    path = Work.of(course, "ada", predicate=fields).write(tmp_path)

    row = _one(path, course)

    assert row.status == "refused"
    assert told in _told(row)


@pytest.mark.parametrize("configuration", [None, [], [1], "x", [{"name": 1}]])
def test_other_grader(
    tmp_path: Path, course: Class, configuration: object
) -> None:
    """Who has another grader than the teacher, or says nothing of it."""
    predicate = {"configuration": configuration}
    path = Work.of(course, "ada", predicate=predicate).write(tmp_path)

    row = _one(path, course)

    assert row.status == "warning"
    assert "graded by another labs/lab-1-pending-service/lab.yml" in _told(row)


# Another student's, another year's.


def test_last_year(tmp_path: Path, course: Class) -> None:
    """Ticket and numbers of last year's class do not count this year."""
    old = a_class(tmp_path / "old", "ada", course="Networks 2026")

    row = _one(Work.of(old, "ada").write(tmp_path), course)

    assert row.status == "refused"
    assert (
        "ticket: it is for Networks 2026, by another teacher's key"
        in _told(row)
    )


def test_last_year_of_the_same_teacher(tmp_path: Path, course: Class) -> None:
    """The same key with another course: numbers are of the course."""
    old = replace(course, course="Networks 2026", folder=tmp_path / "old")
    shutil.copytree(course.folder, old.folder)
    shutil.rmtree(old.tickets)
    old.tickets.mkdir()
    enrol(old, entries("ada"))

    row = _one(Work.of(old, "ada").write(tmp_path), course)

    assert "refused ticket: it is for Networks 2026" in _told(row)


def test_a_nonce_of_before(tmp_path: Path, course: Class) -> None:
    """A ticket that the teacher has replaced."""
    path = Work.of(course, "ada").write(tmp_path)
    course.ticket_file("ada").unlink()
    enrol(course, entries("ada", "bob", "cyd"))

    row = _one(path, course)

    assert row.status == "refused"
    assert "the class has another ticket for this student" in _told(row)


def test_who_has_no_ticket(tmp_path: Path, course: Class) -> None:
    """A ticket whose student the class does not know, and one who left."""
    path = Work.of(course, "ada").write(tmp_path)
    enrol(course, entries("bob"))
    row = _one(path, course)
    assert (row.status, _told(row)) == (
        "warning",
        "warning ticket: the student is no longer on the roster",
    )

    course.ticket_file("ada").unlink()
    assert "the class has no ticket for this student" in _told(
        _one(path, course)
    )


def test_a_neighbour_s_ticket(tmp_path: Path, course: Class) -> None:
    """Bob hands in Ada's ticket, numbers and work under his name."""
    ticket = json.loads(ticket_text(course, "ada"))
    work = Work.of(course, "bob", ticket=ticket)

    row = _one(work.write(tmp_path), course)

    assert row.status == "refused"
    assert "it is the ticket of ada, not of bob" in _told(row)


def test_a_neighbour_s_file(tmp_path: Path, course: Class) -> None:
    """Bob hands in Ada's file with the names changed, and his own ticket."""
    ada = Work.of(course, "ada")
    work = replace(
        ada, student="bob", ticket=json.loads(ticket_text(course, "bob"))
    )

    row = _one(work.write(tmp_path), course)

    assert row.status == "refused"
    assert "refused numbers: " in _told(row)
    assert "not the numbers of name and ticket" in _told(row)


def test_an_edited_ticket(tmp_path: Path, course: Class) -> None:
    """A ticket that the student has signed is none of the class."""
    forged = a_class(tmp_path / "forged", "ada")

    row = _one(Work.of(forged, "ada").write(tmp_path), course)

    assert row.status == "refused"
    assert "by another teacher's key" in _told(row)


@pytest.mark.parametrize("ticket", [{}, {"payload": "e30="}, {"x": [1]}])
def test_no_ticket_at_all(
    tmp_path: Path, course: Class, ticket: dict[str, Any]
) -> None:
    """Whatever takes its place, with a class or without."""
    path = Work.of(course, "ada", ticket=ticket).write(tmp_path)

    for known in (course, None):
        row = _one(path, known)
        assert row.status == "refused"
        assert "has not the form of a ticket" in _told(row)


def test_made_without_the_ticket(tmp_path: Path, course: Class) -> None:
    """The numbers of the name alone, handed in with a ticket."""
    work = Work.of(course, "ada", nonce="")

    row = _one(work.write(tmp_path), course)

    assert row.status == "refused"
    assert "the lab was made without it" in _told(row)


@pytest.mark.parametrize("slot", [-1, 150, 10**9])
def test_no_such_slot(tmp_path: Path, course: Class, slot: int) -> None:
    """Networks that no plan has."""
    path = Work.of(course, "ada").write(
        tmp_path, edited(zipped.PLAN, slot=slot)
    )

    assert "refused numbers: slot must be" in _told(_one(path, course))


@pytest.mark.parametrize(
    "numbers", [{}, {"pool": "10.0.0.1-10.0.0.9"}, {"pool": [[]]}]
)
def test_other_numbers(
    tmp_path: Path, course: Class, numbers: dict[str, Any]
) -> None:
    """Which ones are wrong is told."""
    path = Work.of(course, "ada").write(
        tmp_path, edited(zipped.PLAN, numbers=numbers)
    )

    row = _one(path, course)

    assert row.status == "refused"
    assert "numbers: advertisement_name" in _told(row)


def test_an_easier_fault(tmp_path: Path, course: Class) -> None:
    """A fault that the student has chosen does not count."""
    work = Work.of(course, "ada")
    own = submission.read(work.write(tmp_path)).plan.fault
    other = next(it for it in load_lab("1").variants if it != own)

    row = _one(replace(work, variant=other).write(tmp_path), course)

    assert row.status == "refused"
    assert f"the lab had fault '{other}', and ada has {own}" in _told(row)


@pytest.mark.parametrize("packed", ["", "x", lab_state.pack({})])
def test_no_fault(tmp_path: Path, course: Class, packed: str) -> None:
    """A fault that cannot be read is not that of the student."""
    path = Work.of(course, "ada").write(
        tmp_path, edited(zipped.PLAN, variant=packed)
    )

    assert "refused fault: the lab had fault ''" in _told(_one(path, course))


def test_late(
    tmp_path: Path, course: Class, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By the student's clock, so it is a warning."""
    late = datetime.now(UTC) + timedelta(days=40)

    class Later(datetime):
        """A clock."""

        @classmethod
        def now(cls, tz: tzinfo | None = None) -> Later:
            return cls.fromtimestamp(late.timestamp(), tz)

    monkeypatch.setattr(journal, "datetime", Later)
    path = Work.of(course, "ada").write(tmp_path)
    monkeypatch.setattr(history, "datetime", Later)

    row = _one(path, course)

    assert row.status == "warning"
    assert "after the last day" in _told(row)


def test_another_kit(tmp_path: Path, course: Class) -> None:
    """What only its own version could tell is a warning."""

    def change(files: dict[str, bytes]) -> None:
        for name in (zipped.PLAN, zipped.RESULT):
            edited(name, kit="9.9")(files)
        edited(zipped.PLAN, recipe="00000000", numbers={})(files)

    work = Work.of(course, "ada", predicate={"kit": "9.9", "recipe": "0" * 8})
    row = _one(work.write(tmp_path, change), course)

    told = _told(row)
    assert "warning kit: the plan is by version '9.9'" in told
    assert "warning kit: the lab ran on other images ('00000000'" in told
    assert "as far as this version can tell" in told
    assert "refused numbers" not in told


def test_another_lab(tmp_path: Path, course: Class) -> None:
    """A lab that this kit has not cannot be verified."""

    def change(files: dict[str, bytes]) -> None:
        for name in (zipped.PLAN, zipped.RESULT):
            edited(name, lab="../../etc")(files)

    row = _one(Work.of(course, "ada").write(tmp_path, change), course)

    assert "warning fault: this kit has no lab '../../etc'" in _told(row)


def test_damaged_class(tmp_path: Path, course: Class) -> None:
    """What is wrong with the teacher's files is not held against anyone."""
    path = Work.of(course, "ada").write(tmp_path)
    course.roster.write_text("", encoding="utf-8")

    row = _one(path, course)

    assert row.status == "warning"
    assert "the class's own files" in _told(row)


# Files that are made to do harm.


def _zip(*members: tuple[str, bytes], mode: int = 0o644) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members:
            info = zipfile.ZipInfo(name)
            info.external_attr = mode << 16
            info.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(info, content)
    return packed.getvalue()


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"PK",
        _zip(),
        _zip(("result.json", b"0" * 50_000_000)),
        _zip(("../../etc/passwd", b"x")),
        _zip(("/etc/passwd", b"x")),
        _zip(("result.json", b"/etc/passwd"), mode=stat.S_IFLNK | 0o777),
        _zip(*((f"x{at}", b"") for at in range(2000))),
        b"x" * 2_000_000,
    ],
)
def test_hostile_file(tmp_path: Path, course: Class, content: bytes) -> None:
    """It costs its own row, and no other one."""
    bad = tmp_path / "bad.lab"
    bad.write_bytes(content)
    good = Work.of(course, "ada").write(tmp_path)

    rows = verify([bad, good], course)

    assert [row.status for row in rows] == ["refused", "verified"]
    assert rows[0].reasons[0].about == "form"
    assert not (tmp_path / "etc").exists()


def test_truncated(tmp_path: Path, course: Class) -> None:
    """Wherever the file ends, it is refused."""
    path = Work.of(course, "ada").write(tmp_path)
    whole = path.read_bytes()
    for length in range(0, len(whole), len(whole) // 23):
        path.write_bytes(whole[:length])

        assert _one(path, course).status == "refused"


def test_no_file(tmp_path: Path, course: Class) -> None:
    """Folders, pipes and files that are gone are told, and waited for not."""
    os.mkfifo(tmp_path / "pipe.lab")
    rows = verify(
        [tmp_path / "gone.lab", tmp_path, tmp_path / "pipe.lab"], course
    )

    assert {row.status for row in rows} == {"refused"}


def test_thousands_of_reasons(tmp_path: Path, course: Class) -> None:
    """Some are told, the worst first."""

    def change(files: dict[str, bytes]) -> None:
        result = json.loads(files[zipped.RESULT])
        result["checks"] = [
            result["checks"][0] | {"name": f"x{at}"} for at in range(900)
        ]
        files[zipped.RESULT] = json.dumps(result).encode()

    row = _one(Work.of(course, "ada").write(tmp_path, change), course)

    assert len(row.reasons) == 13
    assert "more" in str(row.reasons[-1])
    assert row.status == "refused"


@pytest.mark.parametrize("depth", [200, 400, 900, 960, 980, 990])
@pytest.mark.parametrize("where", ["numbers", "differences", "journal"])
def test_nested_values(
    tmp_path: Path, course: Class, where: str, depth: int
) -> None:
    """However deep, in a file that no other reason refuses, it costs a row."""

    def change(files: dict[str, bytes]) -> None:
        if where == "numbers":
            for name in (zipped.PLAN, zipped.RESULT):
                edited(name, kit="9.9")(files)
            edited(zipped.PLAN, numbers={"x": "DEEP"})(files)
        elif where == "journal":
            chained(_data(journal.GRADE, points="DEEP"))(files)
        else:
            changes = {"apply": [{"x": "DEEP"}]}
            edited(zipped.DIFFERENCES, objects=changes)(files)
        deep = '{"x": ' * depth + "1" + "}" * depth
        for name, content in files.items():
            files[name] = content.replace(b'"DEEP"', deep.encode())

    work = Work.of(course, "bob", predicate={"kit": "9.9"})
    files = [
        work.write(tmp_path, change),
        Work.of(course, "ada").write(tmp_path),
    ]

    rows = verify(files, course)

    assert rows[1].status == "verified"
    assert rows[0].status in {"refused", "warning"}
    assert "a fault of the kit" not in _told(rows[0])


@pytest.mark.parametrize("field", ["points", "attempt", "hints", "slot"])
def test_huge_numbers(tmp_path: Path, course: Class, field: str) -> None:
    """Numbers that Python does not write out are refused."""
    name = zipped.PLAN if field == "slot" else zipped.RESULT
    for huge in (10**4299, -(10**4299), 1e308):
        change = edited(name, **{field: huge})

        row = _one(Work.of(course, "ada").write(tmp_path, change), course)

        assert row.status == "refused"
        assert "a fault of the kit" not in _told(row)
        assert table([row], course)


def test_a_fault_of_the_kit(
    tmp_path: Path, course: Class, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is not held against the student, and the other rows go on."""
    files = [Work.of(course, it).write(tmp_path) for it in ("ada", "bob")]
    real = history.problems

    def fails(sent: submission.Submission) -> Any:  # noqa: ANN401 - an iterator
        if sent.plan.student == "ada":
            raise KeyError("x")
        return real(sent)

    monkeypatch.setattr(history, "problems", fails)

    rows = verify(files, course)

    assert [row.status for row in rows] == ["warning", "verified"]
    assert "a fault of the kit: KeyError: 'x'" in _told(rows[0])


@FUZZ
@given(
    name=st.sampled_from(
        [zipped.RESULT, zipped.JOURNAL, zipped.PLAN, zipped.DIFFERENCES]
    ),
    chance=st.randoms(),
)
def test_any_damage(
    tmp_path_factory: pytest.TempPathFactory,
    name: str,
    chance: Any,  # noqa: ANN401 - random
) -> None:
    """A damaged file that was signed has a status, and no fault."""
    folder = tmp_path_factory.mktemp("verify")

    def change(files: dict[str, bytes]) -> None:
        text = damage(files[name].decode(), chance)
        files[name] = text.encode("utf-8", "replace")

    row = _one(Work().write(folder, change))

    assert row.status in {"refused", "warning"}
    assert "a fault of the kit" not in _told(row)


def test_thirty_in_ten_seconds(tmp_path: Path) -> None:
    """A class is verified while the teacher waits."""
    students = [f"s{at}" for at in range(30)]
    course = a_class(tmp_path / "c", *students)
    files = [
        Work.of(course, student, lab=LABS[at % 5]).write(tmp_path)
        for at, student in enumerate(students)
    ]
    before = time.process_time()

    rows = verify(files, course)

    assert {row.status for row in rows} == {"verified"}
    # Of a processor: the computer may have other work.
    assert time.process_time() - before < 5


def test_the_digest_is_of_the_file(course: Class) -> None:
    """The journal has the digest of the very document that is kept."""
    work = Work.of(course, "ada")
    result = json.loads(work.members[zipped.RESULT])
    parsed = GradeResult.model_validate(result)

    last = journal.parse(work.members[zipped.JOURNAL].decode())[-1]

    assert last.data == graded(parsed)
