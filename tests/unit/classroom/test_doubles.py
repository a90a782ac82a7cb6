"""What students have handed in alike, by copying and by chance."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from graders.classroom import submission, zipped
from graders.classroom.doubles import differences, times, typed
from graders.classroom.verify import verify
from graders.plan.plan import make_plan
from tests.classes import a_class
from tests.handed_in import COMMANDS, Work, edited, load_lab

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from graders.classroom.class_folder import Class


@pytest.fixture
def course(tmp_path: Path) -> Class:
    """Make a class of three."""
    return a_class(tmp_path / "class", "ada", "bob", "cyd")


def _found(
    folder: Path, course: Class, *works: Work, key: str = ""
) -> list[tuple[str, list[str]]]:
    """Return status and doubles of each."""
    files = []
    for at, work in enumerate(works):
        (folder / str(at)).mkdir(exist_ok=True)
        path = work.write(folder, key=key)
        files.append(path.replace(folder / str(at) / path.name))
    rows = verify(files, course)
    return [
        (
            row.status,
            [f"{it.kind}: {it}" for it in row.reasons if it.about == "double"],
        )
        for row in rows
    ]


def test_the_same_times(tmp_path: Path, course: Class) -> None:
    """Nobody measures the same milliseconds twice; both are named."""
    ada, bob = (Work.of(course, it, seconds=0.25) for it in ("ada", "bob"))

    found = _found(tmp_path, course, ada, bob)

    for (status, told), other in zip(found, ("bob", "ada"), strict=True):
        assert status == "refused"
        assert told[0] == (
            "refused: the same times of its checks, to the millisecond, as"
            f" {other} ('{other}-lab-1.lab')"
        )


def test_times_that_were_changed_a_little(
    tmp_path: Path, course: Class
) -> None:
    """Who changes two of the times has still copied the others."""
    works = [Work.of(course, it, seconds=0.25) for it in ("ada", "bob")]

    def change(files: dict[str, bytes]) -> None:
        result = json.loads(files[zipped.RESULT])
        for check in result["checks"][:2]:
            check["seconds"] += 0.7
        files[zipped.RESULT] = json.dumps(result).encode()

    files = [works[0].write(tmp_path), works[1].write(tmp_path, change)]

    for row in verify(files, course):
        assert "the same times" in str([*map(str, row.reasons)])


def test_the_original_counts(tmp_path: Path, course: Class) -> None:
    """Who copied evidence, and is refused for another reason, costs no one."""
    ada = Work.of(course, "ada")
    copied = Work.of(
        course, "bob", seconds=ada.seconds, run="12345678", nonce=ada.nonce
    )

    (one, other) = _found(tmp_path, course, ada, copied)

    assert one[0] == "warning"
    assert "which is a copy" in one[1][0]
    assert other[0] == "refused"


def test_evidence_with_a_neighbour_s_numbers(
    tmp_path: Path, course: Class
) -> None:
    """The numbers in it say whose it is."""
    ada = Work.of(course, "ada", seconds=0.25)
    pool = make_plan("ada", nonce=ada.nonce).pool_first
    ada = replace(ada, evidence=f"web has {pool}")
    bob = Work.of(course, "bob", seconds=0.25, evidence=ada.evidence)

    one, other = _found(tmp_path, course, ada, bob)

    assert one[0] == "warning"
    assert "which is a copy" in one[1][0]
    assert other[0] == "refused"
    assert (
        "the same times of its checks, to the millisecond, as ada"
        in other[1][0]
    )


def test_failed_alike(tmp_path: Path, course: Class) -> None:
    """Checks that are not made, or wait in vain, agree without a copy."""
    checks = [*load_lab("1").checks]
    works = [
        Work.of(course, it, failed=tuple(checks), seconds=seconds)
        for it, seconds in (("ada", 0.0), ("bob", 0.0))
    ]

    def waits(own: float) -> Callable[[dict[str, bytes]], None]:
        def change(files: dict[str, bytes]) -> None:
            result = json.loads(files[zipped.RESULT])
            for at, check in enumerate(result["checks"]):
                seconds = (4.014, own, own + 1)[at] if at < 3 else 0.001
                check["seconds"] = seconds
            files[zipped.RESULT] = json.dumps(result).encode()

        return change

    files = [
        work.write(tmp_path, waits(own))
        for work, own in zip(works, (0.55, 0.56), strict=True)
    ]

    for row in verify(files, course):
        assert "the same times" not in str([*map(str, row.reasons)])


def test_the_same_run(tmp_path: Path, course: Class) -> None:
    """A run has one student."""
    works = [Work.of(course, it, run="abcd1234") for it in ("ada", "bob")]

    for status, told in _found(tmp_path, course, *works):
        assert status == "refused"
        assert told[0].startswith("refused: the same run as")


def test_the_same_key(tmp_path: Path, course: Class) -> None:
    """One account on a classroom's computer, or one person for two."""
    works = [Work.of(course, it) for it in ("ada", "bob", "cyd")]

    for status, told in _found(tmp_path, course, *works, key="shared"):
        assert status == "warning"
        assert "signed with the same key as" in told[0]


def test_the_same_commands(tmp_path: Path, course: Class) -> None:
    """Spaces, and the student's own numbers, make no difference."""
    works = []
    for student, space in (("ada", " "), ("bob", "   ")):
        work = Work.of(course, student)
        pool = make_plan(student, nonce=work.nonce).pool
        line = f"k patch{space}pool {pool}"
        works.append(replace(work, typed=(*COMMANDS, line)))
    works.append(Work.of(course, "cyd"))

    one, other, third = _found(tmp_path, course, *works)

    assert one[0] == other[0] == "warning"
    assert one[1][0] == (
        "warning: the same commands as bob ('bob-lab-1.lab'), but for numbers"
    )
    assert third[0] == "verified"


def test_few_commands(tmp_path: Path, course: Class) -> None:
    """A repair of three lines is found by many."""
    works = [Work.of(course, it, typed=COMMANDS[:3]) for it in ("ada", "bob")]

    assert [it[0] for it in _found(tmp_path, course, *works)] == [
        "verified",
        "verified",
    ]


def test_the_same_changes(tmp_path: Path, course: Class) -> None:
    """The right repair leaves the same objects: it is noted, no more."""
    works = [Work.of(course, it) for it in ("ada", "bob")]

    for status, told in _found(tmp_path, course, *works):
        assert status == "verified"
        assert told[0].startswith("note: the same changes as")


def test_a_neighbour_s_numbers(tmp_path: Path, course: Class) -> None:
    """Who types another student's addresses has them from there."""
    ada = Work.of(course, "ada")
    pool = make_plan("ada", nonce=ada.nonce).pool
    copied = Work.of(course, "bob", pool=pool)

    one, other = _found(tmp_path, course, ada, copied)

    assert one[0] == "verified"
    assert other[0] == "warning"
    assert "which is in the plan of ada ('ada-lab-1.lab')" in other[1][0]


def test_made_up_numbers_accuse_nobody(tmp_path: Path, course: Class) -> None:
    """A plan that was refused has no addresses to be copied."""
    ada = Work.of(course, "ada", pool="1.2.3.4-1.2.3.9")
    bob = Work.of(course, "bob")
    files = [
        ada.write(tmp_path),
        bob.write(tmp_path, edited(zipped.PLAN, numbers={"x": "1.2.3.4"})),
    ]

    rows = verify(files, course)

    assert [row.status for row in rows] == ["verified", "refused"]


def test_twice(tmp_path: Path, course: Class) -> None:
    """Two files for one lab: the teacher chooses; other keys are told."""
    work = Work.of(course, "ada")

    for status, told in _found(tmp_path, course, work, work):
        assert status == "warning"
        assert "the same student and lab as 'ada-lab-1.lab'" in told[0]

    files = [
        work.write(tmp_path),
        Work.of(course, "ada", lab="2").write(tmp_path, key="other"),
    ]
    for row in verify(files, course):
        assert "signed with several keys" in str(row.reasons[-1])


@pytest.mark.parametrize("commands", [(), ("", " ", "ls")])
def test_nothing_to_compare(tmp_path: Path, commands: tuple[str, ...]) -> None:
    """What is empty is like nothing else."""

    def change(files: dict[str, bytes]) -> None:
        result = json.loads(files[zipped.RESULT])
        for check in result["checks"]:
            check["seconds"] = 0
        files[zipped.RESULT] = json.dumps(result).encode()
        files[zipped.DIFFERENCES] = b'{"version": 1}'

    sent = submission.read(Work(typed=commands).write(tmp_path, change))

    assert (typed(sent), differences(sent)) == ("", "")
    assert times(sent) == frozenset()


def test_thousands_of_numbers(tmp_path: Path) -> None:
    """A plan that nobody has is searched for nothing."""
    numbers = {f"x{at}": f"word{at}" for at in range(20_000)}

    def change(files: dict[str, bytes]) -> None:
        edited(zipped.PLAN, numbers=numbers)(files)
        files[zipped.TYPED] = b"```shell\n" + b"word1\n" * 100_000 + b"```\n"

    sent = submission.read(Work().write(tmp_path, change))

    assert typed(sent)
