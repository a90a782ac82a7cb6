"""What a seat runs of the kit, and what it does not."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.main import get_command

from graders.classroom.seats.verbs import (
    OVERVIEW,
    VERBS,
    environment,
    kit_command,
    kit_line,
)
from graders.cli.main import grade_app, lab_app
from graders.errors import UsageError
from tests.fuzzing import FUZZ

_WORDS = st.one_of(
    st.sampled_from(["lab", *VERBS, "--", "-x", "--student", "bob", "1"]),
    st.text(max_size=12),
)


@pytest.mark.parametrize(
    ("line", "rest"),
    [
        ("grade --full", ["--full"]),
        ("lab grade", []),
        ("start 1", ["start", "--", "1"]),
        ("lab start lab-1-pending-service", None),
        ("help why is it 'not there'", None),
        ("solution --give-up", ["solution", "--give-up"]),
        ("hint --help", ["hint", "--help"]),
    ],
)
def test_the_kits_commands(line: str, rest: list[str] | None) -> None:
    """With `lab` or without."""
    words = kit_line(line)
    assert words
    command = kit_command(words)

    assert command
    program = "grade" if command.verb == "grade" else "lab"
    assert command.argv[0].endswith(f"/{program}")
    assert rest is None or list(command.argv[1:]) == rest


@pytest.mark.parametrize(
    "line",
    [
        "grade --student bob",
        "grade --student=bob",
        "grade --html /etc/passwd",
        "grade --junit=x",
        "grade bob",
        "start",
        "start ../lab-1",
        "start 1 --variant no-pool",
        "start 1 2",
        "submit --output /home/seat-bob/.ssh/authorized_keys",
        "submit --repair /etc/shadow",
        "submit --edit",
        "ticket /etc/shadow",
        "ticket --remove",
        "shell router -c id",
        "list --variants",
        "quiz ../../etc/passwd",
        "help --student bob",
        "lab down",
        "lab purge",
        "lab up",
        "lab class report",
        "lab engine stop --force",
        "lab images get",
        "lab capture router",
    ],
)
def test_what_is_refused(line: str) -> None:
    """Other students, files, faults, editors, and what is the teacher's."""
    with pytest.raises(UsageError):
        kit_command(line.split())


@FUZZ
@given(st.lists(_WORDS, max_size=6))
def test_no_word_of_a_student_is_an_option(words: list[str]) -> None:
    """Only those that are listed reach the kit, whatever is typed."""
    try:
        command = kit_command(words)
    except UsageError:
        return
    if command is None:
        return
    options, dashes, operands = (*command.argv[1:], "--"), "--", []
    at = options.index(dashes)
    operands = list(options[at + 1 :])
    allowed = {*VERBS[command.verb].options, "--help", command.verb}
    assert set(options[:at]) <= allowed
    assert len([it for it in operands if it != "--"]) <= 60


@pytest.mark.parametrize(
    "line",
    [
        "kubectl get pods",
        "lab list | grep bgp",
        "grade; rm -rf ~",
        "grade > file",
        "start $(id)",
        "grade\nid",
        "",
        "labs",
    ],
)
def test_other_lines_are_for_the_shell(line: str) -> None:
    """The shell is in the sandbox, and may read what it likes."""
    assert kit_line(line) is None


def test_quotes_that_do_not_match() -> None:
    """It is said, and nothing is run."""
    with pytest.raises(UsageError, match="could not read the command"):
        kit_line("help 'why")


@pytest.mark.parametrize("line", [["lab"], ["--help"], ["lab", "--help"]])
def test_the_overview(line: list[str]) -> None:
    """It names every command that a seat has."""
    assert kit_command(line) is None
    assert all(f"lab {verb}" in OVERVIEW or verb == "grade" for verb in VERBS)


def test_the_kit_has_these_commands() -> None:
    """With these options."""
    group = get_command(lab_app)
    grade = get_command(grade_app)
    for name, verb in VERBS.items():
        command = (
            grade if name == "grade" else getattr(group, "commands", {})[name]
        )
        known = {it for param in command.params for it in param.opts}
        assert set(verb.options) <= known, name


def test_no_program_opens_a_shell() -> None:
    """A pager, and an editor, would do so as the kit's account."""
    found = environment("ada", "xterm")

    assert found["STUDENT"] == "ada"
    assert {found[it] for it in ("PAGER", "MANPAGER")} == {"cat"}
    assert {found[it] for it in ("EDITOR", "VISUAL")} == {"false"}
