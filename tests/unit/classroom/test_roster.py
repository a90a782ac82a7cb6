"""Rosters as spreadsheets and learning platforms write them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graders.classroom.roster import read_roster, student_name, to_csv
from graders.errors import UsageError
from graders.plan.networks import check_student
from tests.fuzzing import FUZZ

if TYPE_CHECKING:
    from pathlib import Path


def _read(folder: Path, content: str | bytes) -> list[tuple[str, str, str]]:
    """Return student, name and e-mail of each line."""
    file = folder / "r.csv"
    file.write_bytes(
        content if isinstance(content, bytes) else content.encode()
    )
    return [(it.student, it.name, it.email) for it in read_roster(file)]


def _problems(folder: Path, content: str | bytes) -> list[str]:
    """Return what is told, without the folder; the last is the remedy."""
    with pytest.raises(UsageError) as caught:
        _read(folder, content)
    return [line.removeprefix(f"{folder}/") for line in caught.value.problems]


ADA = ("ada", "Ada Lovelace", "ada@example.org")


@pytest.mark.parametrize(
    "content",
    [
        "login,name,email\nada,Ada Lovelace,ada@example.org\n",
        "login;name;email\r\nada;Ada Lovelace;ada@example.org\r\n",
        "login\tname\temail\rada\tAda Lovelace\tada@example.org\r",
        "\ufefflogin,name,email\nada,Ada Lovelace,ada@example.org",
        "sep=;\nlogin;name;email\nada;Ada Lovelace;ada@example.org\n",
        "\n;;\nE-Mail; LOGIN ;Name\n\nada@example.org;ada;Ada Lovelace\n;;\n",
        'email,"name",login,grade\n ada@example.org , Ada  Lovelace,ada,1\n',
        "First name,Surname,Email address\nAda,Lovelace,ada@example.org\n",
        "Student,ID,SIS Login ID,Email\nAda Lovelace,7,ada,ada@example.org\n",
        "login,name,email\nada,Ada Lovelace,ada@example.org\n".encode(
            "utf-16"
        ),
        "student,login,name,email\nada,x@y,Ada Lovelace,ada@example.org\n",
    ],
)
def test_every_writer(tmp_path: Path, content: str | bytes) -> None:
    """However it was written, it names the same student."""
    assert _read(tmp_path, content) == [ADA]


def test_names_of_the_world(tmp_path: Path) -> None:
    """Names are kept as people write them; logins become plain."""
    text = "login,name\nJürgen_Müller@uni.de,Jürgen Müller\nœ-Łukasz2,李\n"

    assert _read(tmp_path, text) == [
        ("jurgen-muller", "Jürgen Müller", ""),
        ("ukasz2", "李", ""),
    ]


def test_a_name_is_not_needed(tmp_path: Path) -> None:
    """A list of logins will do."""
    assert _read(tmp_path, "login\nada\n") == [("ada", "ada", "")]


def test_it_is_read_as_it_was_kept(tmp_path: Path) -> None:
    """The class's own copy is a roster again."""
    file = tmp_path / "r.csv"
    file.write_text('login,name\nA.B@c.d,"B, ""A"""\n', encoding="utf-8")
    entries = read_roster(file)

    file.write_text(to_csv(entries), encoding="utf-8")

    again = read_roster(file)
    assert [(it.student, it.login, it.name) for it in again] == [
        (it.student, it.login, it.name) for it in entries
    ]


def test_all_problems_at_once(tmp_path: Path) -> None:
    """Each has its line; duplicates name the other one."""
    told = _problems(
        tmp_path,
        "login,name\n"
        "ada,Ada\n"
        "ADA@x.org,Ada again\n"
        ",Nobody\n"
        "demo,D\n"
        "the-router,R\n"
        "Lovelace,Ada,Countess\n"
        f"{'x' * 30},X\n"
        "ada,Ada\n"
        "bob,a\x07b\n"
        "???,Q\n",
    )

    assert [line.split(": ")[0] for line in told] == [
        f"r.csv:{number}" for number in (4, 5, 6, 7, 8, 10, 11, 3, 9)
    ]
    assert "the same name for a lab, ada, as 'ada' in line 2" in told[-2]
    assert "column student" in told[-2]
    assert "column student" not in told[-1]
    assert "double quotes" in told[3]


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("", "r.csv: it is empty"),
        ("\n ; ;\n", "r.csv: it is empty"),
        ("login,name\n", "r.csv: it names no students"),
        ("ada,Ada\n", "r.csv:1: expected a column login, not only: ada, Ada"),
        ("login,login\na,b\n", "r.csv:1: column login is there twice"),
        (b"PK\x03\x04...", "r.csv: it is a spreadsheet, and no CSV file"),
        ("login,name\nj,J\xfcrgen\n".encode("latin-1"), "r.csv:2: no UTF-8"),
        ("login\na\0b\n", "r.csv: it has characters that no text has"),
        (b"\xff\xfel", "r.csv: it is not text in UTF-16"),
        ('login,name\nada,"Ada\nbob,Bob\n', "r.csv:2: no line of a CSV file"),
        ("login\n" + "a" * 200_000, "r.csv:2: no line of a CSV file"),
        ("login\n" + "a" * 2_000_000, "r.csv: it is larger than 1000 KB"),
    ],
)
def test_what_is_no_roster(
    tmp_path: Path, content: str | bytes, told: str
) -> None:
    """The reason is told with the line, if there is one."""
    assert _problems(tmp_path, content)[0].startswith(told)


def test_no_file(tmp_path: Path) -> None:
    """It is told as any other problem."""
    with pytest.raises(UsageError, match="No such file"):
        read_roster(tmp_path / "none.csv")


def test_thousands_of_problems(tmp_path: Path) -> None:
    """Fifty are told, and how many more there are."""
    told = _problems(tmp_path, "login\n" + "-\n" * 3000)

    assert len(told) == 51
    assert told[-1] == "r.csv: 2950 more lines are wrong"


@given(login=st.text())
def test_a_name_made_of_a_login(login: str) -> None:
    """It is allowed, too long, reserved, or empty; never anything else."""
    name = student_name(login)

    if name:
        with_letter = f"a{name}a"[:20].strip("-")
        check_student(with_letter)


@FUZZ
@given(content=st.binary(max_size=400))
def test_any_file(
    tmp_path_factory: pytest.TempPathFactory, content: bytes
) -> None:
    """It is a roster, or the reason is told."""
    folder = tmp_path_factory.mktemp("roster")
    file = folder / "r.csv"
    for start in (b"", b"login,name\n", b"\xff\xfe"):
        file.write_bytes(start + content)
        try:
            assert read_roster(file)
        except UsageError:
            continue
