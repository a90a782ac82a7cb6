"""`lab brief`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from graders.cli.common import Student, command_context

if TYPE_CHECKING:
    from graders.course.lab import Lab
    from graders.plan.plan import Plan


def brief(student: Student = "demo") -> None:
    """Show the brief of the running lab."""
    from graders.providers.registry import provider
    from graders.state.current import current_lab

    with command_context("lab brief", student):
        plan = provider().locate(student).plan
        show_brief(plan, current_lab(plan)[0])


def show_brief(plan: Plan, lab: Lab) -> None:
    """Print a lab's brief with the student's numbers.

    Raises:
        UsageError: the brief names a number that the plan does not have.

    """
    from jinja2 import Environment, StrictUndefined, TemplateError
    from rich.markdown import Markdown

    from graders.console import Terminal
    from graders.course.templates import names
    from graders.errors import UsageError

    file = lab.folder / "README.md"
    render = Environment(undefined=StrictUndefined, autoescape=False)  # noqa: S701 - Markdown for a terminal, not HTML
    try:
        text = render.from_string(file.read_text(encoding="utf-8")).render(
            names(plan)
        )
    except TemplateError as error:
        raise UsageError(f"{file}: {error}") from error
    Terminal().print(Markdown(text))
