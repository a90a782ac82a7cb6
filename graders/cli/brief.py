"""`lab brief`."""

from __future__ import annotations

import contextlib
import os
import sys
from typing import TYPE_CHECKING

import typer

from graders.cli.common import Student, command_context, print_lines
from graders.errors import printable

if TYPE_CHECKING:
    from graders.course.lab import Lab
    from graders.plan.plan import Plan


def brief(student: Student = "demo") -> None:
    """Show the brief of the running lab."""
    from graders.providers.registry import provider
    from graders.state.current import current_lab

    with command_context("lab brief", student):
        plan = provider().locate(student).plan
        show_brief(plan, current_lab(plan)[0], paged=sys.stdout.isatty())


def show_first_screen(plan: Plan, lab: Lab) -> None:
    """Print a lab's brief in short: what fits on one screen.

    Raises:
        UsageError: the brief names a number that the plan does not have.

    """
    from graders.course.first_screen import first_screen
    from graders.course.rules.texts import brief_text
    from graders.course.templates import names

    brief = brief_text(lab, names(plan))
    head, *lines = first_screen(lab, brief, plan.student)
    typer.secho(printable(head), bold=True)
    print_lines(lines)


def show_brief(plan: Plan, lab: Lab, *, paged: bool = False) -> None:
    """Print a lab's brief with the student's numbers, by PAGER if `paged`.

    Raises:
        UsageError: the brief names a number that the plan does not have.

    """
    from graders.course.rules.texts import brief_text
    from graders.course.templates import names

    print_markdown(brief_text(lab, names(plan)), paged=paged)


def print_markdown(markdown: str, *, paged: bool) -> None:
    """Print Markdown for people, by PAGER if `paged`."""
    from rich.markdown import Markdown

    from graders.console import Terminal

    terminal = Terminal()
    text = Markdown(markdown)
    # less shows colours, and does not stop where one screen is enough.
    os.environ.setdefault("LESS", "-FRX")
    with terminal.pager(styles=True) if paged else contextlib.nullcontext():
        terminal.print(text)
