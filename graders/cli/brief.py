"""A lab's brief on the terminal, with the student's own numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jinja2 import Environment, StrictUndefined, TemplateError
from rich.markdown import Markdown

from graders.console import Terminal
from graders.course.templates import names
from graders.errors import UsageError

if TYPE_CHECKING:
    from graders.course.lab import Lab
    from graders.plan.plan import Plan


def show_brief(plan: Plan, lab: Lab) -> None:
    """Print a lab's brief with the student's numbers.

    Raises:
        UsageError: the brief names a number that the plan does not have.

    """
    file = lab.folder / "README.md"
    render = Environment(undefined=StrictUndefined, autoescape=False)  # noqa: S701 - Markdown for a terminal, not HTML
    try:
        text = render.from_string(file.read_text(encoding="utf-8")).render(
            names(plan)
        )
    except TemplateError as error:
        raise UsageError(f"{file}: {error}") from error
    Terminal().print(Markdown(text))
