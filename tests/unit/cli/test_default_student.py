"""Whose lab a command is about if nobody was named."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import typer
from typer.testing import CliRunner

from graders.cli.common import Student  # noqa: TC001 - typer reads it
from graders.settings import state_dir
from tests.tickets import install

if TYPE_CHECKING:
    from typer.testing import Result

app = typer.Typer()


@app.callback()
def _root() -> None:
    """Have verbs."""


@app.command()
def start(student: Student = "demo") -> None:
    """Make a lab."""
    typer.echo(student)


@app.command()
def status(student: Student = "demo") -> None:
    """Look at a lab."""
    typer.echo(student)


pytestmark = pytest.mark.usefixtures("base")


def _typed(*argv: str) -> Result:
    return CliRunner().invoke(app, argv, prog_name="lab")


def _has_lab(student: str) -> None:
    folder = state_dir(student)
    folder.mkdir(parents=True)
    (folder / "kubeconfig").touch()


def test_demo_without_a_ticket() -> None:
    """Nothing has changed for who is in no class."""
    assert _typed("status").stdout == "demo\n"


@pytest.mark.parametrize("verb", ["start", "status"])
def test_who_has_the_ticket(verb: str) -> None:
    """The ticket's student counts, not that of the module's examples."""
    install("ada")

    assert _typed(verb).stdout == "ada\n"


def test_a_name_that_is_given_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    """By option or by variable, also demo."""
    install("ada")

    assert _typed("status", "--student", "demo").stdout == "demo\n"
    monkeypatch.setenv("STUDENT", "bob")
    assert _typed("status").stdout == "bob\n"


def test_an_empty_variable_names_nobody(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """`make` without STUDENT may export it empty."""
    install("ada")
    monkeypatch.setenv("STUDENT", "")

    assert _typed("status").stdout == "ada\n"


def test_two_tickets_need_a_name() -> None:
    """The error names both; nobody is chosen by chance."""
    install("ada")
    install("bob")

    done = _typed("status")

    assert done.exit_code == 2
    assert done.stderr == (
        "lab: there are class tickets of ada, bob; say whose lab is meant:"
        " --student or STUDENT\n"
    )
    assert _typed("status", "--student=bob").stdout == "bob\n"


def test_demo_s_lab_stays_until_another_is_made() -> None:
    """What was started before the ticket came is graded; it is told."""
    _has_lab("demo")
    install("ada")

    done = _typed("status")

    assert done.stdout == "demo\n"
    assert "without the class ticket of ada" in done.stderr
    done = _typed("start")
    assert done.stdout == "ada\n"
    assert "`STUDENT=demo lab down` removes it" in done.stderr
    _has_lab("ada")
    assert _typed("status").stdout == "ada\n"
