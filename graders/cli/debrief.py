"""Print the debrief after a solved grade."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from graders.cli.common import echo, print_lines
from graders.cli.progress_note import effort, known_runs, next_lab
from graders.course.entries import LABEL, entry
from graders.errors import KitError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from graders.course.debrief import Command, Debrief, Turn
    from graders.course.lab import Lab
    from graders.grading.progress import Run
    from graders.plan.plan import Plan
    from graders.state.lab_state import State

# More of them are in the walkthrough.
_MOST_TURNS: Final = 3


def show_debrief(
    plan: Plan, lab: Lab, state: State, run: Run | None = None
) -> None:
    """Print what the fault was, how it is found, and what to play next.

    A mistake in a solution must not look like one of the student's.
    """
    from graders.course.debrief import debrief
    from graders.course.templates import names

    try:
        about = debrief(lab, state.variant, names(plan))
    except KitError as error:
        echo(f"lab: no debrief: {error}")
        return
    lines = ["", *_lines(about), *_effort(run), *_next(lab, plan.student)]
    print_lines(lines)


def _lines(about: Debrief) -> Iterator[str]:
    yield from entry("What it was", f"{about.fault} Layer: {about.layer}.")
    yield from _commands(about.found_by)
    yield from _turns("Also right", about.other)
    yield from _turns("Wrong turns", about.wrong)


def _commands(commands: tuple[Command, ...]) -> Iterator[str]:
    """Yield the commands; they are not wrapped, so that they can be copied."""
    from graders.course.debrief import place_name

    label = "Found by"
    for text, place in commands:
        where = f"   (on {place_name(place)})" if place else ""
        yield f"{label:{LABEL}}{text}{where}"
        label = ""


def _turns(label: str, turns: tuple[Turn, ...]) -> Iterator[str]:
    for title, reason in turns[:_MOST_TURNS]:
        yield from entry(label, f"- {title}: {_plain(reason)}", under=2)
        label = ""
    more = len(turns) - _MOST_TURNS
    if more > 0:
        yield from entry("", f"- {more} more: lab solution")


def _effort(run: Run | None) -> Iterator[str]:
    if run is None:
        return
    gave_up = ", after the solution was shown" if run.gave_up else ""
    yield from entry("You", f"{effort([run])}{gave_up}.")


def _next(lab: Lab, student: str) -> Iterator[str]:
    """Yield what to play and what to read next."""
    following = next_lab(known_runs(student), after=lab.number)
    yield from entry("Next", f"{following}.")
    yield from entry("", "lab solution shows the whole walkthrough.")


def _plain(markdown: str) -> str:
    return markdown.replace("`", "")
