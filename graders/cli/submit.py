"""`lab submit`."""

from __future__ import annotations

import os
import shlex
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from graders.cli.common import Student, command_context, echo
from graders.errors import CannotCheck, UsageError, printable

if TYPE_CHECKING:
    from graders.classroom.repair import Repair
    from graders.plan.plan import Plan


def submit(  # noqa: PLR0913, PLR0917 - options of a command
    output: Annotated[
        str,
        typer.Option(
            metavar="FILE", help="Write this file; by default NAME-lab-1.lab."
        ),
    ] = "",
    show: Annotated[
        bool,
        typer.Option("--show", help="Print the repair, and write no file."),
    ] = False,
    edit: Annotated[
        bool,
        typer.Option("--edit", help="Edit what was typed before it is sent."),
    ] = False,
    repair: Annotated[
        str,
        typer.Option(
            metavar="FILE", help="A walkthrough in place of what was recorded."
        ),
    ] = "",
    full: Annotated[
        bool,
        typer.Option(
            "--full", help="Grade by isolating a node, too: a minute."
        ),
    ] = False,
    student: Student = "demo",
) -> None:
    """Grade the running lab, and write the file to hand in."""
    with command_context("lab submit", student, locked=not show):
        if show:
            _show(student, repair)
        else:
            _submit(student, _Choices(output, repair, edit, full))


@dataclass(frozen=True)
class _Choices:
    """The options of one call."""

    output: str
    repair: str
    edit: bool
    full: bool


def _submit(student: str, choices: _Choices) -> None:
    """Grade, collect the repair, and write the file."""
    from graders.classroom.hand_in import Run, hand_in
    from graders.classroom.repair import collect
    from graders.cli.grade import grade_lab
    from graders.cli.journal_note import note
    from graders.providers.registry import provider
    from graders.state.current import require_complete
    from graders.state.journal import SUBMIT

    plan = provider().locate(student).plan
    lab, _ = require_complete(plan)
    written = _written(plan, lab.id, choices)
    result, _ = grade_lab(
        student, as_json=False, full=choices.full or _was_full(plan)
    )
    lab, state = require_complete(plan)
    found = collect(plan, lab.id, written)
    note(plan, state, SUBMIT, {})
    file = Path(choices.output or f"{student}-lab-{lab.number}.lab")
    hand_in(file, Run(plan, lab, state, result), found)
    _tell(file, found, f"{result.points} of {result.total} points")


def _tell(file: Path, repair: Repair, points: str) -> None:
    for problem in repair.problems:
        echo(f"lab: {problem}")
    size = max(1, round(file.stat().st_size / 1000))
    typer.echo(f"{file}: {points}, {_amount(repair)}, {size} KB; hand it in")


def _amount(repair: Repair) -> str:
    """Return in words how much there is of a repair."""
    from graders.course.walkthrough import typed_blocks

    blocks = typed_blocks(repair.typed, "repair")
    objects = repair.differences.objects
    counts = (
        (sum(len(one.lines) for one in blocks), "line", "typed"),
        (len(objects.apply) + len(objects.delete), "object", "changed"),
        (len(repair.differences.machines), "machine", "changed"),
    )
    return ", ".join(
        f"{count} {noun}{'' if count == 1 else 's'} {verb}"
        for count, noun, verb in counts
    )


def _show(student: str, repair: str) -> None:
    """Print both forms of the repair."""
    from graders.classroom.repair import collect
    from graders.providers.registry import provider
    from graders.state.current import require_complete

    plan = provider().locate(student).plan
    lab, _ = require_complete(plan)
    found = collect(plan, lab.id, _read(repair) if repair else None)
    for problem in found.problems:
        echo(f"lab: {problem}")
    text = f"{found.typed}\n# What differs\n\n{_differences(found)}"
    typer.echo(printable(text, keep="\n\t"))


def _differences(repair: Repair) -> str:
    """Return what differs, as YAML for a person."""
    import yaml

    document = repair.differences.model_dump(by_alias=True)
    return yaml.safe_dump(document, sort_keys=False).rstrip()


def _written(plan: Plan, lab: str, choices: _Choices) -> str | None:
    """Return the text that takes the place of the recording, None for none."""
    from graders.classroom.repair import recorded
    from graders.course.walkthrough import typed_blocks

    text = _read(choices.repair) if choices.repair else None
    if choices.edit:
        if text is None:
            text, problems = recorded(plan, lab)
            for problem in problems:
                echo(f"lab: {problem}")
        text = _edited(text)
    if text is not None:
        typed_blocks(text, choices.repair or "repair")
    return text


def _read(name: str) -> str:
    from graders.classroom.zipped import LIMIT
    from graders.files import read_text

    try:
        return read_text(Path(name), LIMIT)
    except (OSError, ValueError) as error:
        cause = error.strerror if isinstance(error, OSError) else error
        raise UsageError(f"could not read {name}: {cause}") from None


def _edited(text: str) -> str:
    """Return a text as a person has edited it."""
    words = os.environ.get("VISUAL") or os.environ.get("EDITOR") or "vi"
    with tempfile.TemporaryDirectory(prefix="lab-submit-") as folder:
        file = Path(folder) / "repair.md"
        file.write_text(text, encoding="utf-8", errors="replace")
        argv = [*shlex.split(words), str(file)]
        if os.spawnvp(os.P_WAIT, argv[0], argv):
            raise UsageError(
                f"{words} ended with an error, so nothing was handed in",
                remedy="set EDITOR to an editor; or write a file, and name it"
                " with --repair",
            )
        return _read(str(file))


def _was_full(plan: Plan) -> bool:
    """Tell whether the last grade of this run was one with --full."""
    from graders.state import journal

    try:
        entries = journal.parse(journal.read(plan))
    except (CannotCheck, ValueError):
        return False
    grades = [one for one in entries if one.event == journal.GRADE]
    return bool(grades) and grades[-1].data.get("full") is True
